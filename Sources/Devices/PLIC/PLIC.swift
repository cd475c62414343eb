public import VMState

/// The platform-level interrupt controller: 95 sources, a machine and a supervisor context for each hart.
/// Source: RISC-V PLIC specification, with QEMU's choices (no re-sampling of a level at completion).
public final class PLIC: MMIODevice, @unchecked Sendable {
    // Sendable: touched with the board's lock held.

    private var state: PLICState
    private let harts: Int
    /// Sets the external interrupt of a context: 2 h for machine, 2 h + 1 for supervisor mode of hart h.
    private let output: @Sendable (Int, Bool) -> Void

    public init(harts: Int, output: @escaping @Sendable (_ context: Int, _ asserted: Bool) -> Void) {
        self.harts = harts
        self.output = output
        state = PLICState(harts: harts)
    }

    /// The input of a source, 1 to 95.
    public func line(_ source: Int) -> InterruptLine {
        InterruptLine { [weak self] asserted in
            guard let self, asserted else { return }
            state.pending[source / 32] |= 1 << UInt32(source % 32)
            update()
        }
    }

    public func reset() {
        state = PLICState(harts: harts)
        update()
    }

    /// The pending source of a context with the highest priority above its threshold, 0 for none.
    private func best(_ context: Int) -> Int {
        var best = 0
        var priority = state.targetPriority[context]
        for word in 0..<3 {
            var bits = state.pending[word] & ~state.claimed[word] & state.enable[context * 3 + word]
            while bits != 0 {
                let source = word * 32 + bits.trailingZeroBitCount
                bits &= bits - 1
                if state.sourcePriority[source] > priority {
                    best = source
                    priority = state.sourcePriority[source]
                }
            }
        }
        return best
    }

    private func update() {
        for context in 0..<2 * harts { output(context, best(context) != 0) }
    }

    public func read(_ offset: UInt64, size: Int) -> UInt64 {
        guard size == 4 else { return 0 }
        switch offset {
        case 0..<0x1000:
            let source = Int(offset / 4)
            return source < PLICState.sources ? UInt64(state.sourcePriority[source]) : 0
        case 0x1000..<0x1080:
            let word = Int(offset - 0x1000) / 4
            return word < 3 ? UInt64(state.pending[word]) : 0
        case 0x2000..<0x20_0000:
            let (context, word) = (Int(offset - 0x2000) / 0x80, Int(offset & 0x7f) / 4)
            return context < 2 * harts && word < 3 ? UInt64(state.enable[context * 3 + word]) : 0
        case 0x20_0000...:
            let context = Int(offset - 0x20_0000) / 0x1000
            guard context < 2 * harts else { return 0 }
            if offset & 0xfff == 0 { return UInt64(state.targetPriority[context]) }
            guard offset & 0xfff == 4 else { return 0 }
            let source = best(context)
            if source != 0 {
                state.pending[source / 32] &= ~(1 << UInt32(source % 32))
                state.claimed[source / 32] |= 1 << UInt32(source % 32)
            }
            update()
            return UInt64(source)
        default: return 0
        }
    }

    public func write(_ offset: UInt64, size: Int, value: UInt64) {
        guard size == 4 else { return }
        let word32 = UInt32(truncatingIfNeeded: value)
        switch offset {
        case 4..<0x1000:
            let source = Int(offset / 4)
            if source < PLICState.sources { state.sourcePriority[source] = word32 & 7 }
        case 0x2000..<0x20_0000:
            let (context, word) = (Int(offset - 0x2000) / 0x80, Int(offset & 0x7f) / 4)
            if context < 2 * harts, word < 3 {
                state.enable[context * 3 + word] = word == 0 ? word32 & ~1 : word32
            }
        case 0x20_0000...:
            let context = Int(offset - 0x20_0000) / 0x1000
            guard context < 2 * harts else { return }
            if offset & 0xfff == 0 {
                state.targetPriority[context] = word32 & 7
            } else if offset & 0xfff == 4, word32 < UInt32(PLICState.sources) {
                state.claimed[Int(word32) / 32] &= ~(1 << (word32 % 32))
            }
        default: return
        }
        update()
    }

    public var sections: [VMStateSection] {
        [
            VMStateSection("riscv_sifive_plic", PLICState.description(harts: harts)) { [self] in
                state
            } set: { [self] (new, reader) throws(VMStateError) in
                for (name, values) in [
                    ("source_priority", new.sourcePriority), ("target_priority", new.targetPriority),
                ] {
                    guard let index = values.firstIndex(where: { $0 > 7 }) else { continue }
                    throw reader.invalid(
                        name, "[\(index)]", distance: 4 * index, expected: "a priority of 0 to 7",
                        found: "\(values[index])")
                }
                state = new
                update()
            }
        ]
    }
}
