/// Which program's layouts a section is written in. `virt` is an unversioned machine, so the releases of
/// QEMU disagree about it and refuse each other's sections; a receiver tells them apart by the bytes.
public enum Dialect: String, Sendable, CaseIterable {
    /// QEMU 7.2, as in Debian 12.
    case qemu7_2 = "qemu-7.2"
    /// QEMU 10.0 before 10.0.11: no `cpu/timer`.
    case qemu10_0 = "qemu-10.0"
    /// QEMU 10.0.11 and later: `cpu/timer` is written and known.
    case qemu10_0_11 = "qemu-10.0.11"
    /// Another Martlet, agreed upon over the return path: as `qemu10_0_11`, and what QEMU leaves out.
    case martlet
}
