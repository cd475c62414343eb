import Bytes
import Foundation
import Testing

@testable import VMState

/// The tables of the board's sections against QEMU's own description of them.
@Suite struct BoardTablesTests {
    private static func described<State>(
        _ description: VMStateDescription<State>, _ state: State, _ dialect: Dialect
    ) throws -> NSDictionary {
        var writer = VMStateWriter(dialect: dialect, version: description.version(for: dialect))
        let layout = description.save(state, to: &writer)
        return try parse("{\(layout.jsonMembers)}") as? NSDictionary ?? [:]
    }

    private static func parse(_ text: String) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(text.utf8))
    }

    /// Our description of every section that QEMU's board has, with two harts.
    private static func ours(_ dialect: Dialect) throws -> [String: NSDictionary] {
        var running = GlobalState()
        running.runState = "running"
        return [
            "timer": try described(TimerState.description, TimerState(), dialect),
            "riscv_mtimer": try described(MTimerState.description(harts: 2), MTimerState(harts: 2), dialect),
            "riscv_sifive_plic": try described(PLICState.description(harts: 2), PLICState(harts: 2), dialect),
            "fw_cfg": try described(FwCfgState.description, FwCfgState(), dialect),
            "0000:00:00.0/gpex_root": try described(PCIeRootState.description, PCIeRootState(), dialect),
            "PCIHost": try described(PCIHostState.description, PCIHostState(), dialect),
            "PCIBUS": try described(PCIBusState.description, PCIBusState(), dialect),
            "serial": try described(SerialState.description, SerialState(), dialect),
            "goldfish_rtc": try described(GoldfishRTCState.description, GoldfishRTCState(), dialect),
            "pflash_cfi01": try described(PFlashState.description, PFlashState(), dialect),
            "virt_acpi_build": try described(ACPIBuildState.description, ACPIBuildState(), dialect),
            "globalstate": try described(GlobalState.description, running, dialect),
        ]
    }

    @Test(
        "Every section of the board is laid out as QEMU says",
        arguments: [(Dialect.qemu7_2, "board-7.2"), (.qemu10_0, "board-10.0")])
    func layouts(dialect: Dialect, fixture: String) throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/vmstate/\(fixture).json")
        let sections = try #require(
            try Self.parse(try String(contentsOf: path, encoding: .utf8)) as? [[String: Any]])
        let ours = try Self.ours(dialect)
        var seen: Set<String> = []
        for var section in sections {
            let name = try #require(section.removeValue(forKey: "name") as? String)
            section.removeValue(forKey: "instance_id")
            #expect(ours[name] == section as NSDictionary, "\(name)")
            seen.insert(name)
        }
        #expect(Set(ours.keys).subtracting(seen) == (dialect == .qemu7_2 ? ["virt_acpi_build"] : []))
    }

    @Test(
        "A global state is 104 bytes in every dialect, and comes back",
        arguments: Dialect.allCases, ["running", "paused", "finish-migrate", "postmigrate"])
    func globalState(dialect: Dialect, name: String) throws {
        var state = GlobalState()
        state.runState = name
        var writer = VMStateWriter(dialect: dialect, version: 1)
        GlobalState.description.save(state, to: &writer)
        #expect(writer.output.count == 104)
        #expect(Array(writer.output.bytes[..<4]) == [0, 0, 0, UInt8(name.utf8.count + 1)])
        var loaded = GlobalState()
        try GlobalState.description.load(
            &loaded, from: VMStateReader(InputBuffer(bytes: writer.output.bytes), version: 1))
        #expect(loaded == state)
    }

    @Test(
        "A global state that is none is refused",
        arguments: [
            [UInt8](repeating: 0, count: 104),
            [0, 0, 0, 200] + Array("running".utf8) + [UInt8](repeating: 0, count: 93),
            [0, 0, 0, 8] + [UInt8](repeating: 0x41, count: 100),
            [0, 0, 0, 2, 0xff] + [UInt8](repeating: 0, count: 99),
        ])
    func damagedGlobalState(bytes: [UInt8]) {
        var state = GlobalState()
        #expect(throws: VMStateError.self) {
            try GlobalState.description.load(
                &state, from: VMStateReader(InputBuffer(bytes: bytes), version: 1))
        }
    }

    // MARK: The serial port's subsections

    private static func roundTrip(_ state: SerialState, into receiver: SerialState = SerialState()) throws
        -> (SerialState, [String])
    {
        var writer = VMStateWriter(dialect: .qemu10_0, version: 3)
        let layout = SerialState.description.save(state, to: &writer)
        var loaded = receiver
        let input = InputBuffer(bytes: writer.output.bytes)
        try SerialState.description.load(&loaded, from: VMStateReader(input, version: 3))
        #expect(try input.isAtEnd())
        return (loaded, layout.fields.first?.structure?.subsections.map(\.name) ?? [])
    }

    private static func serial(_ change: (inout SerialState) -> Void) -> SerialState {
        var state = SerialState()
        change(&state)
        return state
    }

    static let serialCases: [(state: SerialState, subsections: [String])] = [
        (serial { _ in }, []),
        (
            serial {
                $0.ier = 2; $0.iir = 0xc2; $0.thrInterruptPending = 1
            }, []
        ),
        (
            serial {
                $0.ier = 7; $0.iir = 0xc4; $0.thrInterruptPending = 1
            }, ["serial/thr_ipending"]
        ),
        (
            serial {
                $0.transmitRetry = 1; $0.tsr = 65; $0.lsr = 0x20
            }, ["serial/tsr"]
        ),
        (
            serial {
                $0.lsr = 0x61
                $0.receiveFIFO.head = 15
                $0.receiveFIFO.count = 2
                $0.timeoutTimer = 12345
                $0.timeoutPending = 1
            }, ["serial/recv_fifo", "serial/fifo_timeout_timer", "serial/timeout_ipending"]
        ),
        (
            serial {
                $0.transmitFIFO.count = 16; $0.modemPoll = 1
            }, ["serial/xmit_fifo", "serial/poll"]
        ),
    ]

    @Test(
        "A serial port sends the subsections that its state needs, and comes back whole",
        arguments: serialCases)
    func serial(state: SerialState, subsections: [String]) throws {
        let (loaded, names) = try Self.roundTrip(state)
        #expect(loaded == state)
        #expect(names == subsections)
    }

    @Test("What no subsection brings is idle, whatever the receiver had")
    func serialForgets() throws {
        let busy = Self.serial {
            $0.receiveFIFO.count = 5
            $0.timeoutTimer = 7
            $0.thrInterruptPending = 1
        }
        let (loaded, _) = try Self.roundTrip(SerialState(), into: busy)
        #expect(loaded == SerialState())
    }

    @Test(
        "A FIFO that overflows its ring is refused",
        arguments: [(UInt32(0), UInt32(17)), (16, 1), (.max, .max)])
    func damagedFIFO(head: UInt32, count: UInt32) {
        let state = Self.serial {
            $0.receiveFIFO.head = head
            $0.receiveFIFO.count = count
        }
        #expect(throws: VMStateError.self) { try Self.roundTrip(state) }
    }
}
