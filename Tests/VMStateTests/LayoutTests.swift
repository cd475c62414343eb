import Bytes
import Testing
import VMState

/// The JSON against what QEMU 10.0 wrote for the same devices of `virt`.
@Suite("Layouts")
struct LayoutTests {
    struct PLIC: Sendable {
        var priorities = [UInt32](repeating: 0, count: 96)
        var targets = [UInt32](repeating: 0, count: 2)
        var pending = [UInt32](repeating: 0, count: 3)
    }

    @Test("arrays are described once for all elements")
    func arrays() {
        let table = VMStateDescription<PLIC>(
            "riscv_sifive_plic", version: 1,
            fields: [
                .array("source_priority", \.priorities, .uint32, count: 96),
                .array("target_priority", \.targets, .uint32) { $0.targets.count },
                .array("pending", \.pending, .uint32, count: 3),
            ])
        var writer = VMStateWriter(dialect: .qemu10_0, version: 1)
        #expect(
            table.save(PLIC(), to: &writer).jsonMembers == """
                "vmsd_name": "riscv_sifive_plic", "version": 1, "fields": [\
                {"name": "source_priority", "array_len": 96, "type": "uint32", "size": 4}, \
                {"name": "target_priority", "array_len": 2, "type": "uint32", "size": 4}, \
                {"name": "pending", "array_len": 3, "type": "uint32", "size": 4}]
                """)
        #expect(writer.output.count == 4 * (96 + 2 + 3))
    }

    struct PMP: Sendable {
        var entries = [Entry](repeating: Entry(), count: 16)

        struct Entry: Sendable {
            var address: UInt64 = 0
            var configuration: UInt8 = 0
        }
    }

    @Test("structs of one shape are described once")
    func structures() {
        let entry = VMStateDescription<PMP.Entry>(
            "cpu/pmp/entry", version: 1,
            fields: [.uint64("addr_reg", \.address), .uint8("cfg_reg", \.configuration)])
        let table = VMStateDescription<PMP>(
            "cpu/pmp", version: 1, fields: [.structures("env.pmp_state.pmp", \.entries, entry)])
        var writer = VMStateWriter(dialect: .qemu10_0, version: 1)
        #expect(
            table.save(PMP(), to: &writer).jsonMembers == """
                "vmsd_name": "cpu/pmp", "version": 1, "fields": [{"name": "env.pmp_state.pmp", \
                "array_len": 16, "type": "struct", "struct": {"vmsd_name": "cpu/pmp/entry", "version": 1, \
                "fields": [{"name": "addr_reg", "type": "uint64", "size": 8}, \
                {"name": "cfg_reg", "type": "uint8", "size": 1}]}, "size": 9}]
                """)
        #expect(writer.output.count == 16 * 9)
    }

    struct FirmwareConfiguration: Sendable {
        var entry: UInt16 = 0
        var offset: UInt32 = 0
        var address: UInt64 = 0
    }

    @Test("subsections come after the fields")
    func subsections() {
        let table = VMStateDescription<FirmwareConfiguration>(
            "fw_cfg", version: 2,
            fields: [.uint16("cur_entry", \.entry), .uint32("cur_offset[1]", \.offset)],
            subsections: [
                VMStateSubsection(
                    VMStateDescription("fw_cfg/dma", version: 0, fields: [.uint64("dma_addr", \.address)]),
                    needed: { _, _ in true })
            ])
        var writer = VMStateWriter(dialect: .qemu10_0, version: 2)
        #expect(
            table.save(FirmwareConfiguration(), to: &writer).jsonMembers == """
                "vmsd_name": "fw_cfg", "version": 2, "fields": [\
                {"name": "cur_entry", "type": "uint16", "size": 2}, \
                {"name": "cur_offset[1]", "type": "uint32", "size": 4}], \
                "subsections": [{"vmsd_name": "fw_cfg/dma", "version": 0, "fields": [\
                {"name": "dma_addr", "type": "uint64", "size": 8}]}]
                """)
    }

    @Test("structs of different shapes are described one by one, and a name used twice is numbered")
    func differentShapes() {
        struct Item: Sendable {
            var hasValue = false
            var value: UInt8 = 0
        }
        struct State: Sendable {
            var items = [Item(), Item(hasValue: true)]
            var byte: UInt8 = 0
        }
        let item = VMStateDescription<Item>(
            "item", version: 1,
            fields: [.bool("has", \.hasValue), .uint8("value", \.value).when { $0.hasValue }])
        let table = VMStateDescription<State>(
            "list", version: 1,
            fields: [.structures("items", \.items, item), .uint8("x", \.byte), .uint8("x", \.byte)])
        var writer = VMStateWriter(dialect: .qemu10_0, version: 1)
        #expect(
            table.save(State(), to: &writer).jsonMembers == """
                "vmsd_name": "list", "version": 1, "fields": [\
                {"name": "items", "index": 0, "type": "struct", "struct": {"vmsd_name": "item", "version": 1, \
                "fields": [{"name": "has", "type": "bool", "size": 1}]}, "size": 1}, \
                {"name": "items", "index": 1, "type": "struct", "struct": {"vmsd_name": "item", "version": 1, \
                "fields": [{"name": "has", "type": "bool", "size": 1}, \
                {"name": "value", "type": "uint8", "size": 1}]}, "size": 2}, \
                {"name": "x[0]", "type": "uint8", "size": 1}, {"name": "x[1]", "type": "uint8", "size": 1}]
                """)
    }
}
