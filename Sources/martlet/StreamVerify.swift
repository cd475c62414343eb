import ArgumentParser
import QAPI
import Workbench

/// `martlet stream verify`.
struct StreamVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract:
            "Check a stream: each byte belongs to something, and a destination would have all it needs.",
        discussion: "The exit status is 0 for a good stream, 1 for a damaged one.")

    @OptionGroup var files: StreamFiles
    @Flag(help: "Print the outcome as JSON.")
    var json = false

    func run() throws {
        let capture = try files.open()
        var progress = StreamProgress(capture)
        let outcome = StreamVerifier.verify(StreamEventReader(capture.capture)) { _ in progress.step() }
        progress.end()
        if json {
            let problems = JSONValue.array(outcome.problems.map(\.json))
            let result: JSONValue = [
                "good": .bool(outcome.isGood), "bytes": JSONValue(outcome.bytes),
                "accounted-bytes": JSONValue(outcome.accountedBytes), "pages": JSONValue(outcome.pages),
                "devices": .integer(Int64(outcome.devices)), "problems": problems,
                "problems-left-out": .integer(Int64(outcome.problemsLeftOut)),
            ]
            print(result)
        } else {
            for problem in outcome.problems { print("\(problem)") }
            if outcome.problemsLeftOut > 0 { print("and \(outcome.problemsLeftOut) more") }
            print(
                "\(outcome.isGood ? "good" : "damaged"): \(outcome.accountedBytes) of \(outcome.bytes) bytes accounted for, "
                    + "\(outcome.pages) pages, \(outcome.devices) devices")
        }
        if !outcome.isGood { throw ExitCode(1) }
    }
}
