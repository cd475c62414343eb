/// A disk image as an option named it, before it is known what for.
struct PendingDrive {
    enum Interface: Equatable {
        case none, virtio
        /// A flash chip, with its number when `unit=` or `index=` gives one.
        case flash(unit: Int?)
    }
    var interface: Interface
    var drive: MachineConfiguration.Drive
    /// Another node stands on it.
    var isInner = false
}

/// Options about disk images.
extension MachineOptions {
    mutating func readDrive(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        let file = option.take("file") ?? option.take("file.filename")
        try option.expect("file.driver", "file")
        try option.expect("format", "raw")
        let index = try option.takeInteger("index")
        let unit = try option.takeInteger("unit") ?? index
        let interface: PendingDrive.Interface
        switch option.take("if") ?? "virtio" {
        case "none": interface = .none
        case "virtio": interface = .virtio
        case "pflash":
            guard unit ?? 0 < 2 else { throw OptionError(option.option, "the board has two flash chips") }
            interface = .flash(unit: unit.map { Int($0) })
        case let name: throw OptionError(option.option, "'if=\(name)': none, virtio or pflash")
        }
        let isReadOnly = try option.takeBool("readonly")
        let isReadOnlyToo = try option.takeBool("read-only")
        let id = option.take("id") ?? option.take("node-name") ?? "#drive\(pendingDrives.count)"
        let isDisc = option.value("media") == "cdrom"
        try option.expect("media", "disk", "cdrom")
        try imageProperties(&option, "")
        try option.expectBool("snapshot", false)
        try option.finish()
        guard let path = file, !path.isEmpty else {
            throw OptionError(option.option, "needs 'file='; a drive without a medium is not built")
        }
        try add(
            .init(
                interface: interface,
                drive: .init(id: id, path: path, isReadOnly: isReadOnly ?? isReadOnlyToo ?? false || isDisc)),
            option.option)
    }

    /// What is common to all ways of naming an image. Hints to a cache change nothing that can be seen.
    private func imageProperties(_ option: inout KeyValueOption, _ prefix: String) throws(OptionError) {
        try option.expect(
            prefix + "locking", "on", "auto",
            reason: "images are always locked, and the lock moves with the guest")
        for key in ["werror", "rerror"] {
            try option.expect(prefix + key, "report", "auto", reason: "the guest is told of errors")
        }
        try option.expectBool(prefix + "copy-on-read", false)
        option.ignore(
            prefix + "cache", prefix + "cache.direct", prefix + "cache.no-flush", prefix + "cache.writeback",
            prefix + "aio", prefix + "discard", prefix + "detect-zeroes", prefix + "auto-read-only")
    }

    mutating func readBlockdev(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        let drivers = ["file", "host_device", "raw"]
        let driver = try option.takeName("driver", title: "Block drivers", of: drivers)
        let node = try option.require("node-name")
        var drive = MachineConfiguration.Drive(
            id: node, path: "", isReadOnly: try option.takeBool("read-only") ?? false, isNode: true)
        try imageProperties(&option, "")
        switch driver {
        case "file", "host_device":
            drive.path = try option.require("filename")
            drive.driver = "file"
        case "raw":
            for key in ["offset", "size"] { try option.expect(key, "0", reason: "an image is used whole") }
            try readInnerNode(&option, &drive)
        default:
            throw OptionError(
                option.option,
                "driver '\(driver)' is not built: file, host_device and raw are"
                    + hint(driver, among: drivers))
        }
        try option.finish()
        try add(.init(interface: .none, drive: drive), option.option)
    }

    /// What a raw node stands on: a node by its name, or one described within.
    private mutating func readInnerNode(
        _ option: inout KeyValueOption, _ drive: inout MachineConfiguration.Drive
    ) throws(OptionError) {
        if let name = option.take("file") {
            try check(name, isAmong: pendingDrives.map(\.drive.id), "node", option.option)
            for index in pendingDrives.indices where pendingDrives[index].drive.id == name {
                pendingDrives[index].isInner = true
                drive.path = pendingDrives[index].drive.path
                drive.isReadOnly = drive.isReadOnly || pendingDrives[index].drive.isReadOnly
            }
            return
        }
        let driver = option.take("file.driver") ?? "file"
        guard driver == "file" || driver == "host_device" else {
            throw OptionError(option.option, "driver '\(driver)' is not built")
        }
        drive.path = try option.require("file.filename")
        drive.isReadOnly = try option.takeBool("file.read-only") ?? false || drive.isReadOnly
        option.ignore("file.node-name")
        try imageProperties(&option, "file.")
    }

    private mutating func add(_ drive: PendingDrive, _ option: String) throws(OptionError) {
        guard !pendingDrives.contains(where: { $0.drive.id == drive.drive.id }) else {
            throw OptionError(option, "there is already a drive '\(drive.drive.id)'")
        }
        pendingDrives.append(drive)
    }

    mutating func finishDrives() throws(OptionError) {
        for (chip, node) in flashNodes {
            guard let index = pendingDrives.firstIndex(where: { $0.drive.id == node }) else {
                throw OptionError("-machine", "'pflash\(chip)=\(node)': there is no such node")
            }
            pendingDrives[index].interface = .flash(unit: chip)
        }
        for pending in pendingDrives {
            switch pending.interface {
            case .flash(let unit):
                guard let chip = unit ?? (0..<2).first(where: { configuration.flash[$0] == nil }) else {
                    throw OptionError("-drive", "the board has two flash chips")
                }
                guard configuration.flash.updateValue(pending.drive, forKey: chip) == nil else {
                    throw OptionError("-drive", "flash chip \(chip) has a drive already")
                }
            case .virtio:
                configuration.drives.append(pending.drive)
                configuration.devices.append(
                    .init(id: nil, kind: .block(drive: pending.drive.id, serial: ""), place: .mmio(slot: nil))
                )
            case .none:
                var drive = pending.drive
                drive.isInner = pending.isInner
                configuration.drives.append(drive)
            }
        }
    }
}
