import Migration
public import QAPI
import RISCV

/// How fast the guest dirties its memory, and how fast harts may.
extension MachineCommands {
    public func calcDirtyRate(_ arguments: CalcDirtyRateArguments) async throws(QAPIError) {
        do {
            try dirtyRate.begin(
                calcTime: arguments.calcTime, unit: arguments.calcTimeUnit,
                samplePages: arguments.samplePages, mode: arguments.mode)
        } catch {
            throw .generic(error.description)
        }
    }

    public func queryDirtyRate(_ arguments: QueryDirtyRateArguments) async throws(QAPIError) -> DirtyRateInfo
    {
        let report = dirtyRate.report
        let unit = arguments.calcTimeUnit ?? .second
        return DirtyRateInfo(
            dirtyRate: report.rate, status: report.status, startTime: report.startTime,
            calcTime: unit == .second ? report.milliseconds / 1000 : report.milliseconds, calcTimeUnit: unit,
            samplePages: report.samplePages, mode: report.mode,
            vcpuDirtyRate: report.hartRates?.enumerated().map {
                DirtyRateVcpu(id: Int64($0.offset), dirtyRate: $0.element)
            })
    }

    public func setVcpuDirtyLimit(_ arguments: SetVcpuDirtyLimitArguments) async throws(QAPIError) {
        guard arguments.dirtyRate > 0 else {
            return try await cancelVcpuDirtyLimit(CancelVcpuDirtyLimitArguments(cpuIndex: arguments.cpuIndex))
        }
        let hart = try hart(arguments.cpuIndex)
        try requireNoMigration("set")
        machine.dirtyLimiter.setLimit(arguments.dirtyRate, hart: hart)
    }

    public func cancelVcpuDirtyLimit(_ arguments: CancelVcpuDirtyLimitArguments) async throws(QAPIError) {
        let hart = try hart(arguments.cpuIndex)
        try requireNoMigration("cancel")
        machine.dirtyLimiter.setLimit(nil, hart: hart)
    }

    public func queryVcpuDirtyLimit() async throws(QAPIError) -> [DirtyLimitInfo] {
        machine.dirtyLimiter.limits.map {
            DirtyLimitInfo(cpuIndex: Int64($0.hart), limitRate: $0.limit, currentRate: $0.rate)
        }
    }

    /// The hart that is meant; nil: all of them.
    private func hart(_ index: Int64?) throws(QAPIError) -> Int? {
        guard let index else { return nil }
        guard machine.board.harts.contains(where: { Int64($0.id) == index }) else {
            throw .generic("incorrect cpu index specified")
        }
        return Int(index)
    }

    /// A migration with the capability `dirty-limit` sets limits of its own.
    private func requireNoMigration(_ verb: String) throws(QAPIError) {
        guard controller.settings[.dirtyLimit] else { return }
        do throws(MigrationError) {
            try controller.requireIdle()
        } catch {
            throw .generic("can't \(verb) dirty page rate limit while migration is running")
        }
    }
}
