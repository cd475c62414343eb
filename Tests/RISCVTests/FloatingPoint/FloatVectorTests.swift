import Testing

@testable import RISCV

/// Results and flags that QEMU's user mode gave; Tests/Fixtures/float/README.md says how they were taken.
struct FloatVectorTests {
    @Test func everyRecordedVectorGivesQEMUsResultAndFlagsWithAndWithoutTheHost() throws {
        let bytes = try Fixture.bytes("float/vectors.bin")
        var offset = 0
        func byte() -> UInt8 {
            defer { offset += 1 }
            return bytes[offset]
        }
        func word() -> UInt64 { (0..<8).reduce(0) { $0 | UInt64(byte()) << UInt64(8 * $1) } }
        var seen: Set<UInt8> = []
        while offset < bytes.count {
            let number = byte()
            let operation = try #require(FloatOperation(rawValue: number))
            seen.insert(number)
            let mode = byte()
            let expectedFlags = byte()
            let a = word()
            let b = operation.operandCount > 1 ? word() : 0
            let c = operation.operandCount > 2 ? word() : 0
            let expected = word()
            for initial in [0, FloatException.inexact] {
                var flags = initial
                let result = operation.run(a, b, c, mode, &flags)
                if result != expected || flags != expectedFlags | initial {
                    Issue.record(
                        """
                        \(operation) mode \(mode) of \(hex(a)) \(hex(b)) \(hex(c)): \(hex(result)) flags \(flags), \
                        not \(hex(expected)) flags \(expectedFlags | initial)
                        """)
                }
            }
        }
        #expect(seen.count == FloatOperation.allCases.count)
    }

    /// Many more vectors than can be kept: seeded operands, and per operation a hash over all results.
    @Test func hashesOverManyVectorsAreThoseOfQEMUsResults() throws {
        let expected = try Fixture.lines("float/hashes.txt")
        #expect(FloatHashes.lines { $0.run($1, $2, $3, $4, &$5) } == expected)
    }
}

func hex(_ value: UInt64) -> String { String(value, radix: 16) }

/// The hashes of hashes.txt: FNV-1a over result and flags of ``perOperation`` seeded vectors of each operation.
enum FloatHashes {
    static let perOperation = 2000

    typealias Execute = (FloatOperation, UInt64, UInt64, UInt64, UInt8, inout UInt8) -> UInt64

    static func lines(_ execute: Execute) -> [String] {
        FloatOperation.allCases.map { operation in
            var hash: UInt64 = 0xcbf2_9ce4_8422_2325
            var operands = FloatOperands(seed: 1000 + UInt64(operation.rawValue))
            for number in 0..<perOperation {
                let (a, b, c) = operands.next(for: operation)
                var flags: UInt8 = 0
                hash = (hash ^ execute(operation, a, b, c, UInt8(number % 5), &flags)) &* 0x100_0000_01b3
                hash = (hash ^ UInt64(flags)) &* 0x100_0000_01b3
            }
            return "\(operation) \(hex(hash))"
        }
    }
}
