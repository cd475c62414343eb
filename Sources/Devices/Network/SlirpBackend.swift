import CPlatform
import CSlirp
import Glibc
import Synchronization
import Threads

/// `-netdev user`: a private network 10.0.2.0/24 with DHCP, DNS and NAT to the host's, by libslirp.
///
/// libslirp is not thread-safe: all calls are made under one mutex, by the backend's poll thread and by whoever
/// sends. **Its connections do not migrate**: on the destination a fresh instance answers with the same addresses,
/// so that DHCP leases and ARP entries stay right, while TCP connections of the guest through it are reset.
@safe
public final class SlirpBackend: NetworkBackend, @unchecked Sendable {
    // Sendable: `slirp`, `timers` and `polled` are touched under `mutex`, the rest is constant or atomic.

    /// What the network offers.
    public struct Options: Sendable {
        /// Keep the guest from the host and the world; only forwards work.
        public var isRestricted = false
        /// Offer IPv6 as well.
        public var offersIPv6 = true
        public var forwards: [HostForward] = []
        /// Name given to the guest by DHCP; empty for none.
        public var hostName = ""
        public init() {}
    }

    @safe
    private final class Timer {
        let callback: SlirpTimerCb?
        let argument: UnsafeMutableRawPointer?
        /// Milliseconds on the backend's clock; nil when not running.
        var deadline: Int64?

        init(_ callback: SlirpTimerCb?, _ argument: UnsafeMutableRawPointer?) {
            unsafe self.callback = unsafe callback
            unsafe self.argument = unsafe argument
        }
    }

    private let mutex = Mutex<Void>(())
    private let wakePipe: WakePipe
    private let callbacks: UnsafeMutablePointer<SlirpCb>
    private var slirp: OpaquePointer?
    private var timers: [ObjectIdentifier: Timer] = [:]
    private var polled: [pollfd] = []
    private var receive: (@Sendable ([UInt8]) -> Void)?
    private let stopping = Atomic<Bool>(false)
    private let thread = Mutex<OSThread?>(nil)

    /// - Throws: when a forward's port of the host is not free.
    public init(_ options: Options = Options()) throws(NetworkError) {
        wakePipe = try WakePipe()
        unsafe callbacks = .allocate(capacity: 1)
        unsafe callbacks.initialize(to: SlirpBackend.makeCallbacks())
        // The instance is kept alive by `stop()` not having been called: slirp holds no reference.
        let pointer = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe slirp = SlirpBackend.makeSlirp(options, callbacks, pointer)
        guard let slirp = unsafe slirp else { throw NetworkError("cannot start libslirp") }
        for forward in options.forwards {
            let result = unsafe slirp_add_hostfwd(
                slirp, forward.isUDP ? 1 : 0, in_addr(s_addr: forward.hostAddress.bigEndian),
                Int32(forward.hostPort), in_addr(s_addr: forward.guestAddress.bigEndian),
                Int32(forward.guestPort))
            guard result == 0 else {
                throw NetworkError(
                    "Could not set up host forwarding rule for port \(forward.hostPort): \(systemError())")
            }
        }
    }

    deinit {
        if let slirp = unsafe slirp { unsafe slirp_cleanup(slirp) }
        unsafe callbacks.deallocate()
    }

    private static func makeSlirp(
        _ options: Options, _ callbacks: UnsafeMutablePointer<SlirpCb>, _ pointer: UnsafeMutableRawPointer
    ) -> OpaquePointer? {
        func address(_ last: UInt32) -> in_addr { in_addr(s_addr: (0x0a00_0200 | last).bigEndian) }
        func address6(_ last: UInt8) -> in6_addr {
            var result = in6_addr()
            unsafe withUnsafeMutableBytes(of: &result) { bytes in
                unsafe bytes[0] = 0xfe
                unsafe bytes[1] = 0xc0
                unsafe bytes[15] = last
            }
            return result
        }
        var config = unsafe SlirpConfig()
        unsafe config.version = 1
        unsafe config.restricted = options.isRestricted ? 1 : 0
        unsafe config.in_enabled = true
        unsafe config.vnetwork = address(0)
        unsafe config.vnetmask = in_addr(s_addr: UInt32(0xffff_ff00).bigEndian)
        unsafe config.vhost = address(2)
        unsafe config.vnameserver = address(3)
        unsafe config.vdhcp_start = address(15)
        unsafe config.in6_enabled = options.offersIPv6
        unsafe config.vprefix_addr6 = address6(0)
        unsafe config.vprefix_len = 64
        unsafe config.vhost6 = address6(2)
        unsafe config.vnameserver6 = address6(3)
        return unsafe options.hostName.withCString { name in
            if !options.hostName.isEmpty { unsafe config.vhostname = unsafe name }
            return unsafe slirp_new(&config, callbacks, pointer)
        }
    }

    // MARK: What slirp asks of us, always under the mutex

    private static func backend(_ pointer: UnsafeMutableRawPointer?) -> SlirpBackend? {
        guard let pointer = unsafe pointer else { return nil }
        return unsafe Unmanaged<SlirpBackend>.fromOpaque(pointer).takeUnretainedValue()
    }

    private static func makeCallbacks() -> SlirpCb {
        var callbacks = SlirpCb()
        unsafe callbacks.send_packet = { bytes, count, pointer in
            guard let bytes = unsafe bytes, count > 0 else { return 0 }
            unsafe SlirpBackend.backend(pointer)?.receive?(
                Array(UnsafeRawBufferPointer(start: bytes, count: count)))
            return count
        }
        unsafe callbacks.guest_error = { _, _ in }
        unsafe callbacks.clock_get_ns = { _ in cplatform_monotonic_ns() }
        unsafe callbacks.timer_new = { callback, argument, pointer in
            guard let backend = unsafe SlirpBackend.backend(pointer) else { return nil }
            let timer = unsafe Timer(callback, argument)
            backend.timers[ObjectIdentifier(timer)] = timer
            return unsafe Unmanaged.passUnretained(timer).toOpaque()
        }
        unsafe callbacks.timer_free = { timer, pointer in
            guard let timer = unsafe timer else { return }
            let object = unsafe Unmanaged<Timer>.fromOpaque(timer).takeUnretainedValue()
            unsafe SlirpBackend.backend(pointer)?.timers[ObjectIdentifier(object)] = nil
        }
        unsafe callbacks.timer_mod = { timer, milliseconds, pointer in
            guard let timer = unsafe timer else { return }
            unsafe Unmanaged<Timer>.fromOpaque(timer).takeUnretainedValue().deadline = milliseconds
            unsafe SlirpBackend.backend(pointer)?.wakePipe.wake()
        }
        unsafe callbacks.register_poll_fd = { _, _ in }
        unsafe callbacks.unregister_poll_fd = { _, _ in }
        unsafe callbacks.notify = { unsafe SlirpBackend.backend($0)?.wakePipe.wake() }
        return callbacks
    }

    // MARK: The poll thread

    public func start(_ receive: @escaping @Sendable ([UInt8]) -> Void) {
        mutex.withLock { _ in self.receive = receive }
        thread.withLock { $0 = OSThread("slirp") { [self] in run() } }
    }

    private func run() {
        while !stopping.load(ordering: .acquiring) {
            var (wanted, timeout) = mutex.withLock { _ in fill() }
            let result = unsafe poll(&wanted, nfds_t(wanted.count), timeout)
            wakePipe.clear()
            mutex.withLock { _ in
                polled = wanted
                dispatch(failed: result < 0)
            }
        }
    }

    /// What to poll for, and how long in milliseconds.
    private func fill() -> ([pollfd], Int32) {
        polled = [pollfd(fd: wakePipe.input, events: Int16(POLLIN), revents: 0)]
        var timeout: UInt32 = 60_000
        let pointer = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe slirp_pollfds_fill(
            slirp, &timeout,
            { descriptor, events, pointer in
                guard let backend = unsafe SlirpBackend.backend(pointer) else { return -1 }
                let bits = SlirpBackend.eventBits.reduce(0) {
                    Int(events) & $1.slirp != 0 ? $0 | $1.system : $0
                }
                backend.polled.append(pollfd(fd: descriptor, events: Int16(bits), revents: 0))
                return Int32(backend.polled.count - 1)
            }, pointer)
        let now = cplatform_monotonic_ns() / 1_000_000
        var milliseconds = Int64(min(timeout, 60_000))
        for timer in timers.values {
            if let deadline = timer.deadline { milliseconds = min(milliseconds, max(0, deadline - now)) }
        }
        return (polled, Int32(milliseconds))
    }

    /// libslirp's poll bits and the system's.
    private static let eventBits: [(slirp: Int, system: Int)] = [
        (1, Int(POLLIN)), (2, Int(POLLOUT)), (4, Int(POLLPRI)), (8, Int(POLLERR)), (16, Int(POLLHUP)),
    ]

    private func dispatch(failed: Bool) {
        let pointer = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe slirp_pollfds_poll(
            slirp, failed ? 1 : 0,
            { index, pointer in
                guard let backend = unsafe SlirpBackend.backend(pointer), index >= 0,
                    Int(index) < backend.polled.count
                else { return 0 }
                let events = Int(backend.polled[Int(index)].revents)
                return Int32(
                    SlirpBackend.eventBits.reduce(0) { events & $1.system != 0 ? $0 | $1.slirp : $0 })
            }, pointer)
        let now = cplatform_monotonic_ns() / 1_000_000
        for timer in timers.values {
            guard let deadline = timer.deadline, deadline <= now else { continue }
            timer.deadline = nil
            unsafe timer.callback?(timer.argument)
        }
    }

    // MARK: The guest's side

    public func send(_ frame: [UInt8]) {
        mutex.withLock { _ in
            guard let slirp = unsafe slirp, !stopping.load(ordering: .acquiring) else { return }
            unsafe slirp_input(slirp, frame, Int32(frame.count))
        }
        // There may be a new socket to poll.
        wakePipe.wake()
    }

    public func stop() {
        stopping.store(true, ordering: .releasing)
        wakePipe.wake()
        let thread = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        thread?.join()
        mutex.withLock { _ in
            if let slirp = unsafe slirp { unsafe slirp_cleanup(slirp) }
            unsafe slirp = nil
            receive = nil
        }
    }
}
