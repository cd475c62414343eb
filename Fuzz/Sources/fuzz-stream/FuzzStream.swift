import Bytes
import Fuzzer
import MigrationStream
import VMState

/// A sink that keeps one page: where the pages of a stream go does not matter here.
private final class Sink: RAMSink {
    private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
    deinit { scratch.deallocate() }
    func page(block: Int, offset: UInt64) -> UnsafeMutableRawBufferPointer { scratch }
    func zero(block: Int, offset: UInt64) {}
}

/// Any bytes as an incoming stream: header, records of RAM, sections of unknown devices, commands, description.
private func test(_ input: [UInt8]) {
    let reader = StreamReader(InputBuffer(bytes: input))
    var ram = RAMDecoder(blocks: nil)
    var devices = DeviceLoader([])
    let sink = Sink()
    do {
        _ = try reader.configuration()
        while true {
            switch try reader.next() {
            case .section(let header):
                if header.name == "ram" {
                    _ = try ram.load(reader, into: sink)
                } else {
                    try devices.load(reader)
                }
                try reader.endSection()
            case .command: break
            case .endOfStream:
                _ = try reader.description()
                return
            }
        }
    } catch {
        precondition(!"\(error)".isEmpty)
    }
}

@main struct Main {
    static func main() { fuzz(test) }
}
