/// SiFive's test finisher: how a guest powers off or resets the board. It has no state.
public final class SifiveTest: MMIODevice, Sendable {
    public enum Request: Sendable, Equatable {
        case powerOff
        case reset
        case fail(code: UInt16)
    }

    private let request: @Sendable (Request) -> Void

    public init(_ request: @escaping @Sendable (Request) -> Void) { self.request = request }

    public func read(_ offset: UInt64, size: Int) -> UInt64 { 0 }

    public func write(_ offset: UInt64, size: Int, value: UInt64) {
        guard offset == 0 else { return }
        switch value & 0xffff {
        case 0x5555: request(.powerOff)
        case 0x7777: request(.reset)
        case 0x3333: request(.fail(code: UInt16(truncatingIfNeeded: value >> 16)))
        default: break
        }
    }
}
