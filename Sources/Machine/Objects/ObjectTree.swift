import Devices
import QAPI
import RISCV

/// An object of the machine as clients see it by its path.
struct ObjectNode {
    var type: String
    var members: [Member] = []
    var children: [(name: String, node: ObjectNode)] = []

    struct Member {
        var info: ObjectPropertyInfo
        var get: () -> JSONValue
        /// Nil for what only is.
        var set: ((JSONValue) throws(QAPIError) -> Void)?
    }

    /// What `qom-list` tells.
    var list: [ObjectPropertyInfo] {
        [ObjectPropertyInfo(name: "type", type: "string")] + members.map(\.info)
            + children.map { ObjectPropertyInfo(name: $0.name, type: "child<\($0.node.type)>") }
    }

    func child(_ name: some StringProtocol) -> ObjectNode? { children.first { $0.name == name }?.node }
}

extension VirtualMachine {
    /// The objects, from the root down.
    var objects: ObjectNode {
        let named = zip(deviceConfigurations, board.virtio).compactMap { given, device in
            given.id.map { ($0, object(of: device, type: given.typeName)) }
        }
        let ports = configuration.devices.compactMap { given in
            given.kind.isPort ? given.id.map { ($0, ObjectNode(type: given.typeName)) } : nil
        }
        let harts = board.harts.map { ("harts[\($0.id)]", ObjectNode(type: "rv64-riscv-cpu")) }
        var machine = ObjectNode(type: configuration.isNone ? "none-machine" : "virt-machine")
        machine.children = [("peripheral", ObjectNode(type: "container", children: named + ports))]
        if !configuration.isNone {
            machine.children.append(("soc0", ObjectNode(type: "riscv.hart_array", children: harts)))
        }
        let backends = configuration.memoryBackends.map { backend in
            (backend.id, ObjectNode(type: backend.typeName, members: backend.members))
        }
        let objects = ObjectNode(
            type: "container", children: backends + userObjects.all.map { ($0.id, ObjectNode($0)) })
        return ObjectNode(type: "container", children: [("machine", machine), ("objects", objects)])
    }

    /// The devices of the board, in the order of its own list of them.
    var deviceConfigurations: [MachineConfiguration.Device] {
        configuration.devices.filter { !$0.kind.isPort }
    }

    private func object(of device: VirtioDevice, type: String) -> ObjectNode {
        guard let balloon = device as? VirtioBalloon else { return ObjectNode(type: type) }
        let statistics = ObjectNode.Member(
            info: .init(name: "guest-stats", type: "guest statistics"),
            get: { [self] in
                balloon.guestStatistics(after: whileRunning { balloon.requestStatistics() } ?? nil)
            })
        let interval = ObjectNode.Member(
            info: .init(name: "guest-stats-polling-interval", type: "int"),
            get: { JSONValue(UInt64(balloon.pollingInterval)) },
            set: { value throws(QAPIError) in
                guard case .integer(let seconds) = value else {
                    throw .generic(
                        "Invalid parameter type for 'guest-stats-polling-interval', expected: integer")
                }
                guard let seconds = UInt32(exactly: seconds) else {
                    throw .generic("timer value must be in range of 0 to 4294967295")
                }
                balloon.setPollingInterval(seconds: seconds)
            })
        return ObjectNode(type: type, members: [statistics, interval])
    }
}

extension ObjectNode {
    /// An object that a client can make: what it was given can be asked for, but not what is secret.
    fileprivate init(_ options: ObjectOptions) {
        let name = options.branch.qomType.rawValue
        self.init(type: name)
        guard let type = MachineOptions.ObjectType(rawValue: name) else { return }
        let given = options.json
        members = TypeCatalogue.properties(of: type).compactMap { property in
            guard type != .secret || property.name != "data", let value = given[property.name] else {
                return nil
            }
            return Member(info: property, get: { value })
        }
    }
}

extension ObjectNode.Member {
    fileprivate static func number(_ name: String, _ value: UInt64) -> ObjectNode.Member {
        .init(info: .init(name: name, type: "int"), get: { JSONValue(value) })
    }

    fileprivate static func flag(_ name: String, _ isOn: Bool) -> ObjectNode.Member {
        .init(info: .init(name: name, type: "bool"), get: { .bool(isOn) })
    }
}

extension MachineConfiguration.Device.Kind {
    var isPort: Bool { if case .port = self { true } else { false } }
}

extension MachineConfiguration.Device {
    /// The name that `-device` knows it by.
    var typeName: String {
        let driver: MachineOptions.Driver =
            switch kind {
            case .block: .block
            case .network: .network
            case .rng: .random
            case .serial: .serial
            case .balloon: .balloon
            case .port(let port): port.isConsole ? .console : .port
            }
        if driver.isPort { return driver.rawValue }
        return driver.rawValue + (isOnPCI ? "-pci" : "-device")
    }

    var isOnPCI: Bool { if case .pci = place { true } else { false } }
}

extension MachineConfiguration.MemoryBackend {
    fileprivate var typeName: String {
        switch source {
        case .anonymous: "memory-backend-ram"
        case .memfd: "memory-backend-memfd"
        case .file: "memory-backend-file"
        }
    }

    fileprivate var members: [ObjectNode.Member] {
        var members: [ObjectNode.Member] = [
            .number("size", size), .flag("share", isShared), .flag("prealloc", isPreallocated),
        ]
        if case .file(let path) = source {
            members.append(
                .init(info: .init(name: "mem-path", type: "string"), get: { .string(path) }))
        }
        return members
    }
}

extension VirtioBalloon {
    /// As `qom-get` gives them: all of QEMU's names, with the largest number for what the guest does not tell.
    fileprivate func guestStatistics(after request: Int?) -> JSONValue {
        let names = [
            "stat-swap-in", "stat-swap-out", "stat-major-faults", "stat-minor-faults", "stat-free-memory",
            "stat-total-memory", "stat-available-memory", "stat-disk-caches", "stat-htlb-pgalloc",
            "stat-htlb-pgfail",
        ]
        let (values, time) = statistics(after: request)
        var stats = JSONObject()
        for (tag, name) in names.enumerated() { stats[name] = JSONValue(values[UInt16(tag)] ?? .max) }
        return ["stats": .object(stats), "last-update": .integer(time)]
    }
}
