import CPlatform
import Glibc
import Synchronization
import Threads

/// `-netdev tap`: a virtual interface of the host.
public final class TapBackend: NetworkBackend {
    private let descriptor: Int32
    private let wakePipe: WakePipe
    private let stopping = Atomic<Bool>(false)
    private let thread = Mutex<OSThread?>(nil)

    // linux/if_tun.h and net/if.h: the request's number, flags, and the size of ifreq.
    private static let tunSetInterface: UInt = 0x4004_54ca
    private static let flagsOffset = 16
    private static let tapWithoutPacketInfo: UInt16 = 0x1002
    private static let requestSize = 40

    /// - Parameter interface: its name, at most 15 bytes; made when it does not exist and we may.
    public convenience init(interface: String) throws(NetworkError) {
        let name = Array(interface.utf8)
        guard !name.isEmpty, name.count < TapBackend.flagsOffset else {
            throw NetworkError("'\(interface)' is not the name of an interface")
        }
        let descriptor = unsafe cplatform_open("/dev/net/tun", O_RDWR | O_CLOEXEC, 0)
        guard descriptor >= 0 else { throw NetworkError("could not open /dev/net/tun: \(systemError())") }
        var request = [UInt8](repeating: 0, count: TapBackend.requestSize)
        request.replaceSubrange(0..<name.count, with: name)
        request[TapBackend.flagsOffset] = UInt8(truncatingIfNeeded: TapBackend.tapWithoutPacketInfo)
        request[TapBackend.flagsOffset + 1] = UInt8(TapBackend.tapWithoutPacketInfo >> 8)
        let result = unsafe request.withUnsafeMutableBytes {
            unsafe cplatform_ioctl_pointer(descriptor, TapBackend.tunSetInterface, $0.baseAddress)
        }
        guard result == 0 else {
            let error = NetworkError("could not configure /dev/net/tun (\(interface)): \(systemError())")
            close(descriptor)
            throw error
        }
        try self.init(descriptor: descriptor)
    }

    /// An interface that was opened by somebody else, without packet information. Owned from here on.
    ///
    /// - Throws: when nothing is open there.
    public init(descriptor: Int32) throws(NetworkError) {
        guard cplatform_fcntl_int(descriptor, F_GETFD, 0) >= 0 else {
            throw NetworkError(
                "file descriptor \(descriptor) cannot be used: \(unsafe String(cString: strerror(errno)))")
        }
        self.descriptor = descriptor
        wakePipe = try WakePipe()
        _ = cplatform_fcntl_int(descriptor, F_SETFL, O_NONBLOCK)
    }

    deinit { close(descriptor) }

    public func start(_ receive: @escaping @Sendable ([UInt8]) -> Void) {
        thread.withLock { $0 = OSThread("tap") { [self] in run(receive) } }
    }

    private func run(_ receive: @Sendable ([UInt8]) -> Void) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16 + 64)
        while !stopping.load(ordering: .acquiring) {
            var wanted = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: wakePipe.input, events: Int16(POLLIN), revents: 0),
            ]
            unsafe _ = poll(&wanted, 2, -1)
            wakePipe.clear()
            while !stopping.load(ordering: .acquiring) {
                let count = unsafe read(descriptor, &buffer, buffer.count)
                guard count > 0 else {
                    // The interface was taken away: there is nothing more to wait for.
                    if count == 0 || errno != EAGAIN && errno != EINTR { return }
                    break
                }
                receive(Array(buffer[..<count]))
            }
        }
    }

    public func send(_ frame: [UInt8]) { unsafe _ = write(descriptor, frame, frame.count) }

    public func stop() {
        stopping.store(true, ordering: .releasing)
        wakePipe.wake()
        let thread = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        thread?.join()
    }
}
