// Written by qapi-gen from Schema/martlet.json; change that and run `swift run qapi-gen`.
// swift-format-ignore-file

/// What a machine does for each command. In-band commands come one at a time, whatever the number of
/// clients; the next one waits for the answer.
public protocol CommandHandler: Sendable {
    /// Ends the program. QAPI `quit`.
    func quit() async throws(QAPIError)
    /// Runs a command of the human monitor; what goes wrong with it is in the text, too. QAPI
    /// `human-monitor-command`.
    func humanMonitorCommand(_ arguments: HumanMonitorCommandArguments, descriptors: any PassedDescriptors) async throws(QAPIError) -> String
    /// What the machine is doing. QAPI `query-status`.
    func queryStatus() async throws(QAPIError) -> StatusInfo
    /// Stops the harts. QAPI `stop`.
    func stop() async throws(QAPIError)
    /// Starts the harts, or lets the guest start at the end of an incoming migration. QAPI `cont`.
    func cont() async throws(QAPIError)
    /// Resets the machine. QAPI `system_reset`.
    func systemReset() async throws(QAPIError)
    /// Presses the guest's power button. QAPI `system_powerdown`.
    func systemPowerdown() async throws(QAPIError)
    /// The harts; does not disturb them. QAPI `query-cpus-fast`.
    func queryCpusFast() async throws(QAPIError) -> [CpuInfoFast]
    /// The machine's UUID. QAPI `query-uuid`.
    func queryUuid() async throws(QAPIError) -> UuidInfo
    /// The machine's name. QAPI `query-name`.
    func queryName() async throws(QAPIError) -> NameInfo
    /// The character devices. QAPI `query-chardev`.
    func queryChardev() async throws(QAPIError) -> [ChardevInfo]
    /// Writes a stretch of a hart's virtual memory to a file. QAPI `memsave`.
    func memsave(_ arguments: MemsaveArguments) async throws(QAPIError)
    /// Writes a stretch of physical memory to a file. QAPI `pmemsave`.
    func pmemsave(_ arguments: PmemsaveArguments) async throws(QAPIError)
    /// Which processors are emulated. QAPI `query-target`.
    func queryTarget() async throws(QAPIError) -> TargetInfo
    /// Whether KVM is used. QAPI `query-kvm`.
    func queryKvm() async throws(QAPIError) -> KvmInfo
    /// The boards. QAPI `query-machines`.
    func queryMachines() async throws(QAPIError) -> [MachineInfo]
    /// The kinds of hart. QAPI `query-cpu-definitions`.
    func queryCpuDefinitions() async throws(QAPIError) -> [CpuDefinitionInfo]
    /// The options of the command line. QAPI `query-command-line-options`.
    func queryCommandLineOptions(_ arguments: QueryCommandLineOptionsArguments) async throws(QAPIError) -> [CommandLineOptionInfo]
    /// The members of an object. QAPI `qom-list`.
    func qomList(_ arguments: QomListArguments) async throws(QAPIError) -> [ObjectPropertyInfo]
    /// A member's value. QAPI `qom-get`.
    func qomGet(_ arguments: QomGetArguments) async throws(QAPIError) -> JSONValue
    /// Changes a member's value. QAPI `qom-set`.
    func qomSet(_ arguments: QomSetArguments) async throws(QAPIError)
    /// The types of objects. QAPI `qom-list-types`.
    func qomListTypes(_ arguments: QomListTypesArguments) async throws(QAPIError) -> [ObjectTypeInfo]
    /// The properties of a type. QAPI `qom-list-properties`.
    func qomListProperties(_ arguments: QomListPropertiesArguments) async throws(QAPIError) -> [ObjectPropertyInfo]
    /// The properties that -device takes for a type. QAPI `device-list-properties`.
    func deviceListProperties(_ arguments: DeviceListPropertiesArguments) async throws(QAPIError) -> [ObjectPropertyInfo]
    /// Makes an object. QAPI `object-add`.
    func objectAdd(_ arguments: ObjectOptions) async throws(QAPIError)
    /// Ends an object that object-add has made. QAPI `object-del`.
    func objectDel(_ arguments: ObjectDelArguments) async throws(QAPIError)
    /// The guest's disks. QAPI `query-block`.
    func queryBlock() async throws(QAPIError) -> [BlockInfo]
    /// The images that are open. QAPI `query-named-block-nodes`.
    func queryNamedBlockNodes(_ arguments: QueryNamedBlockNodesArguments) async throws(QAPIError) -> [BlockDeviceInfo]
    /// What the guest's disks have done. QAPI `query-blockstats`.
    func queryBlockstats(_ arguments: QueryBlockstatsArguments) async throws(QAPIError) -> [BlockStats]
    /// How much memory the guest has. QAPI `query-balloon`.
    func queryBalloon() async throws(QAPIError) -> BalloonInfo
    /// Asks the guest to have so much memory. QAPI `balloon`.
    func balloon(_ arguments: BalloonArguments) async throws(QAPIError)
    /// How much RAM the board has. QAPI `query-memory-size-summary`.
    func queryMemorySizeSummary() async throws(QAPIError) -> MemoryInfo
    /// What goes on in the background: nothing, as nothing that would is built. QAPI `query-jobs`.
    func queryJobs() async throws(QAPIError) -> [JobInfo]
    /// Stops a job for a while. QAPI `job-pause`.
    func jobPause(_ arguments: JobPauseArguments) async throws(QAPIError)
    /// Lets it go on. QAPI `job-resume`.
    func jobResume(_ arguments: JobResumeArguments) async throws(QAPIError)
    /// Gives it up. QAPI `job-cancel`.
    func jobCancel(_ arguments: JobCancelArguments) async throws(QAPIError)
    /// Lets it come to its end. QAPI `job-complete`.
    func jobComplete(_ arguments: JobCompleteArguments) async throws(QAPIError)
    /// Takes one that is over off the list. QAPI `job-dismiss`.
    func jobDismiss(_ arguments: JobDismissArguments) async throws(QAPIError)
    /// Has it do what it left for the end. QAPI `job-finalize`.
    func jobFinalize(_ arguments: JobFinalizeArguments) async throws(QAPIError)
    /// Puts a descriptor that came with the command into a set, whose name /dev/fdset/N is a file's. QAPI
    /// `add-fd`.
    func addFd(_ arguments: AddFdArguments, descriptors: any PassedDescriptors) async throws(QAPIError) -> AddfdInfo
    /// Closes one descriptor of a set, or all of it. QAPI `remove-fd`.
    func removeFd(_ arguments: RemoveFdArguments) async throws(QAPIError)
    /// The sets of descriptors. QAPI `query-fdsets`.
    func queryFdsets() async throws(QAPIError) -> [FdsetInfo]
    /// Breaks connections that do not answer, all or none of them. QAPI `yank`.
    func yank(_ arguments: YankArguments) async throws(QAPIError)
    /// The connections that yank can break. QAPI `query-yank`.
    func queryYank() async throws(QAPIError) -> [YankInstance]
    /// Announces the guest's network addresses. QAPI `announce-self`.
    func announceSelf(_ arguments: AnnounceParameters) async throws(QAPIError)
    /// How the present or last migration goes. QAPI `query-migrate`.
    func queryMigrate() async throws(QAPIError) -> MigrationInfo
    /// Switches capabilities on and off, all or none of them. QAPI `migrate-set-capabilities`.
    func migrateSetCapabilities(_ arguments: MigrateSetCapabilitiesArguments) async throws(QAPIError)
    /// The capabilities and whether they are on. QAPI `query-migrate-capabilities`.
    func queryMigrateCapabilities() async throws(QAPIError) -> [MigrationCapabilityStatus]
    /// Changes parameters, all that are given or none. QAPI `migrate-set-parameters`.
    func migrateSetParameters(_ arguments: MigrateSetParameters) async throws(QAPIError)
    /// The parameters as they stand. QAPI `query-migrate-parameters`.
    func queryMigrateParameters() async throws(QAPIError) -> MigrationParameters
    /// Moves the guest away. Exactly one of uri and channels is needed. QAPI `migrate`.
    func migrate(_ arguments: MigrateArguments, descriptors: any PassedDescriptors) async throws(QAPIError)
    /// Waits for a guest; the program was started with -incoming defer. Exactly one of uri and channels is
    /// needed. QAPI `migrate-incoming`.
    func migrateIncoming(_ arguments: MigrateIncomingArguments, descriptors: any PassedDescriptors) async throws(QAPIError)
    /// Gives up an outgoing migration; does nothing if there is none. QAPI `migrate_cancel`.
    func migrateCancel() async throws(QAPIError)
    /// Lets a migration go on from a state in which it waits. QAPI `migrate-continue`.
    func migrateContinue(_ arguments: MigrateContinueArguments) async throws(QAPIError)
    /// The threads that work for a migration. QAPI `query-migrationthreads`.
    func queryMigrationthreads() async throws(QAPIError) -> [MigrationThreadInfo]
    /// Begins to measure how fast the guest dirties its memory. QAPI `calc-dirty-rate`.
    func calcDirtyRate(_ arguments: CalcDirtyRateArguments) async throws(QAPIError)
    /// How the present or last measurement stands. QAPI `query-dirty-rate`.
    func queryDirtyRate(_ arguments: QueryDirtyRateArguments) async throws(QAPIError) -> DirtyRateInfo
    /// Limits how fast a hart, or each of them, dirties memory. QAPI `set-vcpu-dirty-limit`.
    func setVcpuDirtyLimit(_ arguments: SetVcpuDirtyLimitArguments) async throws(QAPIError)
    /// Ends the limit of a hart, or of each of them. QAPI `cancel-vcpu-dirty-limit`.
    func cancelVcpuDirtyLimit(_ arguments: CancelVcpuDirtyLimitArguments) async throws(QAPIError)
    /// The harts that have limits. QAPI `query-vcpu-dirty-limit`.
    func queryVcpuDirtyLimit() async throws(QAPIError) -> [DirtyLimitInfo]
}

/// A machine need not have all of them: what it does not implement answers that it is not built.
extension CommandHandler {
    public func quit() async throws(QAPIError) { throw .notBuilt(.quit) }
    public func humanMonitorCommand(_ arguments: HumanMonitorCommandArguments, descriptors: any PassedDescriptors) async throws(QAPIError) -> String { throw .notBuilt(.humanMonitorCommand) }
    public func queryStatus() async throws(QAPIError) -> StatusInfo { throw .notBuilt(.queryStatus) }
    public func stop() async throws(QAPIError) { throw .notBuilt(.stop) }
    public func cont() async throws(QAPIError) { throw .notBuilt(.cont) }
    public func systemReset() async throws(QAPIError) { throw .notBuilt(.systemReset) }
    public func systemPowerdown() async throws(QAPIError) { throw .notBuilt(.systemPowerdown) }
    public func queryCpusFast() async throws(QAPIError) -> [CpuInfoFast] { throw .notBuilt(.queryCpusFast) }
    public func queryUuid() async throws(QAPIError) -> UuidInfo { throw .notBuilt(.queryUuid) }
    public func queryName() async throws(QAPIError) -> NameInfo { throw .notBuilt(.queryName) }
    public func queryChardev() async throws(QAPIError) -> [ChardevInfo] { throw .notBuilt(.queryChardev) }
    public func memsave(_ arguments: MemsaveArguments) async throws(QAPIError) { throw .notBuilt(.memsave) }
    public func pmemsave(_ arguments: PmemsaveArguments) async throws(QAPIError) { throw .notBuilt(.pmemsave) }
    public func queryTarget() async throws(QAPIError) -> TargetInfo { throw .notBuilt(.queryTarget) }
    public func queryKvm() async throws(QAPIError) -> KvmInfo { throw .notBuilt(.queryKvm) }
    public func queryMachines() async throws(QAPIError) -> [MachineInfo] { throw .notBuilt(.queryMachines) }
    public func queryCpuDefinitions() async throws(QAPIError) -> [CpuDefinitionInfo] { throw .notBuilt(.queryCpuDefinitions) }
    public func queryCommandLineOptions(_ arguments: QueryCommandLineOptionsArguments) async throws(QAPIError) -> [CommandLineOptionInfo] { throw .notBuilt(.queryCommandLineOptions) }
    public func qomList(_ arguments: QomListArguments) async throws(QAPIError) -> [ObjectPropertyInfo] { throw .notBuilt(.qomList) }
    public func qomGet(_ arguments: QomGetArguments) async throws(QAPIError) -> JSONValue { throw .notBuilt(.qomGet) }
    public func qomSet(_ arguments: QomSetArguments) async throws(QAPIError) { throw .notBuilt(.qomSet) }
    public func qomListTypes(_ arguments: QomListTypesArguments) async throws(QAPIError) -> [ObjectTypeInfo] { throw .notBuilt(.qomListTypes) }
    public func qomListProperties(_ arguments: QomListPropertiesArguments) async throws(QAPIError) -> [ObjectPropertyInfo] { throw .notBuilt(.qomListProperties) }
    public func deviceListProperties(_ arguments: DeviceListPropertiesArguments) async throws(QAPIError) -> [ObjectPropertyInfo] { throw .notBuilt(.deviceListProperties) }
    public func objectAdd(_ arguments: ObjectOptions) async throws(QAPIError) { throw .notBuilt(.objectAdd) }
    public func objectDel(_ arguments: ObjectDelArguments) async throws(QAPIError) { throw .notBuilt(.objectDel) }
    public func queryBlock() async throws(QAPIError) -> [BlockInfo] { throw .notBuilt(.queryBlock) }
    public func queryNamedBlockNodes(_ arguments: QueryNamedBlockNodesArguments) async throws(QAPIError) -> [BlockDeviceInfo] { throw .notBuilt(.queryNamedBlockNodes) }
    public func queryBlockstats(_ arguments: QueryBlockstatsArguments) async throws(QAPIError) -> [BlockStats] { throw .notBuilt(.queryBlockstats) }
    public func queryBalloon() async throws(QAPIError) -> BalloonInfo { throw .notBuilt(.queryBalloon) }
    public func balloon(_ arguments: BalloonArguments) async throws(QAPIError) { throw .notBuilt(.balloon) }
    public func queryMemorySizeSummary() async throws(QAPIError) -> MemoryInfo { throw .notBuilt(.queryMemorySizeSummary) }
    public func queryJobs() async throws(QAPIError) -> [JobInfo] { throw .notBuilt(.queryJobs) }
    public func jobPause(_ arguments: JobPauseArguments) async throws(QAPIError) { throw .notBuilt(.jobPause) }
    public func jobResume(_ arguments: JobResumeArguments) async throws(QAPIError) { throw .notBuilt(.jobResume) }
    public func jobCancel(_ arguments: JobCancelArguments) async throws(QAPIError) { throw .notBuilt(.jobCancel) }
    public func jobComplete(_ arguments: JobCompleteArguments) async throws(QAPIError) { throw .notBuilt(.jobComplete) }
    public func jobDismiss(_ arguments: JobDismissArguments) async throws(QAPIError) { throw .notBuilt(.jobDismiss) }
    public func jobFinalize(_ arguments: JobFinalizeArguments) async throws(QAPIError) { throw .notBuilt(.jobFinalize) }
    public func addFd(_ arguments: AddFdArguments, descriptors: any PassedDescriptors) async throws(QAPIError) -> AddfdInfo { throw .notBuilt(.addFd) }
    public func removeFd(_ arguments: RemoveFdArguments) async throws(QAPIError) { throw .notBuilt(.removeFd) }
    public func queryFdsets() async throws(QAPIError) -> [FdsetInfo] { throw .notBuilt(.queryFdsets) }
    public func yank(_ arguments: YankArguments) async throws(QAPIError) { throw .notBuilt(.yank) }
    public func queryYank() async throws(QAPIError) -> [YankInstance] { throw .notBuilt(.queryYank) }
    public func announceSelf(_ arguments: AnnounceParameters) async throws(QAPIError) { throw .notBuilt(.announceSelf) }
    public func queryMigrate() async throws(QAPIError) -> MigrationInfo { throw .notBuilt(.queryMigrate) }
    public func migrateSetCapabilities(_ arguments: MigrateSetCapabilitiesArguments) async throws(QAPIError) { throw .notBuilt(.migrateSetCapabilities) }
    public func queryMigrateCapabilities() async throws(QAPIError) -> [MigrationCapabilityStatus] { throw .notBuilt(.queryMigrateCapabilities) }
    public func migrateSetParameters(_ arguments: MigrateSetParameters) async throws(QAPIError) { throw .notBuilt(.migrateSetParameters) }
    public func queryMigrateParameters() async throws(QAPIError) -> MigrationParameters { throw .notBuilt(.queryMigrateParameters) }
    public func migrate(_ arguments: MigrateArguments, descriptors: any PassedDescriptors) async throws(QAPIError) { throw .notBuilt(.migrate) }
    public func migrateIncoming(_ arguments: MigrateIncomingArguments, descriptors: any PassedDescriptors) async throws(QAPIError) { throw .notBuilt(.migrateIncoming) }
    public func migrateCancel() async throws(QAPIError) { throw .notBuilt(.migrateCancel) }
    public func migrateContinue(_ arguments: MigrateContinueArguments) async throws(QAPIError) { throw .notBuilt(.migrateContinue) }
    public func queryMigrationthreads() async throws(QAPIError) -> [MigrationThreadInfo] { throw .notBuilt(.queryMigrationthreads) }
    public func calcDirtyRate(_ arguments: CalcDirtyRateArguments) async throws(QAPIError) { throw .notBuilt(.calcDirtyRate) }
    public func queryDirtyRate(_ arguments: QueryDirtyRateArguments) async throws(QAPIError) -> DirtyRateInfo { throw .notBuilt(.queryDirtyRate) }
    public func setVcpuDirtyLimit(_ arguments: SetVcpuDirtyLimitArguments) async throws(QAPIError) { throw .notBuilt(.setVcpuDirtyLimit) }
    public func cancelVcpuDirtyLimit(_ arguments: CancelVcpuDirtyLimitArguments) async throws(QAPIError) { throw .notBuilt(.cancelVcpuDirtyLimit) }
    public func queryVcpuDirtyLimit() async throws(QAPIError) -> [DirtyLimitInfo] { throw .notBuilt(.queryVcpuDirtyLimit) }
}

extension CommandName {
    /// Reads the arguments, has `handler` do the work, and writes its answer.
    /// - Throws: what is wrong with the arguments, or what the handler throws.
    public func run(
        _ arguments: JSONObject, by handler: any CommandHandler, descriptors: any PassedDescriptors
    ) async throws(QAPIError) -> JSONValue {
        switch self {
        case .quit:
            _ = try NoArguments(json: .object(arguments))
            try await handler.quit()
            return .object([:])
        case .humanMonitorCommand:
            return try await handler.humanMonitorCommand(try .init(json: .object(arguments)), descriptors: descriptors).json
        case .queryStatus:
            _ = try NoArguments(json: .object(arguments))
            return try await handler.queryStatus().json
        case .stop:
            _ = try NoArguments(json: .object(arguments))
            try await handler.stop()
            return .object([:])
        case .cont:
            _ = try NoArguments(json: .object(arguments))
            try await handler.cont()
            return .object([:])
        case .systemReset:
            _ = try NoArguments(json: .object(arguments))
            try await handler.systemReset()
            return .object([:])
        case .systemPowerdown:
            _ = try NoArguments(json: .object(arguments))
            try await handler.systemPowerdown()
            return .object([:])
        case .queryCpusFast:
            _ = try NoArguments(json: .object(arguments))
            return try await handler.queryCpusFast().json
        case .queryUuid:
            _ = try NoArguments(json: .object(arguments))
            return try await handler.queryUuid().json
        case .queryName:
            _ = try NoArguments(json: .object(arguments))
            return try await handler.queryName().json
        case .queryChardev:
            _ = try NoArguments(json: .object(arguments))
            return try await handler.queryChardev().json
        case .memsave:
            try await handler.memsave(try .init(json: .object(arguments)))
            return .object([:])
        case .pmemsave:
            try await handler.pmemsave(try .init(json: .object(arguments)))
            return .object([:])
        case .queryTarget:
            _ = try NoArguments(json: .object(arguments))
            return try await handler.queryTarget().json
        case .queryKvm:
            _ = try NoArguments(json: .object(arguments))
            return try await handler.queryKvm().json
        case .queryMachines:
            _ = try NoArguments(json: .object(arguments))
            return try await handler.queryMachines().json
        case .queryCpuDefinitions:
            _ = try NoArguments(json: .object(arguments))
            return try await handler.queryCpuDefinitions().json
        case .queryCommandLineOptions:
            return try await handler.queryCommandLineOptions(try .init(json: .object(arguments))).json
        case .qomList:
            return try await handler.qomList(try .init(json: .object(arguments))).json
        case .qomGet:
            return try await handler.qomGet(try .init(json: .object(arguments))).json
        case .qomSet:
            try await handler.qomSet(try .init(json: .object(arguments)))
            return .object([:])
        case .qomListTypes:
            return try await handler.qomListTypes(try .init(json: .object(arguments))).json
        case .qomListProperties:
            return try await handler.qomListProperties(try .init(json: .object(arguments))).json
        case .deviceListProperties:
            return try await handler.deviceListProperties(try .init(json: .object(arguments))).json
        case .objectAdd:
            try await handler.objectAdd(try .init(json: .object(arguments)))
            return .object([:])
        case .objectDel:
            try await handler.objectDel(try .init(json: .object(arguments)))
            return .object([:])
        case .queryBlock:
            _ = try NoArguments(json: .object(arguments))
            return try await handler.queryBlock().json
        case .queryNamedBlockNodes:
            return try await handler.queryNamedBlockNodes(try .init(json: .object(arguments))).json
        case .queryBlockstats:
            return try await handler.queryBlockstats(try .init(json: .object(arguments))).json
        case .queryBalloon:
            _ = try NoArguments(json: .object(arguments))
            return try await handler.queryBalloon().json
        case .balloon:
            try await handler.balloon(try .init(json: .object(arguments)))
            return .object([:])
        case .queryMemorySizeSummary:
            _ = try NoArguments(json: .object(arguments))
            return try await handler.queryMemorySizeSummary().json
        case .queryJobs:
            _ = try NoArguments(json: .object(arguments))
            return try await handler.queryJobs().json
        case .jobPause:
            try await handler.jobPause(try .init(json: .object(arguments)))
            return .object([:])
        case .jobResume:
            try await handler.jobResume(try .init(json: .object(arguments)))
            return .object([:])
        case .jobCancel:
            try await handler.jobCancel(try .init(json: .object(arguments)))
            return .object([:])
        case .jobComplete:
            try await handler.jobComplete(try .init(json: .object(arguments)))
            return .object([:])
        case .jobDismiss:
            try await handler.jobDismiss(try .init(json: .object(arguments)))
            return .object([:])
        case .jobFinalize:
            try await handler.jobFinalize(try .init(json: .object(arguments)))
            return .object([:])
        case .addFd:
            return try await handler.addFd(try .init(json: .object(arguments)), descriptors: descriptors).json
        case .removeFd:
            try await handler.removeFd(try .init(json: .object(arguments)))
            return .object([:])
        case .queryFdsets:
            _ = try NoArguments(json: .object(arguments))
            return try await handler.queryFdsets().json
        case .yank:
            try await handler.yank(try .init(json: .object(arguments)))
            return .object([:])
        case .queryYank:
            _ = try NoArguments(json: .object(arguments))
            return try await handler.queryYank().json
        case .announceSelf:
            try await handler.announceSelf(try .init(json: .object(arguments)))
            return .object([:])
        case .queryMigrate:
            _ = try NoArguments(json: .object(arguments))
            return try await handler.queryMigrate().json
        case .migrateSetCapabilities:
            try await handler.migrateSetCapabilities(try .init(json: .object(arguments)))
            return .object([:])
        case .queryMigrateCapabilities:
            _ = try NoArguments(json: .object(arguments))
            return try await handler.queryMigrateCapabilities().json
        case .migrateSetParameters:
            try await handler.migrateSetParameters(try .init(json: .object(arguments)))
            return .object([:])
        case .queryMigrateParameters:
            _ = try NoArguments(json: .object(arguments))
            return try await handler.queryMigrateParameters().json
        case .migrate:
            try await handler.migrate(try .init(json: .object(arguments)), descriptors: descriptors)
            return .object([:])
        case .migrateIncoming:
            try await handler.migrateIncoming(try .init(json: .object(arguments)), descriptors: descriptors)
            return .object([:])
        case .migrateCancel:
            _ = try NoArguments(json: .object(arguments))
            try await handler.migrateCancel()
            return .object([:])
        case .migrateContinue:
            try await handler.migrateContinue(try .init(json: .object(arguments)))
            return .object([:])
        case .queryMigrationthreads:
            _ = try NoArguments(json: .object(arguments))
            return try await handler.queryMigrationthreads().json
        case .calcDirtyRate:
            try await handler.calcDirtyRate(try .init(json: .object(arguments)))
            return .object([:])
        case .queryDirtyRate:
            return try await handler.queryDirtyRate(try .init(json: .object(arguments))).json
        case .setVcpuDirtyLimit:
            try await handler.setVcpuDirtyLimit(try .init(json: .object(arguments)))
            return .object([:])
        case .cancelVcpuDirtyLimit:
            try await handler.cancelVcpuDirtyLimit(try .init(json: .object(arguments)))
            return .object([:])
        case .queryVcpuDirtyLimit:
            _ = try NoArguments(json: .object(arguments))
            return try await handler.queryVcpuDirtyLimit().json
        default: throw .notBuilt(self)
        }
    }
}
