import Glibc
import GuestMemory
import Migration
import QAPI
import Synchronization
import Testing
import Threads
import Transport

@testable import Machine

@Suite("Dirty rate and dirty limit of a machine", .serialized)
struct DirtyRateTests {
    private func end(_ commands: MachineCommands) {
        commands.dirtyRate.end()
        commands.machine.shutdown(byGuest: false, reason: .hostQmpQuit)
    }

    /// Waits at most two minutes: other tests may have the processors.
    private func wait(_ condition: () async throws -> Bool) async rethrows -> Bool {
        for _ in 0..<120_000 {
            if try await condition() { return true }
            usleep(1000)
        }
        return false
    }

    @Test("a measurement is told of in both units, as QEMU does")
    func query() async throws {
        let commands = try MachineCommands.stopped()
        defer { end(commands) }
        func query(_ unit: TimeUnit?) async throws -> DirtyRateInfo {
            try await commands.queryDirtyRate(.init(calcTimeUnit: unit))
        }
        #expect(
            try await query(nil)
                == DirtyRateInfo(
                    status: .unstarted, startTime: 0, calcTime: 0, calcTimeUnit: .second, samplePages: 0,
                    mode: .pageSampling))
        await #expect(throws: QAPIError.generic("Calculation time is out of range [50ms, 60000ms].")) {
            try await commands.calcDirtyRate(.init(calcTime: 61))
        }
        try await commands.calcDirtyRate(
            .init(calcTime: 59_999, calcTimeUnit: .millisecond, mode: .dirtyRing))
        await #expect(throws: QAPIError.generic("the dirty rate is already being measured.")) {
            try await commands.calcDirtyRate(.init(calcTime: 1))
        }
        let running = try await query(.millisecond)
        #expect(running.status == .measuring && running.calcTime == 59_999 && running.samplePages == 512)
        #expect(running.dirtyRate == nil && running.vcpuDirtyRate == nil && running.startTime > 0)
        #expect(try await query(nil).calcTime == 59)
        commands.dirtyRate.end()
        #expect(try await wait { try await query(nil).status == .measured })
        let over = try await query(nil)
        #expect(over.dirtyRate == 0 && over.vcpuDirtyRate == [.init(id: 0, dirtyRate: 0)])
        #expect(over.samplePages == 0 && over.calcTime < 59 && over.startTime == running.startTime)
    }

    @Test("a guest that writes 257 pages is found to do so, in every mode")
    func measures() async throws {
        let machine = try MovingGuestTests.source()
        let commands = MachineCommands(machine, controller: MigrationController(machine))
        defer { end(commands) }
        for mode in [DirtyRateMeasureMode.dirtyBitmap, .dirtyRing, .pageSampling] {
            var info: DirtyRateInfo?
            // A guest that does not get to run writes nothing.
            for _ in 0..<200 where (info?.dirtyRate ?? 0) == 0 {
                try await commands.calcDirtyRate(
                    .init(
                        calcTime: 100, calcTimeUnit: .millisecond,
                        samplePages: mode == .pageSampling ? 16_384 : nil, mode: mode))
                #expect(
                    try await wait { try await commands.queryDirtyRate(.init()).status == .measured })
                info = try await commands.queryDirtyRate(.init(calcTimeUnit: .millisecond))
            }
            let found = try #require(info)
            let rate = try #require(found.dirtyRate)
            // Each page once; the ring's begin anew each second.
            let most = 257.0 * 1000 / 256 / Double(found.calcTime) * Double(found.calcTime / 1000 + 1)
            #expect(rate > 0 && Double(rate) <= most * (mode == .pageSampling ? 1.5 : 1) + 1, "\(found)")
            #expect(found.vcpuDirtyRate == (mode == .dirtyRing ? [.init(id: 0, dirtyRate: rate)] : nil))
        }
        #expect(await wait { machine.memory.logs == [] })
    }

    @Test("limits are set, changed, told and ended, of one hart and of all")
    func limits() async throws {
        let commands = try MachineCommands.stopped(["-smp", "3"])
        defer { end(commands) }
        func limits() async throws -> [Int64: UInt64] {
            let all = try await commands.queryVcpuDirtyLimit()
            return Dictionary(uniqueKeysWithValues: all.map { ($0.cpuIndex, $0.limitRate) })
        }
        #expect(try await limits() == [:])
        try await commands.cancelVcpuDirtyLimit(.init())
        try await commands.setVcpuDirtyLimit(.init(cpuIndex: 1, dirtyRate: 10))
        #expect(try await limits() == [1: 10])
        #expect(commands.machine.memory.logs == .count)
        try await commands.setVcpuDirtyLimit(.init(dirtyRate: 7))
        #expect(try await limits() == [0: 7, 1: 7, 2: 7])
        try await commands.setVcpuDirtyLimit(.init(cpuIndex: 0, dirtyRate: 0))
        try await commands.cancelVcpuDirtyLimit(.init(cpuIndex: 2))
        try await commands.setVcpuDirtyLimit(.init(cpuIndex: 1, dirtyRate: .max))
        #expect(try await limits() == [1: .max])
        for index in [3, -1, .max] as [Int64] {
            await #expect(throws: QAPIError.generic("incorrect cpu index specified")) {
                try await commands.setVcpuDirtyLimit(.init(cpuIndex: index, dirtyRate: 1))
            }
            await #expect(throws: QAPIError.generic("incorrect cpu index specified")) {
                try await commands.cancelVcpuDirtyLimit(.init(cpuIndex: index))
            }
        }
        // A migration's limit holds beside the operator's, the lower of both.
        commands.machine.limitDirtying(DirtyLimit(rate: 20, period: 100))
        #expect(try await limits() == [0: 20, 1: 20, 2: 20])
        #expect(commands.machine.dirtyLimitStatistics?.ringFullTime == 0)
        commands.machine.limitDirtying(nil)
        #expect(try await limits() == [1: .max])
        try await commands.cancelVcpuDirtyLimit(.init())
        #expect(try await limits() == [:] && commands.machine.dirtyLimitStatistics == nil)
        #expect(await wait { commands.machine.memory.logs == [] })
    }

    @Test("while a migration has the limits, nobody else sets or ends them")
    func ofMigration() async throws {
        let machine = try MovingGuestTests.source()
        let commands = MachineCommands(machine, controller: MigrationController(machine))
        defer { end(commands) }
        try await commands.migrateSetCapabilities(
            .init(capabilities: [.init(capability: .dirtyLimit, state: true)]))
        try await commands.setVcpuDirtyLimit(.init(dirtyRate: 100))
        try await commands.migrateSetParameters(.init(maxBandwidth: 1000, vcpuDirtyLimit: 3))
        let (near, far) = try Channel.pair()
        try commands.controller.migrate(over: near)
        let said = "dirty page rate limit while migration is running"
        await #expect(throws: QAPIError.generic("can't set \(said)")) {
            try await commands.setVcpuDirtyLimit(.init(dirtyRate: 10))
        }
        await #expect(throws: QAPIError.generic("can't cancel \(said)")) {
            try await commands.cancelVcpuDirtyLimit(.init())
        }
        #expect(try await wait { try await commands.queryMigrate().dirtyLimitThrottleTimePerRound != nil })
        try await commands.migrateCancel()
        far.close()
        #expect(try await wait { try await commands.queryMigrate().status == .cancelled })
        #expect(try await commands.queryMigrate().dirtyLimitThrottleTimePerRound == nil)
        #expect(try await commands.queryVcpuDirtyLimit().map(\.limitRate) == [100])
        try await commands.cancelVcpuDirtyLimit(.init())
    }

    @Test("a guest that is measured and limited all the time arrives page for page")
    func arrivesWhole() throws {
        for round in 0..<6 {
            let here = try MovingGuestTests.source()
            let there = try MovingGuestTests.machine(["-incoming", "defer", "-S"])
            let (from, to) = (MigrationController(here), MigrationController(there))
            let measurement = DirtyRateMeasurement(here)
            let isOver = SharedState(false)
            let thread = OSThread("disturb") {
                var turn = round
                while !isOver.read({ $0 }) {
                    try? measurement.begin(
                        calcTime: 50, unit: .millisecond,
                        mode: DirtyRateMeasureMode.allCases[turn % DirtyRateMeasureMode.allCases.count])
                    here.dirtyLimiter.setLimit(turn % 3 == 0 ? 20 : nil, hart: 0)
                    here.throttleHarts(percent: turn % 5 == 0 ? 40 : 0)
                    turn += 1
                    _ = isOver.wait(milliseconds: 3) { $0 ? true : nil }
                }
                here.throttleHarts(percent: 0)
                here.dirtyLimiter.setLimit(nil, hart: nil)
            }
            // Through several passes.
            try from.updateSettings { $0.downtimeLimit = 0 }
            let (near, far) = try Channel.pair()
            try to.migrateIncoming(over: far)
            try from.migrate(over: near)
            for _ in 0..<120_000
            where from.queryMigrate().status.isUnderWay && (from.queryMigrate().ram?.dirtySyncCount ?? 0) < 20
            {
                usleep(1000)
            }
            try from.updateSettings { $0.downtimeLimit = 300 }
            for _ in 0..<120_000
            where from.queryMigrate().status.isUnderWay || to.queryMigrate().status.isUnderWay {
                usleep(1000)
            }
            isOver.update { $0 = true }
            thread.join()
            measurement.end()
            #expect(to.queryMigrate().status == .completed, "\(to.queryMigrate())")
            #expect(here.runState == .postmigrate && there.runState != .running)
            for (sent, received) in zip(here.memory.blocks, there.memory.blocks) {
                #expect(sent.name == received.name && sent.size == received.size)
                for page in 0..<sent.pageCount {
                    let place = page * guestPageSize
                    try #require(
                        unsafe memcmp(sent.base + place, received.base + place, guestPageSize) == 0,
                        "page \(page) of \(sent.name)")
                }
            }
            here.shutdown(byGuest: false, reason: .hostQmpQuit)
            there.shutdown(byGuest: false, reason: .hostQmpQuit)
        }
    }

    static let lines: [(line: String, text: String)] = [
        (
            "info dirty_rate",
            "Status: unstarted\r\nStart Time: 0 (ms)\r\nSample Pages: 0 (per GB)\r\nPeriod: 0 (sec)\r\n"
                + "Mode: page-sampling\r\nDirty rate: (not ready)\r\n"
        ),
        (
            "calc_dirty_rate 60",
            "Starting dirty rate measurement with period 60 seconds\r\n"
                + "[Please use 'info dirty_rate' to check results]\r\n"
        ),
        ("calc_dirty_rate -r 1", "Error: the dirty rate is already being measured.\r\n"),
        ("calc_dirty_rate -r -b 1", "Either dirty ring or dirty bitmap can be specified!\r\n"),
        ("calc_dirty_rate 0", "Incorrect period length specified!\r\n"),
        (
            "calc_dirty_rate",
            "calc_dirty_rate: number expected\r\nTry \"help calc_dirty_rate\" for more information\r\n"
        ),
        ("info vcpu_dirty_limit", "Dirty page limit not enabled!\r\n"),
        ("set_vcpu_dirty_limit -5", "Error: invalid dirty page limit -5\r\n"),
        ("set_vcpu_dirty_limit 5 2", "Error: incorrect cpu index specified\r\n"),
        (
            "set_vcpu_dirty_limit 5 1",
            "[Please use 'info vcpu_dirty_limit' to query dirty limit for virtual CPU]\r\n"
        ),
        ("info vcpu_dirty_limit", "vcpu[1], limit rate 5 (MB/s), current rate 0 (MB/s)\r\n"),
        (
            "cancel_vcpu_dirty_limit",
            "[Please use 'info vcpu_dirty_limit' to query dirty limit for virtual CPU]\r\n"
        ),
        ("info vcpu_dirty_limit", "Dirty page limit not enabled!\r\n"),
    ]

    @Test("the monitor for people says what QEMU's says")
    func human() async throws {
        let commands = try MachineCommands.stopped(["-smp", "2"])
        defer { end(commands) }
        func say(_ line: String) async throws -> String {
            try await commands.humanMonitorCommand(.init(commandLine: line), descriptors: NoDescriptors())
        }
        for (line, text) in Self.lines { #expect(try await say(line) == text, "\(line)") }
        commands.dirtyRate.end()
        #expect(try await wait { try await say("info dirty_rate").hasPrefix("Status: measured") })
        #expect(try await say("info dirty_rate").hasSuffix("Mode: page-sampling\r\nDirty rate: 0 (MB/s)\r\n"))
        let info = MigrationInfo(dirtyLimitThrottleTimePerRound: 5, dirtyLimitRingFullTime: 6).humanText
        #expect(info.hasSuffix("dirty-limit throttle time: 5 us\ndirty-limit ring full time: 6 us\n"))
    }
}
