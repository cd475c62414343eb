import Foundation
import Testing

@testable import Machine

@Suite("The notations of an option's value")
struct OptionNotationTests {
    private func parse(_ words: String...) throws -> MachineConfiguration {
        try MachineOptions(parsing: words).configuration
    }

    @Test("a JSON object says the same as key=value")
    func json() throws {
        let pairs = try parse(
            "-blockdev", "driver=file,node-name=f,filename=x.img", "-blockdev",
            "driver=raw,node-name=r,file=f,read-only=on", "-device",
            "virtio-blk-device,drive=r,id=d,serial=S1",
            "-netdev", "user,id=n,restrict=on,hostfwd=tcp::1-:2,hostfwd=tcp::3-:4", "-device",
            "virtio-net-device,netdev=n,mac=52:54:00:00:00:07", "-object", "memory-backend-ram,id=m,size=64M",
            "-M",
            "virt,memory-backend=m", "-device", "virtio-rng-device,bus=virtio-mmio-bus.3")
        let json = try parse(
            "-blockdev", #"{"driver":"file","node-name":"f","filename":"x.img","cache":{"direct":true}}"#,
            "-blockdev",
            #"{"driver":"raw","node-name":"r","file":"f","read-only":true}"#, "-device",
            #"{"driver":"virtio-blk-device","drive":"r","id":"d","serial":"S1","bootindex":1}"#, "-netdev",
            #"{"type":"user","id":"n","restrict":true,"hostfwd":[{"str":"tcp::1-:2"},{"str":"tcp::3-:4"}]}"#,
            "-device",
            #"{"driver":"virtio-net-device","netdev":"n","mac":"52:54:00:00:00:07"}"#, "-object",
            #"{"qom-type":"memory-backend-ram","id":"m","size":67108864}"#, "-M", "virt,memory-backend=m",
            "-device",
            #"{"driver":"virtio-rng-device","bus":"virtio-mmio-bus.3"}"#)
        #expect(pairs.drives == json.drives)
        #expect(pairs.drives.map(\.isInner) == [true, false])
        #expect(pairs.devices == json.devices)
        #expect(pairs.devices.map(\.place) == [.mmio(slot: nil), .mmio(slot: nil), .mmio(slot: 3)])
        #expect(pairs.networkBackends == json.networkBackends)
        #expect(
            json.networkBackends[0].kind == .user(hostForwards: ["tcp::1-:2", "tcp::3-:4"], restrict: true))
        #expect(pairs.memoryBackend == .init(id: "m", size: 64 << 20, source: .anonymous))
        #expect(json.memoryBackend == pairs.memoryBackend)
        #expect(json.memorySize == 64 << 20)
    }

    @Test("a raw node may hold its file node")
    func nested() throws {
        let machine = try parse(
            "-blockdev",
            #"{"driver":"raw","node-name":"r","file":{"driver":"file","filename":"a,b","locking":"auto"}}"#)
        #expect(machine.drives == [.init(id: "r", path: "a,b", isReadOnly: false, isNode: true)])
    }

    @Test("a flag is on, and off with 'no' in front")
    func flags() throws {
        let machine = try parse("-chardev", "socket,id=c,path=p,server,nowait")
        #expect(machine.characters["c"] == .unix(path: "p", server: true, wait: false))
    }

    @Test("what libvirt 9.0 passes for a guest of its own is taken")
    func libvirt() throws {
        let words = [
            "-name", "guest=mmio,debug-threads=on", "-S", "-object",
            #"{"qom-type":"secret","id":"masterKey0","format":"raw","file":"/run/master-key.aes"}"#,
            "-machine",
            "virt,usb=off,dump-guest-core=off,memory-backend=riscv_virt_board.ram", "-accel", "tcg", "-m",
            "256",
            "-object", #"{"qom-type":"memory-backend-ram","id":"riscv_virt_board.ram","size":268435456}"#,
            "-overcommit",
            "mem-lock=off", "-smp", "1,sockets=1,cores=1,threads=1", "-uuid",
            "11111111-0000-4000-8000-000000000002",
            "-display", "none", "-no-user-config", "-nodefaults", "-chardev",
            "socket,id=charmonitor,fd=25,server=on,wait=off", "-mon",
            "chardev=charmonitor,id=monitor,mode=control",
            "-rtc", "base=utc", "-no-shutdown", "-boot", "strict=on", "-kernel", "vmlinux", "-append",
            "panic=-1",
            "-blockdev",
            #"{"driver":"file","filename":"disk.raw","node-name":"libvirt-1-storage","cache":{"direct":true,"no-flush":false},"auto-read-only":true,"discard":"unmap"}"#,
            "-blockdev",
            #"{"node-name":"libvirt-1-format","read-only":false,"cache":{"direct":true,"no-flush":false},"driver":"raw","file":"libvirt-1-storage"}"#,
            "-device",
            #"{"driver":"virtio-blk-device","drive":"libvirt-1-format","id":"virtio-disk0","bootindex":1,"write-cache":"on"}"#,
            "-netdev", #"{"type":"tap","fd":"27","id":"hostnet0"}"#, "-device",
            #"{"driver":"virtio-net-device","netdev":"hostnet0","id":"net0","mac":"52:54:00:11:22:33"}"#,
            "-chardev",
            "pty,id=charserial0", "-serial", "chardev:charserial0", "-device",
            "virtio-serial-device,id=virtio-serial0",
            "-chardev", "socket,id=charchannel0,path=agent.0,server=on,wait=off", "-device",
            "virtserialport,bus=virtio-serial0.0,nr=1,chardev=charchannel0,id=channel0,name=org.qemu.guest_agent.0",
            "-audiodev", #"{"id":"audio1","driver":"none"}"#, "-device", "virtio-balloon-device,id=balloon0",
            "-sandbox",
            "off", "-msg", "timestamp=on", "-incoming", "defer",
        ]
        let machine = try MachineOptions(parsing: words).configuration
        #expect(
            machine.monitors == [
                .init(label: "charmonitor", mode: .control, character: .descriptor(25, server: true))
            ])
        #expect(machine.staysAfterShutdown && machine.startsPaused && machine.hasTimestamps)
        #expect(machine.serial == .pty)
        #expect(machine.devices.count == 5)
        #expect(machine.networkBackends[0].kind == .tap(interface: nil, descriptor: 27))
        guard case .port(let port) = machine.devices[3].kind else {
            Issue.record("no port")
            return
        }
        #expect(
            port.number == 1 && port.device == 2 && port.name == "org.qemu.guest_agent.0" && !port.isConsole)
    }

    @Test(
        "options that mean nothing here are taken",
        arguments: [
            "-no-user-config", "-nic none", "-net none", "-vga none", "-monitor none",
            "-boot order=cd,strict=off,menu=off",
            "-action panic=shutdown,watchdog=reset",
            "-cpu rv64,h=off,v=off,zfh=off,sv57=on,zba=on,cbom_blocksize=64",
            "-accel tcg,thread=multi,tb-size=64", "-accel kvm -accel tcg", "-M virt,accel=kvm:tcg",
            "-M virt,acpi=auto",
            "-M virt,aia=none,graphics=off,mem-merge=off,iommu-sys=auto", "-m 1G,slots=0,maxmem=1G",
            "-smp 8,sockets=2,cores=4,threads=1", "-smp cores=2,threads=2", "-sandbox off",
            "-only-migratable",
            "-object rng-random,id=r,filename=/dev/urandom -device virtio-rng-device,rng=r",
            "-global driver=virtio-mmio,property=force-legacy,value=false",
        ])
    func neutral(line: String) throws {
        _ = try MachineOptions(parsing: line.split(separator: " ").map(String.init))
    }

    @Test("what does mean something is kept")
    func kept() throws {
        #expect(try parse("-no-reboot").endsOnReset)
        #expect(try parse("-no-shutdown").staysAfterShutdown)
        let both = try parse("-action", "reboot=shutdown,shutdown=pause")
        #expect(both.endsOnReset && both.staysAfterShutdown)
        #expect(try !parse("-M", "virt,acpi=off").hasACPI)
        #expect(try parse("-smp", "cores=2,threads=2").harts == 4)
        #expect(try parse("-rtc", "base=2006-06-17T16:01:21").clockBase == .date(1_150_560_081))
        #expect(try parse("-rtc", "base=localtime").clockBase == .localTime)
        #expect(try parse("-global", "driver=virtio-mmio,property=force-legacy,value=false").isVirtioModern)
        #expect(try parse("-name", "duck,process=quack").processName == "quack")
        #expect(
            try parse("-object", "memory-backend-file,id=f,mem-path=m,share=on,size=1M").memoryBackends
                == [.init(id: "f", size: 1 << 20, source: .file(path: "m"), isShared: true)])
        #expect(try parse("-daemonize").serial == .null)
    }

    @Test("flash chips are filled in order, by number, or by node")
    func flash() throws {
        #expect(try parse("-pflash", "a", "-pflash", "b").flash.mapValues(\.path) == [0: "a", 1: "b"])
        #expect(try parse("-drive", "if=pflash,unit=1,file=a").flash.mapValues(\.path) == [1: "a"])
        let nodes = try parse(
            "-M", "virt,pflash1=p", "-blockdev",
            "driver=raw,node-name=p,file.driver=file,file.filename=a,read-only=on")
        #expect(nodes.flash[1] == .init(id: "p", path: "a", isReadOnly: true, isNode: true))
        #expect(nodes.drives.isEmpty)
    }

    @Test(
        "help in place of a name lists what there is",
        arguments: [
            ("-M", "virt"), ("-cpu", "rv64"), ("-device", "virtio-net-device"), ("-netdev", "user"),
            ("-chardev", "socket"),
            ("-object", "rng-random"), ("-accel", "tcg"),
        ])
    func help(option: String, name: String) throws {
        #expect(listing(option, "help").contains("\n  \(name)"))
    }

    @Test(
        "help among the properties lists them",
        arguments: [
            ("-M virt,help", "aclint=on|off"), ("-cpu rv64,help", "zba=on"), ("-smp help", "cores"),
            ("-device virtio-blk-device,help", "drive"), ("-device virtio-net-pci,help", "mac"),
            ("-device virtserialport,help", "chardev"), ("-netdev user,help", "hostfwd"),
            ("-netdev socket,help", "listen"), ("-netdev tap,help", "script=no"),
            ("-chardev socket,help", "server=on|off"), ("-object memory-backend-ram,help", "size"),
            ("-drive help", "file"), ("-blockdev raw,help", "file.filename"),
            ("-global help", "virtio-mmio.force-legacy=on|off"),
        ])
    func properties(options: String, property: String) {
        let words = options.split(separator: " ").map(String.init)
        #expect(listing(words[0], words[1]).split(separator: "\n").contains("  \(property)"))
    }

    /// What an option answers where nothing is to be run.
    private func listing(_ option: String, _ value: String) -> String {
        do throws(OptionError) {
            _ = try MachineOptions(parsing: [option, value])
            return "nothing"
        } catch {
            return error.isListing ? error.description : "refused: \(error)"
        }
    }

    @Test("every option stands in the manual page")
    func manual() throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../Documentation/martlet.1")
        let text = try String(contentsOf: page, encoding: .utf8)
        for entry in OptionTable.entries {
            let names = entry.names.map { "\\-" + $0.replacingOccurrences(of: "-", with: "\\-") }
            #expect(text.contains("\\fB\(names.joined(separator: ", "))\\fR"), "\(entry.names)")
        }
    }

    @Test("every option has one name in the table, and text for the help")
    func table() {
        let names = OptionTable.entries.flatMap(\.names)
        #expect(Set(names).count == names.count)
        #expect(OptionTable.entries.allSatisfy { !$0.help.isEmpty })
    }

    @Test(
        "the edit distance counts what a typing hand does",
        arguments: [
            ("", "", 0), ("virt", "vrit", 1), ("kernel", "kernal", 1), ("a", "abc", 2), ("serial", "mon", 6),
        ])
    func distance(left: String, right: String, count: Int) {
        #expect(editDistance(left, right) == count)
        #expect(editDistance(right, left) == count)
    }

    @Test(
        "dates are counted from 1970",
        arguments: [
            ("1970-01-01", 0), ("2000-02-29", 951_782_400), ("2006-06-17T16:01:21", 1_150_560_081),
            ("2100-03-01", 4_107_542_400),
        ])
    func dates(text: String, seconds: Int64) {
        #expect(CalendarDate(parsing: text)?.secondsSince1970 == seconds)
    }

    @Test(
        "what is no date is none",
        arguments: [
            "", "-", "2006", "2006-13-01", "2006-02-29", "2100-02-29", "2006-01-01T", "2006-01-01T24:00:00",
            "1969-12-31",
            "2006-1-1-1", "99999-01-01", "-1-01-01", "2006-01-01T1:2:3T",
        ])
    func noDates(text: String) {
        #expect(CalendarDate(parsing: text) == nil)
    }
}
