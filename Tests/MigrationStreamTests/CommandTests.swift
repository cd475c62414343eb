import Bytes
import MigrationStream
import Testing

@Suite("Commands")
struct CommandTests {
    static let commands: [(StreamCommand, [UInt8])] = [
        (.openReturnPath, [8, 0, 1, 0, 0]),
        (.ping(1), [8, 0, 2, 0, 4, 0, 0, 0, 1]),
        (
            .postcopyAdvise(blockPageSizes: 0x1000, targetPageSize: 0x1000),
            [8, 0, 3, 0, 16, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x10, 0]
        ),
        (.postcopyAdviseBitmaps, [8, 0, 3, 0, 0]),
        (.postcopyListen, [8, 0, 4, 0, 0]),
        (.postcopyRun, [8, 0, 5, 0, 0]),
        (
            .postcopyRAMDiscard(block: "a", ranges: [.init(start: 1, length: 2)]),
            [8, 0, 6, 0, 20, 0, 1, 0x61, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2]
        ),
        (.packaged(length: 0xFFFF_FFFF), [8, 0, 7, 0, 4, 255, 255, 255, 255]),
        (.enableCOLO, [8, 0, 8, 0, 0]),
        (.postcopyResume, [8, 0, 9, 0, 0]),
        (.receivedBitmap(block: "ab"), [8, 0, 10, 0, 3, 2, 0x61, 0x62]),
        (.switchoverStart, [8, 0, 11, 0, 0]),
    ]

    @Test("each command has its bytes in both directions", arguments: commands)
    func roundTrip(_ command: StreamCommand, _ bytes: [UInt8]) throws {
        var writer = ByteWriter()
        command.encode(to: &writer)
        #expect(writer.bytes == bytes)
        let reader = StreamReader(InputBuffer(bytes: bytes))
        #expect(try reader.next() == .command(command))
        #expect(try reader.input.isAtEnd())
        for length in 0..<bytes.count {
            #expect(throws: StreamError.self) {
                try StreamReader(InputBuffer(bytes: Array(bytes[..<length]))).next()
            }
        }
    }

    @Test("a command that a session cannot follow is named with its place")
    func notSupported() throws {
        let reader = StreamReader(InputBuffer(bytes: [8, 0, 8, 0, 0], offset: 100))
        guard case .command(let command) = try reader.next() else { return }
        let error = reader.notSupported("command \(command.name)", remedy: "switch x-colo off at the source")
        #expect(
            error.problem
                == "command ENABLE_COLO is not supported here, at byte 100")
        #expect(error.remedy == "switch x-colo off at the source")
    }
}
