import ArgumentParser
import QAPI
import Workbench

/// `martlet stream inspect`.
struct StreamInspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what a stream holds.",
        discussion: """
            The configuration, RAM by block and kind of page, sections and commands in their order, devices with their
            fields by name, multifd packets, the return path. What is damaged ends the report, and the exit status is 1.
            Documentation/StreamJSON.md describes the output of --json.
            """)

    @OptionGroup var files: StreamFiles
    @Flag(help: "Print JSON.")
    var json = false
    @Flag(help: "Leave out the fields of devices (text only).")
    var summary = false

    func run() throws {
        let capture = try files.open()
        var progress = StreamProgress(capture)
        let report = StreamInspector.report(StreamEventReader(capture.capture)) { _ in progress.step() }
        progress.end()
        print(json ? report.json.description : report.text(withFields: !summary))
        if report.failure != nil { throw ExitCode(1) }
    }
}
