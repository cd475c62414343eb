import Bytes

/// The `serial` section: a 16550.
public struct SerialState: Sendable, Equatable {
    public var divider: UInt16 = 0x0c
    public var rbr: UInt8 = 0
    public var ier: UInt8 = 0
    public var iir: UInt8 = 1
    public var lcr: UInt8 = 0
    public var mcr: UInt8 = 8
    public var lsr: UInt8 = 0x60
    public var msr: UInt8 = 0xb0
    public var scr: UInt8 = 0
    public var fcr: UInt8 = 0
    public var thrInterruptPending: Int32 = 0
    public var transmitRetry: UInt32 = 0
    public var thr: UInt8 = 0
    public var tsr: UInt8 = 0
    /// The receive FIFO as a ring of 16.
    public var receiveFIFO = FIFO()
    public var transmitFIFO = FIFO()
    /// Virtual nanoseconds, -1 when not armed.
    public var timeoutTimer: Int64 = -1
    public var timeoutPending: Int32 = 0
    public var modemPoll: Int32 = -1
    public var modemTimer: Int64 = -1

    public struct FIFO: Sendable, Equatable {
        public var data: [UInt8] = Array(repeating: 0, count: 16)
        public var head: UInt32 = 0
        public var count: UInt32 = 0

        public init() {}

        static let description = VMStateDescription<FIFO>(
            "Fifo8", version: 1,
            fields: [
                .buffer("data", \.data, count: 16), .uint32("head", \.head), .uint32("num", \.count),
                .check("num") { (fifo, reader) throws(VMStateError) in
                    guard fifo.count <= 16, fifo.head < 16 else {
                        throw reader.invalid(
                            "head", expected: "a FIFO of at most 16 bytes",
                            found: "head \(fifo.head), num \(fifo.count)")
                    }
                },
            ])
    }

    public init() {}

    /// The section: a wrapper around the struct that the subsections belong to.
    public static let description = VMStateDescription<SerialState>(
        "serial", version: 3, fields: [.structure("serial", \.itself, inner)])

    private var itself: SerialState {
        get { self }
        set { self = newValue }
    }

    /// What IIR says about the transmitter's interrupt.
    private var shownTransmitInterrupt: Int32 { iir & 0x0f == 2 ? 1 : 0 }

    private mutating func forgetSubsections() {
        let idle = SerialState()
        thrInterruptPending = idle.thrInterruptPending
        transmitRetry = idle.transmitRetry
        thr = idle.thr
        tsr = idle.tsr
        receiveFIFO = idle.receiveFIFO
        transmitFIFO = idle.transmitFIFO
        timeoutTimer = idle.timeoutTimer
        timeoutPending = idle.timeoutPending
        modemPoll = idle.modemPoll
        modemTimer = idle.modemTimer
    }

    private static let inner = VMStateDescription<SerialState>(
        "serial", version: 3,
        fields: [
            // What no subsection brings is idle, whatever the receiver had.
            VMStateField(
                "subsections", load: { (state, _) in state.forgetSubsections() }, save: { _, _, _ in }),
            .uint16("divider", \.divider), .uint8("rbr", \.rbr), .uint8("ier", \.ier), .uint8("iir", \.iir),
            .uint8("lcr", \.lcr), .uint8("mcr", \.mcr), .uint8("lsr", \.lsr), .uint8("msr", \.msr),
            .uint8("scr", \.scr), .uint8("fcr_vmstate", \.fcr),
            // Sent only where IIR does not tell it.
            VMStateField(
                "thr_ipending",
                load: { (state, _) in state.thrInterruptPending = state.shownTransmitInterrupt },
                save: { _, _, _ in }),
        ],
        subsections: [
            VMStateSubsection(
                VMStateDescription(
                    "serial/thr_ipending", version: 1, fields: [.int32("thr_ipending", \.thrInterruptPending)]
                )
            ) { state, _ in
                state.ier & 2 != 0 && state.thrInterruptPending != state.shownTransmitInterrupt
            },
            VMStateSubsection(
                VMStateDescription(
                    "serial/tsr", version: 1,
                    fields: [
                        .uint32("tsr_retry", \.transmitRetry), .uint8("thr", \.thr), .uint8("tsr", \.tsr),
                    ])
            ) { state, _ in state.transmitRetry != 0 },
            VMStateSubsection(
                VMStateDescription(
                    "serial/recv_fifo", version: 1,
                    fields: [.structure("recv_fifo", \.receiveFIFO, FIFO.description)])
            ) { state, _ in state.receiveFIFO.count > 0 },
            VMStateSubsection(
                VMStateDescription(
                    "serial/xmit_fifo", version: 1,
                    fields: [.structure("xmit_fifo", \.transmitFIFO, FIFO.description)])
            ) { state, _ in state.transmitFIFO.count > 0 },
            VMStateSubsection(
                VMStateDescription(
                    "serial/fifo_timeout_timer", version: 1,
                    fields: [.timer("fifo_timeout_timer", \.timeoutTimer)])
            ) { state, _ in state.timeoutTimer >= 0 },
            VMStateSubsection(
                VMStateDescription(
                    "serial/timeout_ipending", version: 1,
                    fields: [.int32("timeout_ipending", \.timeoutPending)])
            ) { state, _ in state.timeoutPending != 0 },
            VMStateSubsection(
                VMStateDescription(
                    "serial/poll", version: 1,
                    fields: [.int32("poll_msl", \.modemPoll), .timer("modem_status_poll", \.modemTimer)])
            ) { state, _ in state.modemPoll >= 0 },
        ])
}
