import Glibc
import QAPI
import Testing

@testable import Machine

/// Files that are not what an option takes them for: each ends in one line that names the file and the reason.
@Suite("What the host's files may get wrong")
struct BadInputTests {
    private let folder: String

    init() throws {
        folder = "/tmp/martlet-bad-\(getpid())-\(UInt64.random(in: 0...(.max)))"
        try #require(unsafe mkdir(folder, 0o700) == 0)
    }

    /// Writes a file and returns its path.
    private func file(_ name: String, _ bytes: [UInt8]) throws -> String {
        let path = "\(folder)/\(name)"
        let file = unsafe try #require(unsafe fopen(path, "w"))
        unsafe fwrite(bytes, 1, bytes.count, file)
        unsafe fclose(file)
        return path
    }

    private var fileCount: Int {
        var names = unsafe glob_t()
        defer { unsafe globfree(&names) }
        return unsafe glob("\(folder)/*", 0, nil, &names) == 0 ? Int(names.gl_pathc) : 0
    }

    private func remove() {
        for name in ["file", "disk", "fifo", "ram", "short"] { unsafe unlink("\(folder)/\(name)") }
        unsafe rmdir(folder)
    }

    /// What building the machine says.
    private func error(_ words: [String]) -> String {
        do {
            let options = ["-nodefaults", "-display", "none", "-m", "16M", "-bios", "none"] + words
            let machine = try VirtualMachine(MachineOptions(parsing: options).configuration)
            machine.shutdown(byGuest: false, reason: .hostQmpQuit)
            return "nothing"
        } catch {
            return "\(error)"
        }
    }

    /// An ELF header with one program header: type, offset, address, size in the file, size in memory.
    private static func elf(
        entry: UInt64 = 0x8000_0000, table: UInt64 = 64, entrySize: UInt16 = 56, count: UInt16 = 1,
        offset: UInt64 = 0,
        address: UInt64 = 0x8000_0000, fileSize: UInt64 = 120, memorySize: UInt64 = 4096,
        machine: UInt16 = 243
    ) -> [UInt8] {
        func little(_ value: some FixedWidthInteger) -> [UInt8] {
            (0..<(type(of: value).bitWidth / 8)).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        let ident: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0] + Array(repeating: 0, count: 8)
        var bytes: [UInt8] = ident
        bytes += little(UInt16(2)) + little(machine) + little(UInt32(1)) + little(entry) + little(table)
        bytes +=
            little(UInt64(0)) + little(UInt32(0)) + little(UInt16(64)) + little(entrySize) + little(count)
        bytes += Array(repeating: 0, count: 6)
        bytes += little(UInt32(1)) + little(UInt32(7)) + little(offset) + little(address) + little(address)
        bytes += little(fileSize) + little(memorySize) + little(UInt64(4096))
        return bytes
    }

    static let headers: [(bytes: [UInt8], text: String)] = [
        (elf(), "nothing"),
        (Array(elf().prefix(20)), "not a 64-bit little-endian RISC-V ELF file"),
        (elf(machine: 62), "not a 64-bit little-endian RISC-V ELF file"),
        (elf(table: .max), "the ELF file is damaged"),
        (elf(table: 119), "the ELF file is damaged"),
        (elf(entrySize: 0), "the ELF file is damaged"),
        (elf(entrySize: .max, count: .max), "the ELF file is damaged"),
        (elf(count: 0), "the ELF file has nothing to load"),
        (elf(memorySize: 0), "the ELF file has nothing to load"),
        (elf(offset: .max), "the ELF file is damaged"),
        (elf(offset: 1), "the ELF file is damaged"),
        (elf(fileSize: .max, memorySize: .max), "the ELF file is damaged"),
        (elf(fileSize: 120, memorySize: 119), "the ELF file is damaged"),
        (elf(memorySize: .max), "a segment of 18446744073709551615 bytes at 0x80000000 is outside of RAM"),
        (elf(memorySize: 17 << 20), "a segment of 17825792 bytes at 0x80000000 is outside of RAM"),
        (elf(address: .max), "a segment of 4096 bytes at 0xffffffffffffffff is outside of RAM"),
        (elf(address: 0x1000), "a segment of 4096 bytes at 0x1000 is outside of RAM"),
        (elf(address: 0x80ff_f001), "a segment of 4096 bytes at 0x80fff001 is outside of RAM"),
        (elf(entry: .max), "nothing"),
    ]

    @Test("An ELF file with any header is loaded or refused", arguments: headers)
    func elf(bytes: [UInt8], text: String) throws {
        defer { remove() }
        let path = try file("file", bytes)
        #expect(error(["-kernel", path]) == (text == "nothing" ? text : "'\(path)': \(text)"))
        #expect(error(["-bios", path]) == (text == "nothing" ? text : "'\(path)': \(text)"))
    }

    @Test("An ELF file cut anywhere is loaded or refused")
    func cutELF() throws {
        defer { remove() }
        for count in 0...120 {
            let path = try file("file", Array(Self.elf().prefix(count)))
            let text = error(["-kernel", path])
            #expect(text == "nothing" || text.hasPrefix("'\(path)': "), "\(count): \(text)")
        }
    }

    @Test(
        "A file that is missing, or none, is named",
        arguments: [
            ("-kernel", ""), ("-bios", ""), ("-initrd", ""), ("-pflash", ""),
            ("-drive if=none,format=raw,file=", ""),
            ("-drive format=raw,file=", ""), ("-drive if=pflash,format=raw,file=", ""),
            ("-drive if=none,readonly=on,file=", ""), ("-blockdev driver=file,node-name=f,filename=", ""),
            ("-serial file:", "/x"),
        ])
    func missing(option: String, suffix: String) throws {
        defer { remove() }
        let kernel = try file("file", [0x6f, 0, 0, 0])
        func words(_ path: String) -> [String] {
            let parts = option.split(separator: " ").map(String.init)
            let extra = option == "-initrd" ? ["-kernel", kernel] : []
            if parts.count == 2 { return extra + [parts[0], parts[1] + path] }
            return option.hasSuffix(":") ? extra + parts : extra + [option, path]
        }
        let gone =
            option == "-serial file:"
            ? error(["-serial", "file:\(folder)/gone/x"]) : error(words("\(folder)/gone"))
        #expect(
            gone.contains("'\(folder)/gone\(suffix)'") && gone.contains("No such file or directory"),
            "\(gone)")
        let isFolder =
            option == "-serial file:" ? error(["-serial", "file:\(folder)"]) : error(words(folder))
        let reasons = ["Is a directory", "is not a file", "neither a file nor a block device"]
        #expect(isFolder.contains("'\(folder)'") && reasons.contains { isFolder.contains($0) }, "\(isFolder)")
    }

    @Test("A pipe in the place of an image or a kernel is refused and not waited for")
    func pipe() throws {
        defer { remove() }
        let path = "\(folder)/fifo"
        try #require(unsafe mkfifo(path, 0o600) == 0)
        #expect(error(["-kernel", path]) == "'\(path)' is not a file")
        for extra in ["", ",readonly=on"] {
            #expect(
                error(["-drive", "format=raw,file=\(path)\(extra)"])
                    == "Could not open '\(path)': it is neither a file nor a block device")
        }
    }

    @Test("What does not fit in RAM is refused with its size")
    func tooLarge() throws {
        defer { remove() }
        let kernel = try file("file", [0x6f, 0, 0, 0])
        let path = "\(folder)/disk"
        let descriptor = unsafe creat(path, 0o600)
        ftruncate(descriptor, 9 << 20)
        #expect(
            error(["-kernel", kernel, "-initrd", path])
                == "'\(path)' has 9437184 bytes, more than the 8388608 that there is room for")
        ftruncate(descriptor, 8 << 20)
        #expect(
            error(["-kernel", kernel, "-initrd", path])
                == "RAM is too small: what was loaded ends at 0x81000000, and the device tree belongs at 0x80e00000; "
                + "give more with -m")
        ftruncate(descriptor, 17 << 20)
        #expect(error(["-kernel", path]) == "'\(path)': its 17825792 bytes do not fit in RAM at 0x80000000")
        ftruncate(descriptor, off_t(1) << 40)
        #expect(
            error(["-kernel", kernel, "-initrd", path])
                == "'\(path)' has 1099511627776 bytes, more than the 8388608 that there is room for")
        close(descriptor)
    }

    @Test("A device tree longer than RAM is refused")
    func longArguments() throws {
        defer { remove() }
        let kernel = try file("file", [0x6f, 0, 0, 0])
        let text = error(["-kernel", kernel, "-append", String(repeating: "x", count: 17 << 20)])
        #expect(text.hasPrefix("RAM is too small: what was loaded ends at 0x80000004"))
    }

    @Test("An image that somebody has is not opened a second time")
    func locked() throws {
        defer { remove() }
        let path = try file("disk", [UInt8](repeating: 0, count: 512))
        #expect(error(["-drive", "format=raw,file=\(path)"]) == "nothing")
        #expect(
            error(["-drive", "format=raw,file=\(path)", "-drive", "format=raw,file=\(path)"])
                == "Failed to get \"write\" lock on '\(path)': is another process using the image?")
        let readers = "readonly=on,format=raw,file=\(path)"
        #expect(error(["-drive", readers, "-drive", readers]) == "nothing")
    }

    @Test("Images of any length are disks: empty, and less than a sector")
    func lengths() throws {
        defer { remove() }
        for count in [0, 1, 511, 513] {
            #expect(
                error(["-drive", "format=raw,file=\(try file("disk", Array(repeating: 0, count: count)))"])
                    == "nothing")
        }
    }

    @Test("RAM in a file is the file's when it is shared, and its folder has to be there")
    func memoryFile() throws {
        defer { remove() }
        let path = "\(folder)/ram"
        let kernel = try file("file", [0x6f, 0, 0, 0])
        func words(_ path: String, _ extra: String) -> [String] {
            [
                "-object", "memory-backend-file,id=m,size=16M,mem-path=\(path)\(extra)", "-M",
                "virt,memory-backend=m",
                "-kernel", kernel,
            ]
        }
        #expect(error(words(path, ",share=on")) == "nothing")
        let file = unsafe try #require(unsafe fopen(path, "r"))
        #expect(unsafe fgetc(file) == 0x6f)
        unsafe fseek(file, 0, SEEK_END)
        #expect(unsafe ftell(file) == 16 << 20)
        unsafe fclose(file)
        unsafe unlink(path)
        #expect(error(words(path, "")) == "nothing")
        let other = unsafe try #require(unsafe fopen(path, "r"))
        #expect(unsafe fgetc(other) == 0)
        unsafe fclose(other)
        #expect(
            error(words("\(folder)/gone/ram", ""))
                == "cannot open memory file '\(folder)/gone/ram': No such file or directory")
        // Of a directory, a file in there that has no name.
        let count = fileCount
        #expect(error(words(folder, ",share=on,prealloc=on")) == "nothing")
        #expect(fileCount == count)
        let short = try self.file("short", [1, 2, 3])
        #expect(
            error(words(short, ",share=on"))
                == "memory file '\(short)' has 3 bytes, but the memory 16777216: give another file or another size"
        )
    }

    @Test("Descriptors that nobody left open are named")
    func descriptors() {
        defer { remove() }
        #expect(
            error(["-chardev", "socket,id=c,fd=9999", "-serial", "chardev:c"])
                == "file descriptor 9999 cannot be used: Bad file descriptor")
        #expect(
            error(["-netdev", "tap,id=n,fd=9999", "-device", "virtio-net-device,netdev=n"])
                == "file descriptor 9999 cannot be used: Bad file descriptor")
    }

    @Test("Sockets that cannot be had are named")
    func sockets() throws {
        defer { remove() }
        let long = String(repeating: "x", count: 200)
        #expect(error(["-serial", "unix:\(long),server=on,wait=off"]).contains("'\(long)' is too long"))
        #expect(
            error(["-serial", "unix:\(folder)/gone"]).contains(
                "'unix:\(folder)/gone': No such file or directory"))
        #expect(error(["-serial", "tcp:127.0.0.1:1"]).contains("'tcp:127.0.0.1:1': Connection refused"))
        #expect(
            error(["-serial", "tcp:no.such.host.invalid:1"]).contains(
                "cannot resolve 'no.such.host.invalid:1'"))
        #expect(
            error(["-netdev", "socket,id=n,connect=127.0.0.1:1", "-device", "virtio-net-device,netdev=n"])
                .contains(
                    "'127.0.0.1:1': Connection refused"))
        #expect(
            error(["-netdev", "user,id=n,hostfwd=nonsense", "-device", "virtio-net-device,netdev=n"])
                == "Invalid host forwarding rule 'nonsense'")
    }
}
