import ArgumentParser
import QAPI
import Workbench

/// `martlet stream diff`.
struct StreamDiff: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Compare the guests of two streams: RAM page by page, devices field by field.",
        discussion: """
            How the guests were sent is not compared: a multifd capture and a mapped-ram file of one guest are the same.
            Files of one capture are joined with commas. The exit status is 0 for the same guest, 1 for another.

            EXAMPLE
              martlet stream diff before.stream ch0.out,ch1.out,ch2.out
            """)

    @Argument(help: "The one stream.")
    var left: String
    @Argument(help: "The other stream.")
    var right: String
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let difference = try StreamDifference(guest(left), guest(right))
        print(json ? difference.json.description : difference.text)
        if !difference.isEmpty { throw ExitCode(1) }
    }

    private func guest(_ files: String) throws -> StreamDifference.Guest {
        let capture = try OpenCapture(files.split(separator: ",").map(String.init))
        var progress = StreamProgress(capture)
        defer { progress.end() }
        return try StreamDifference.Guest(StreamEventReader(capture.capture)) { _ in progress.step() }
    }
}
