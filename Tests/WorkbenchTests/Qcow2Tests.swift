import Bytes
import MigrationStream
import Testing

@testable import Workbench

/// States that QEMU 10.0.2 has saved into a qcow2 image (`savevm`), and images that are damaged.
@Suite("qcow2 images")
struct Qcow2Tests {
    private static func image() throws -> [UInt8] {
        let fixture = Fixture(name: "savevm", devices: 0, hash: "")
        let packed = try FileSource(path: fixture.path("qcow2"))
        return try everything(of: try #require(UnpackingSource(packed)))
    }

    @Test("hold the states of their snapshots, which are whole streams")
    func states() throws {
        let image = try Qcow2Image(ArrayFile(try Self.image()))
        #expect(image.snapshots.map(\.id) == ["1", "2"])
        #expect(image.snapshots.map(\.name) == ["first", "second"])
        for snapshot in image.snapshots {
            let outcome = StreamVerifier.verify(
                StreamEventReader(StreamCapture(main: image.state(of: snapshot))))
            #expect(outcome.problems == [])
            #expect(outcome.bytes == snapshot.stateSize)
            #expect(outcome.devices == 17)
        }
        let report = StreamInspector.report(
            StreamEventReader(StreamCapture(main: image.state(of: image.snapshots[1]))))
        #expect(report.configuration?.machine == "virt")
        let memory = report.blocks.first { $0.description.name == "riscv_virt_board.ram" }
        #expect(memory?.pages.total == 1024)
    }

    /// A number of the image changed: where, how long, to what; and what is said, nil for an image that is still good.
    struct Change: Sendable, CustomTestStringConvertible {
        var at: Int
        var size: Int
        var value: UInt64
        var text: String?
        var testDescription: String { "\(value) at \(at)" }

        init(_ at: Int, _ size: Int, _ value: UInt64, _ text: String?) {
            (self.at, self.size, self.value, self.text) = (at, size, value, text)
        }
    }

    @Test(
        "that are damaged are refused with the place",
        arguments: [
            Change(
                0, 4, 0x5146_49FA, "qcow2.magic: expected 'QFI' and 0xfb, found something else, at byte 0"),
            Change(4, 4, 9, "qcow2.version: version 9 is not understood, only 2 to 3, at byte 4"),
            Change(20, 4, 8, "qcow2.cluster_bits: expected 9 to 21, found 8, at byte 20"),
            Change(20, 4, .max, "qcow2.cluster_bits: expected 9 to 21, found 4294967295, at byte 20"),
            Change(32, 4, 2, "qcow2.crypt_method: an encrypted image is not supported here, at byte 32"),
            Change(60, 4, .max, "qcow2.nb_snapshots: expected at most 65536, found 4294967295, at byte 60"),
            Change(
                64, 8, 1, "qcow2.snapshots_offset: expected the beginning of a cluster, found 1, at byte 64"),
            Change(
                64, 8, 1 << 40,
                "qcow2.snapshots.[0].l1_table_offset: the stream ended at byte 1099511627776 with 8 more bytes "
                    + "expected"),
            Change(
                72, 8, 4,
                "qcow2.incompatible_features: an external data file is not supported here, at byte 72"),
            Change(
                72, 8, 1 << 40,
                "qcow2.incompatible_features: features 0x10000000000 is not supported here, at byte 72"),
            Change(72, 8, 1, nil),
        ])
    func headers(_ change: Change) throws {
        var bytes = try Self.image()
        for index in 0..<change.size {
            bytes[change.at + index] = UInt8(
                truncatingIfNeeded: change.value >> UInt64(8 * (change.size - 1 - index)))
        }
        do throws(StreamError) {
            _ = try Qcow2Image(ArrayFile(bytes))
            #expect(change.text == nil)
        } catch {
            #expect(error.problem.replacing(".[", with: "[") == change.text?.replacing(".[", with: "["))
            #expect(!error.cause.isEmpty && !error.remedy.isEmpty)
        }
    }

    @Test("whose tables lead elsewhere give errors, and no more than what is there")
    func tables() throws {
        let bytes = try Self.image()
        let image = try Qcow2Image(ArrayFile(bytes))
        var snapshot = image.snapshots[0]
        let states: [(inout Qcow2Image.Snapshot) -> Void] = [
            { $0.tableOffset = .max - 3 },
            { $0.tableOffset = UInt64(bytes.count) },
            { $0.tableOffset = 0 },
            { $0.tableLength = 0 },
            { $0.stateSize = .max },
            { $0.diskSize = .max },
            { $0.diskSize = 1 << 62 },
            { $0.stateSize = 100 },
        ]
        for change in states {
            snapshot = image.snapshots[0]
            change(&snapshot)
            let outcome = StreamVerifier.verify(
                StreamEventReader(StreamCapture(main: image.state(of: snapshot))))
            #expect(!outcome.isGood)
        }
    }

    @Test("that are cut anywhere, or have any byte of their tables changed, never trap")
    func cuts() throws {
        let bytes = try Self.image()
        for length in [0, 3, 19, 60, 100, 4096, 40_000, bytes.count / 2, bytes.count - 1] {
            try look(Array(bytes[..<length]))
        }
        for index in stride(from: 0, to: 112, by: 1) {
            for value: UInt8 in [0, 0xFF] {
                var copy = bytes
                copy[index] = value
                try look(copy)
            }
        }
    }

    private func look(_ bytes: [UInt8]) throws {
        guard let image = try? Qcow2Image(ArrayFile(bytes)) else { return }
        for var snapshot in image.snapshots.prefix(1) {
            snapshot.stateSize = min(snapshot.stateSize, 9000)
            _ = StreamVerifier.verify(StreamEventReader(StreamCapture(main: image.state(of: snapshot))))
        }
    }
}
