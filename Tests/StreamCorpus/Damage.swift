package import Bytes
package import MigrationStream
import VMState
package import Workbench

/// A stream with one thing wrong. What is said about it stands in Tests/Fixtures/damaged/streams.txt.
package struct Damage: CustomStringConvertible, Sendable {
    /// Who is to find it.
    package enum Reader: Sendable {
        /// A destination, as its stream comes: it takes plain RAM and one device.
        case destination
        /// `martlet stream verify`.
        case workbench
    }

    package var name: String
    package var reader = Reader.destination
    package var main: [UInt8]
    package var multifd: [[UInt8]] = []
    package var preempt: [UInt8]?
    package var returnPath: [UInt8]?

    package var description: String { name }

    package init(_ name: String, _ write: (inout ByteWriter) -> Void) {
        self.name = name
        var writer = ByteWriter()
        write(&writer)
        main = writer.bytes
    }

    package init(_ name: String, main: [UInt8], reader: Reader = .workbench) {
        self.name = name
        self.main = main
        self.reader = reader
    }

    /// All of them; no two have the same name.
    package static var all: [Damage] {
        configurationDamages + itemDamages + listDamages + recordDamages + deviceDamages + orderDamages
            + cutDamages + recordKindDamages + mappedDamages + multifdDamages + returnPathDamages
            + descriptionDamages + liveDamages
    }

    /// The files of its channels.
    package var channels: [[UInt8]] {
        [main] + multifd + [preempt, returnPath].compactMap { $0 }
    }

    package var capture: StreamCapture {
        var capture = StreamCapture(main: ArraySource(main, chunk: 1000))
        capture.multifd = multifd.map { ArraySource($0, chunk: 1000) }
        capture.preempt = preempt.map { ArraySource($0, chunk: 7) }
        capture.returnPath = returnPath.map { ArraySource($0, chunk: 7) }
        return capture
    }

    /// What the reader says about it, nil when it takes it.
    package func explanation() -> StreamError? {
        switch reader {
        case .destination:
            do throws(StreamError) {
                try SmallStream.receive(main, isComplete: true)
                return nil
            } catch {
                return error
            }
        case .workbench: return StreamVerifier.verify(StreamEventReader(capture)).problems.first
        }
    }
}
