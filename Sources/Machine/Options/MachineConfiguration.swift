public import QAPI

/// What a machine is made of, as its options say. A value: nothing is opened or allocated yet.
public struct MachineConfiguration: Sendable {
    /// What `-bios` names.
    public enum Firmware: Equatable, Sendable {
        /// OpenSBI as the distribution installs it.
        case standard
        case none
        case file(String)
    }

    /// Where a serial line, a console port or a monitor leads.
    public enum Character: Equatable, Sendable {
        case null
        case stdio
        case file(path: String, append: Bool)
        case pty
        case unix(path: String, server: Bool, wait: Bool)
        case tcp(host: String, port: String, server: Bool, wait: Bool)
        /// `fd=`: an open descriptor given by the parent process.
        case descriptor(Int32, server: Bool)

        /// As `query-chardev` names it.
        public var description: String {
            switch self {
            case .null: "null"
            case .stdio: "stdio"
            case .file: "file"
            case .pty: "pty"
            case .unix(let path, let server, _): "unix:\(path)\(server ? ",server=on" : "")"
            case .tcp(let host, let port, let server, _): "tcp:\(host):\(port)\(server ? ",server=on" : "")"
            case .descriptor(let number, _): "fd:\(number)"
            }
        }
    }

    public struct Monitor: Equatable, Sendable {
        public enum Mode: Equatable, Sendable { case control, readline }
        /// As `query-chardev` names it.
        public var label: String
        public var mode: Mode
        public var character: Character
    }

    /// A raw disk image.
    public struct Drive: Equatable, Sendable {
        public var id: String
        public var path: String
        public var isReadOnly: Bool
        /// Another node stands on it, so that it is not opened for itself.
        public var isInner = false
        /// From -blockdev: the id is a node's name.
        public var isNode = false
        /// `raw`, or `file` for what is below it.
        public var driver = "raw"
    }

    /// Memory that `-object` describes and `-machine memory-backend=` takes for RAM.
    public struct MemoryBackend: Equatable, Sendable {
        public enum Source: Equatable, Sendable {
            case anonymous
            /// A file without a name.
            case memfd
            case file(path: String)
        }
        public var id: String
        /// Bytes.
        public var size: UInt64
        public var source: Source
        /// Whether other processes can map it, too, and see what the guest writes.
        public var isShared = false
        /// Whether the system gives all of it at the start.
        public var isPreallocated = false
    }

    /// What RAM is called in a stream where no backend gives it a name.
    public static let defaultMemoryName = "riscv_virt_board.ram"

    public struct PassedDescriptor: Equatable, Sendable {
        public var number: Int32
        public var set: Int
        /// What `query-fdsets` tells of it.
        public var note: String?
    }

    /// What the real-time clock shows at the start.
    public enum ClockBase: Equatable, Sendable {
        case utc
        case localTime
        /// Seconds since 1970.
        case date(Int64)
    }

    public struct NetworkBackend: Equatable, Sendable {
        public enum Kind: Equatable, Sendable {
            case user(hostForwards: [String], restrict: Bool)
            case socketListen(host: String, port: String)
            case socketConnect(host: String, port: String)
            case tap(interface: String?, descriptor: Int32?)
        }
        public var id: String
        public var kind: Kind
    }

    /// A virtio device.
    public struct Device: Equatable, Sendable {
        public enum Kind: Equatable, Sendable {
            /// `serial`: at most 20 bytes that the guest can ask for.
            case block(drive: String, serial: String)
            /// `mac`: 6 bytes; `rom`: path of an option ROM.
            case network(netdev: String?, mac: [UInt8]?, rom: String?)
            case rng
            case serial
            case balloon
            case port(Port)
        }
        /// A port of a virtio-serial device.
        public struct Port: Equatable, Sendable {
            public var chardev: String
            public var name: String
            public var isConsole: Bool
            /// Number on its device, 0 to 30; nil for the lowest free one.
            public var number: Int?
            /// Which of ``MachineConfiguration/devices`` it is on.
            public var device: Int
        }
        public enum Place: Equatable, Sendable {
            /// Slot named by `bus=virtio-mmio-bus.N`, else the highest free one.
            case mmio(slot: Int?)
            /// Device number named by `addr=`, else the lowest free one; without `disable-legacy=on` the device
            /// is transitional.
            case pci(device: Int?, isTransitional: Bool)
        }
        public var id: String?
        public var kind: Kind
        public var place: Place
    }

    /// `-machine none`: nothing that could run, for programs that only ask what there is.
    public var isNone = false
    /// `-name`.
    public var name: String?
    /// `-uuid`, 16 bytes; zeros when none was given.
    public var uuid: [UInt8] = Array(repeating: 0, count: 16)
    public var hasUUID = false
    /// Guest RAM in bytes.
    public var memorySize: UInt64 = 128 << 20
    /// Those of `-object`, used or not.
    public var memoryBackends: [MemoryBackend] = []
    /// Ids of the objects of `-object` that stay: memory and randomness.
    public var fixedObjects: Set<String> = []
    /// The others of `-object`, which clients can end.
    public var objects: [ObjectOptions] = []
    /// The one that is RAM; nil for the board's own.
    public var memoryBackend: MemoryBackend?
    /// `-mem-prealloc`, or its backend's.
    public var isMemoryPreallocated = false
    /// 1...8.
    public var harts = 1
    /// `-M virt,aclint=on`.
    public var hasACLINT = false
    /// False for `-M virt,acpi=off`, which a stream shows by what is missing in it.
    public var hasACPI = true
    public var clockBase = ClockBase.utc
    /// `-M virt,dumpdtb=FILE`.
    public var deviceTreeDump: String?
    /// `-global virtio-mmio.force-legacy=false`.
    public var isVirtioModern = false
    public var firmware: Firmware = .standard
    public var kernel: String?
    public var initrd: String?
    public var arguments: String?
    public var serial: Character = .null
    /// As `query-chardev` names it.
    public var serialLabel = "serial0"
    public var characters: [String: Character] = [:]
    public var monitors: [Monitor] = []
    public var drives: [Drive] = []
    public var networkBackends: [NetworkBackend] = []
    public var devices: [Device] = []
    /// `pflash` images for the two flash chips.
    public var flash: [Int: Drive] = [:]
    /// `-incoming`: an address, or `defer`.
    public var incoming: String?
    /// `-global migration.NAME=VALUE`, in order.
    public var migrationProperties: [(name: String, value: String)] = []
    /// `-S`.
    public var startsPaused = false
    /// `-no-reboot`: a reset ends the guest.
    public var endsOnReset = false
    /// `-no-shutdown`: a guest that has powered off stays, paused.
    public var staysAfterShutdown = false
    public var isDaemon = false
    public var pidFile: String?
    /// `-add-fd`: descriptors that the parent process left open, and the sets they go to.
    public var passedDescriptors: [PassedDescriptor] = []
    /// `-name process=`.
    public var processName: String?
    /// `-msg timestamp=on`.
    public var hasTimestamps = false

    public init() {}
}
