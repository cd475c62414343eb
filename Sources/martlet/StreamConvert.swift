import ArgumentParser
import Workbench

/// `martlet stream convert`.
struct StreamConvert: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Write a stream in another layout: sequential or mapped-ram.",
        discussion: """
            The result is a file that a destination can load: each page once, in order. Captures of every kind can be
            converted (multifd, postcopy, XBZRLE, compressed). A destination needs the capability mapped-ram for the one
            layout, and compress for pages that are packed with --compress.

            EXAMPLES
              martlet stream convert --to mapped-ram -o vm.mapped vm.stream
              martlet stream convert --to sequential -o vm.stream ch0.out ch1.out ch2.out
            """)

    enum Layout: String, ExpressibleByArgument, CaseIterable {
        case sequential
        case mappedRAM = "mapped-ram"
    }

    @OptionGroup var files: StreamFiles
    @Option(help: "The layout.")
    var to: Layout
    @Option(help: "Pack pages with zlib, at this level of 0 to 9; for QEMU before 9.1.")
    var compress: Int32?
    @Option(name: .shortAndLong, help: "The file to write.")
    var output: String

    func validate() throws {
        guard let compress else { return }
        guard (0...9).contains(compress) else { throw ValidationError("--compress takes 0 to 9") }
        guard to == .sequential else { throw ValidationError("mapped-ram has no packed pages") }
    }

    func run() throws {
        let capture = try files.open()
        let file = try OutputFile(path: output)
        var progress = StreamProgress(capture)
        defer { progress.end() }
        let layout: StreamConverter.Layout =
            to == .mappedRAM ? .mappedRAM : .sequential(compressLevel: compress)
        try StreamConverter.convert(StreamEventReader(capture.capture), to: layout, file) { _ in
            progress.step()
        }
    }
}
