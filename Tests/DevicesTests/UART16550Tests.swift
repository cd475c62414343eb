import Bytes
import Testing
import VMState

@testable import Devices

@Suite struct UART16550Tests {
    /// A port on a board whose clock runs.
    private struct Port {
        let board: BoardFixture
        let wire = Wire()
        let sent = Collected()
        let uart: UART16550

        init(running: Bool = true) {
            board = BoardFixture(running: running)
            uart = UART16550(timers: board.timers, line: wire.line) { [sent] in sent.append([$0]) }
        }

        func read(_ register: UInt64) -> UInt64 { board.lock.withLock { uart.read(register, size: 1) } }
        func write(_ register: UInt64, _ value: UInt64) {
            board.lock.withLock { uart.write(register, size: 1, value: value) }
        }
        func receive(_ bytes: [UInt8]) { board.lock.withLock { uart.receive(bytes) } }
    }

    @Test("Bytes written to THR go out, and LSR stays empty")
    func transmit() {
        let port = Port()
        for byte in "Hi".utf8 { port.write(0, UInt64(byte)) }
        #expect(port.sent.text == "Hi")
        #expect(port.read(5) == 0x60)
    }

    @Test("The divisor latch hides data and interrupt registers")
    func divisor() {
        let port = Port()
        port.write(3, 0x83)
        port.write(0, 0x34)
        port.write(1, 0x12)
        #expect(port.read(0) == 0x34)
        #expect(port.read(1) == 0x12)
        port.write(3, 0x03)
        #expect(port.read(1) == 0)
        #expect(port.sent.bytes.isEmpty)
    }

    @Test("The transmitter's interrupt comes when enabled and with each byte, and goes when IIR is read")
    func transmitInterrupt() {
        let port = Port()
        port.write(1, 0x02)
        #expect(port.wire.isUp)
        #expect(port.read(2) == 0x02)
        #expect(!port.wire.isUp)
        #expect(port.read(2) == 0x01)
        port.write(0, 65)
        #expect(port.wire.isUp)
    }

    @Test(
        "With FIFOs the receiver waits for the trigger level",
        arguments: [(0x01, 1), (0x41, 4), (0x81, 8), (0xc1, 14)])
    func trigger(control: UInt64, level: Int) {
        let port = Port(running: false)
        port.write(2, control)
        port.write(1, 0x01)
        for count in 1..<level {
            port.receive([UInt8(count)])
            #expect(!port.wire.isUp)
        }
        port.receive([99])
        #expect(port.wire.isUp)
        #expect(port.read(2) == 0xc4)
        for _ in 0..<level { _ = port.read(0) }
        #expect(!port.wire.isUp)
        #expect(port.read(5) == 0x60)
    }

    @Test("Input below the trigger level is announced after a while")
    func timeout() {
        let port = Port()
        port.write(2, 0xc1)
        port.write(1, 0x01)
        port.receive([7])
        #expect(port.wire.becomes(true))
        #expect(port.read(2) == 0xcc)
        #expect(port.read(0) == 7)
        #expect(!port.wire.isUp)
    }

    @Test("A seventeenth byte is an overrun, which LSR tells once")
    func overrun() {
        let port = Port()
        port.write(2, 0x01)
        port.receive((0..<17).map { UInt8($0) })
        #expect(port.read(5) == 0x63)
        #expect(port.read(5) == 0x61)
        #expect((0..<16).map { _ in port.read(0) } == (0..<16).map { UInt64($0) })
    }

    @Test("In loopback bytes come back, and modem outputs are its inputs")
    func loopback() {
        let port = Port()
        port.write(4, 0x1f)
        port.write(0, 0x5a)
        #expect(port.sent.bytes.isEmpty)
        #expect(port.read(0) == 0x5a)
        #expect(port.read(6) == 0xf0)
        port.write(4, 0x11)
        #expect(port.read(6) == 0x20)
    }

    @Test("Nothing is taken while time stands still")
    func stopped() {
        let port = Port(running: false)
        #expect(port.uart.room == 0)
        port.board.clock.start()
        #expect(port.uart.room == 1)
        port.write(2, 0x01)
        #expect(port.uart.room == 16)
    }

    @Test("Waiting input and a pending transmit interrupt travel")
    func moves() throws {
        let source = Port(running: false)
        source.write(2, 0xc1)
        source.write(1, 0x03)
        source.receive([1, 2, 3])
        #expect(source.wire.isUp)
        let bytes = save(source.uart.sections[0])
        let target = Port(running: false)
        try load(bytes, into: target.uart.sections[0])
        #expect(target.wire.isUp)
        #expect(target.read(2) == 0xc2)
        #expect((0..<3).map { _ in target.read(0) } == [1, 2, 3])
    }

    @Test("A byte that a QEMU was still trying to send goes out at the destination, with its FIFO")
    func retry() throws {
        var state = SerialState()
        state.lsr = 0
        state.transmitRetry = 2
        state.tsr = 65
        state.transmitFIFO.data[15] = 66
        state.transmitFIFO.data[0] = 67
        state.transmitFIFO.head = 15
        state.transmitFIFO.count = 2
        var writer = VMStateWriter(dialect: .qemu10_0, version: 3)
        SerialState.description.save(state, to: &writer)
        let port = Port(running: false)
        try load(writer.output.bytes, into: port.uart.sections[0])
        #expect(port.sent.text == "ABC")
        #expect(port.read(5) == 0x60)
    }

    @Test(
        "A transmitter that is busy with nothing, or idle with a byte, is refused",
        arguments: [(0x20, 0), (0x60, 1)])
    func inconsistent(lsr: UInt8, retry: UInt32) {
        var state = SerialState()
        state.lsr = lsr
        state.transmitRetry = retry
        var writer = VMStateWriter(dialect: .qemu10_0, version: 3)
        SerialState.description.save(state, to: &writer)
        let port = Port(running: false)
        #expect(throws: VMStateError.self) { try load(writer.output.bytes, into: port.uart.sections[0]) }
    }
}
