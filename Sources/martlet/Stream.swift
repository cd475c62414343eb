import ArgumentParser
import Bytes
import Glibc
import MigrationStream
import Workbench

/// `martlet stream`: the workbench for migration streams. Needs no guest.
struct Stream: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at migration streams, check them, compare them, take things out of them.",
        discussion: """
            FILE is a recorded stream: what a migration to file:PATH or exec:'cat >PATH' leaves, a capture of a socket,
            a mapped-ram file, a qcow2 image with a state that savevm has saved; '-' is standard input. Streams packed
            with zstd are unpacked. The files of a migration with several channels (multifd, postcopy-preempt, the return
            path) are named together, in any order: each is known by its first bytes.

            EXAMPLES
              martlet stream inspect vm.stream
              martlet stream inspect --snapshot before-upgrade disk.qcow2
              martlet stream verify ch0.out ch1.out ch2.out
              martlet stream inspect --json vm.stream | jq '.devices[].name'
              martlet stream diff before.stream after.stream
              martlet stream extract --core -o vm.core vm.stream
              martlet stream convert --to mapped-ram -o vm.mapped vm.stream
            """,
        subcommands: [
            StreamInspect.self, StreamVerify.self, StreamDiff.self, StreamExtract.self, StreamConvert.self,
        ])
}

/// The files of one capture, as arguments.
struct StreamFiles: ParsableArguments {
    @Argument(help: ArgumentHelp("The stream; all files of its channels.", valueName: "file"))
    var files: [String]
    @Option(help: "Bytes of the file before the stream begins.")
    var offset: UInt64 = 0
    @Option(help: "Of a qcow2 image: the snapshot whose state to read, by id or name.")
    var snapshot: String?

    func open() throws -> OpenCapture { try OpenCapture(files, offset: offset, snapshot: snapshot) }
}

/// A capture's open files, and how far they are read.
struct OpenCapture {
    let capture: StreamCapture
    private let sources: [FileSource]
    private let total: UInt64?

    init(_ paths: [String], offset: UInt64 = 0, snapshot: String? = nil) throws {
        var capture: StreamCapture?
        var others: [(StreamCapture.Kind, any ByteSource)] = []
        var sources: [FileSource] = []
        for path in paths {
            let (file, source, start) = try Self.open(path, offset: offset, snapshot: snapshot)
            sources.append(file)
            let kind = paths.count == 1 ? .main : StreamCapture.kind(of: start)
            if kind == .main {
                guard capture == nil else {
                    throw ValidationError("two of the files are main channels; name the files of one capture")
                }
                capture = StreamCapture(main: source, offset: offset)
            } else {
                others.append((kind, source))
            }
        }
        guard var capture else { throw ValidationError("none of the files is a main channel") }
        for (kind, source) in others {
            switch kind {
            case .multifd: capture.multifd.append(source)
            case .preempt: capture.preempt = source
            case .returnPath: capture.returnPath = source
            case .main: break
            }
        }
        self.capture = capture
        self.sources = sources
        let sizes = sources.compactMap(\.size)
        total = sizes.count == sources.count ? sizes.reduce(0, +) : nil
    }

    /// A file, unpacked if it is packed, and its first bytes.
    private static func open(
        _ path: String, offset: UInt64, snapshot: String?
    ) throws -> (FileSource, any ByteSource, [UInt8]) {
        let file = try FileSource(path: path, offset: offset)
        let start = StartedSource(file)
        let first = try start.peek(64)
        if first.starts(with: Qcow2Image.magic) {
            let state = try Self.state(in: file, path, snapshot)
            return (file, state, try state.peek(64))
        }
        guard first.starts(with: UnpackingSource.magic) else { return (file, start, first) }
        guard let unpacked = UnpackingSource(start) else { fail("no memory to unpack '\(path)'") }
        let inner = StartedSource(unpacked)
        return (file, inner, try inner.peek(64))
    }

    /// The state of the snapshot that was asked for, or of the only one.
    private static func state(
        in file: FileSource, _ path: String, _ name: String?
    ) throws -> StartedSource {
        guard file.size != nil else { fail("a qcow2 image has to be a file, not a pipe") }
        let image = try Qcow2Image(file)
        let states = image.snapshots.filter { $0.stateSize > 0 }
        let found = states.filter { name == nil || $0.id == name || $0.name == name }
        guard found.count == 1 else {
            let list = states.map { "'\($0.name)' (id \($0.id))" }.joined(separator: ", ")
            throw ValidationError(
                states.isEmpty
                    ? "'\(path)' holds no state of a machine: none of its snapshots was made by savevm"
                    : "name one of the states in '\(path)' with --snapshot: \(list)")
        }
        return StartedSource(image.state(of: found[0]))
    }

    /// Bytes read of all files, and of how many; nil when that is not known.
    var position: (UInt64, UInt64?) { (sources.reduce(0) { $0 + $1.position }, total) }
}

/// A progress bar on standard error, when that is a terminal.
struct StreamProgress {
    private let capture: OpenCapture
    private let isShown = isatty(2) == 1
    private let clock = ContinuousClock()
    private var next: ContinuousClock.Instant
    private var start: ContinuousClock.Instant
    private var events = 0

    init(_ capture: OpenCapture) {
        self.capture = capture
        start = clock.now
        next = start + .milliseconds(300)
    }

    /// Shows how far it is, ten times a second.
    mutating func step() {
        guard isShown else { return }
        events &+= 1
        guard events & 1023 == 0, clock.now >= next else { return }
        next = clock.now + .milliseconds(100)
        let (position, total) = capture.position
        let seconds = Double((clock.now - start) / .nanoseconds(1)) / 1e9
        var text = "\(position >> 20) MiB, \(Int(Double(position) / seconds / 1e6)) MB/s"
        if let total, total > 0 {
            let full = Int(min(position, total) * 28 / total)
            text =
                "[\(String(repeating: "#", count: full))\(String(repeating: ".", count: 28 - full))] \(text)"
        }
        put("\r\u{1b}[K\(text)")
    }

    /// Takes the bar away.
    func end() { if isShown { put("\r\u{1b}[K") } }

    private func put(_ text: String) { unsafe _ = write(2, text, text.utf8.count) }
}
