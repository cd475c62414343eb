import Devices
public import QAPI

/// The object tree, and the catalogue of what the program is made of.
extension MachineCommands {
    // MARK: Objects

    public func qomList(_ arguments: QomListArguments) async throws(QAPIError) -> [ObjectPropertyInfo] {
        try object(arguments.path).list
    }

    public func qomGet(_ arguments: QomGetArguments) async throws(QAPIError) -> JSONValue {
        let node = try object(arguments.path)
        if arguments.property == "type" { return .string(node.type) }
        if let member = node.members.first(where: { $0.info.name == arguments.property }) {
            return member.get()
        }
        // A child is told by its path.
        guard node.child(arguments.property) != nil else {
            throw .generic("Property '\(node.type).\(arguments.property)' not found")
        }
        let path = arguments.path.hasSuffix("/") ? String(arguments.path.dropLast()) : arguments.path
        return .string("\(path)/\(arguments.property)")
    }

    public func qomSet(_ arguments: QomSetArguments) async throws(QAPIError) {
        let node = try object(arguments.path)
        guard let member = node.members.first(where: { $0.info.name == arguments.property }) else {
            throw .generic("Property '\(node.type).\(arguments.property)' not found")
        }
        guard let set = member.set else {
            throw .generic("Insufficient permission to perform this operation")
        }
        try set(arguments.value)
    }

    public func objectAdd(_ arguments: ObjectOptions) async throws(QAPIError) {
        try machine.userObjects.add(arguments)
    }

    public func objectDel(_ arguments: ObjectDelArguments) async throws(QAPIError) {
        try machine.userObjects.remove(arguments.id)
    }

    /// The object at an absolute path.
    private func object(_ path: String) throws(QAPIError) -> ObjectNode {
        var node = machine.objects
        for name in path.split(separator: "/") {
            guard let child = node.child(name) else {
                throw QAPIError(.deviceNotFound, "Device '\(path)' not found")
            }
            node = child
        }
        guard path.hasPrefix("/") else { throw QAPIError(.deviceNotFound, "Device '\(path)' not found") }
        return node
    }

    // MARK: Types

    public func qomListTypes(_ arguments: QomListTypesArguments) async throws(QAPIError) -> [ObjectTypeInfo] {
        TypeCatalogue.entries.filter { entry in
            (arguments.abstract == true || !entry.isAbstract)
                && (arguments.implements.map { TypeCatalogue.descends(entry, from: $0) } ?? true)
        }.map {
            ObjectTypeInfo(name: $0.name, abstract: $0.isAbstract ? true : nil, parent: $0.parent)
        }
    }

    public func qomListProperties(
        _ arguments: QomListPropertiesArguments
    ) async throws(QAPIError) -> [ObjectPropertyInfo] {
        guard let entry = TypeCatalogue.entry(arguments.typename) else {
            throw QAPIError(.deviceNotFound, "Class '\(arguments.typename)' not found")
        }
        return [ObjectPropertyInfo(name: "type", type: "string")] + entry.properties
    }

    public func deviceListProperties(
        _ arguments: DeviceListPropertiesArguments
    ) async throws(QAPIError) -> [ObjectPropertyInfo] {
        guard let entry = TypeCatalogue.entry(arguments.typename) else {
            throw QAPIError(.deviceNotFound, "Device '\(arguments.typename)' not found")
        }
        guard TypeCatalogue.descends(entry, from: "device"), !entry.isAbstract else {
            throw .generic("Parameter 'typename' expects a non-abstract device type")
        }
        return entry.properties
    }

    // MARK: The program

    public func queryTarget() async throws(QAPIError) -> TargetInfo { TargetInfo(arch: .riscv64) }

    public func queryKvm() async throws(QAPIError) -> KvmInfo { KvmInfo(enabled: false, present: false) }

    public func queryMachines() async throws(QAPIError) -> [MachineInfo] {
        [
            MachineInfo(
                name: "none", cpuMax: 1, hotpluggableCpus: false, numaMemSupported: false, deprecated: false,
                acpi: false),
            MachineInfo(
                name: "virt", isDefault: true, cpuMax: 8, hotpluggableCpus: false, numaMemSupported: false,
                deprecated: false, defaultCpuType: "rv64-riscv-cpu",
                defaultRamId: MachineConfiguration.defaultMemoryName, acpi: false),
        ]
    }

    public func queryCpuDefinitions() async throws(QAPIError) -> [CpuDefinitionInfo] {
        [CpuDefinitionInfo(name: "rv64", static: false, typename: "rv64-riscv-cpu", deprecated: false)]
    }

    /// Options whose only values say that something is not there are not told: nobody need pass them.
    public func queryCommandLineOptions(
        _ arguments: QueryCommandLineOptionsArguments
    ) async throws(QAPIError) -> [CommandLineOptionInfo] {
        let all = OptionTable.entries.filter { $0.group != .neutral }
            .flatMap(\.names).map { CommandLineOptionInfo(option: $0, parameters: []) }
        guard let option = arguments.option else { return all }
        let found = all.filter { $0.option == option }
        guard !found.isEmpty else { throw .generic("invalid option name: \(option)") }
        return found
    }

    public func queryMemorySizeSummary() async throws(QAPIError) -> MemoryInfo {
        MemoryInfo(baseMemory: machine.configuration.memorySize, pluggedMemory: 0)
    }

    // MARK: The balloon

    private static let noBalloon = QAPIError(.deviceNotActive, "No balloon device has been activated")

    public func queryBalloon() async throws(QAPIError) -> BalloonInfo {
        guard let actual = machine.balloonedMemory else { throw Self.noBalloon }
        return BalloonInfo(actual: Int64(clamping: actual))
    }

    public func balloon(_ arguments: BalloonArguments) async throws(QAPIError) {
        let balloons = machine.board.virtio.compactMap { $0 as? VirtioBalloon }
        guard let balloon = balloons.first else { throw Self.noBalloon }
        guard let wanted = UInt64(exactly: arguments.value), wanted > 0 else {
            throw .generic("Parameter 'target' expects a size")
        }
        let size = machine.configuration.memorySize
        balloon.setTarget(pages: UInt32(clamping: (size - min(wanted, size)) / 4096))
    }
}
