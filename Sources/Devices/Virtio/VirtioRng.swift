import CPlatform
public import GuestMemory
import VMState

/// virtio-rng (virtio 1.2, 5.4): the host's random numbers.
public final class VirtioRng: VirtioDevice, @unchecked Sendable {
    /// Most bytes given for one request, however large its buffers are.
    private static let requestMax = 64 << 10

    private let chain = VirtqueueChain()

    public init(isModern: Bool = false, memory: GuestMemory, lock: BoardLock) {
        super.init(
            deviceID: 4, name: "virtio-rng", queueCount: 1, features: 0, isModern: isModern, memory: memory,
            lock: lock)
    }

    override func serve(queue: Int) -> Bool {
        while take(queue, into: chain) {
            let count = min(chain.writableCount, VirtioRng.requestMax)
            var bytes = [UInt8](repeating: 0, count: count)
            let got = unsafe bytes.withUnsafeMutableBytes {
                unsafe cplatform_getrandom($0.baseAddress, $0.count)
            }
            chain.copyIn(Array(bytes.prefix(max(0, got))), at: 0)
            complete(chain, written: max(0, got))
            if isPausing { return false }
        }
        return true
    }

    override func section(named place: String, transport: any VirtioTransport) -> VMStateSection? {
        section(at: place, transport: transport) {
            VirtioRngState()
        } set: { _, _ in
        }
    }
}
