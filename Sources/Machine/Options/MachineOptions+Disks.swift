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
        guard let path = option.take("file") ?? option.take("file.filename"), !path.isEmpty else {
            throw OptionError(option.option, "needs 'file='; a drive without a medium is not built")
        }
        try option.expect("file.driver", "file")
        try option.expect("format", "raw", reason: "only raw is built")
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
        try option.expect("snapshot", "off")
        try option.finish()
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
        try option.expect(prefix + "copy-on-read", "off")
        option.ignore(
            prefix + "cache", prefix + "cache.direct", prefix + "cache.no-flush", prefix + "cache.writeback",
            prefix + "aio", prefix + "discard", prefix + "detect-zeroes", prefix + "auto-read-only")
    }

    mutating func readBlockdev(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        let driver = try option.require("driver")
        let node = try option.require("node-name")
        let isReadOnly = try option.takeBool("read-only") ?? false
        try imageProperties(&option, "")
        switch driver {
        case "file", "host_device":
            let path = try option.require("filename")
            try option.finish()
            try add(
                .init(
                    interface: .none,
                    drive: .init(id: node, path: path, isReadOnly: isReadOnly, isNode: true, driver: "file")),
                option.option)
        case "raw":
            for key in ["offset", "size"] { try option.expect(key, "0", reason: "an image is used whole") }
            if let below = option.take("file") {
                try option.finish()
                guard let index = pendingDrives.firstIndex(where: { $0.drive.id == below }) else {
                    throw OptionError(
                        option.option,
                        "there is no node '\(below)' before it"
                            + hint(below, among: pendingDrives.map(\.drive.id)))
                }
                pendingDrives[index].isInner = true
                let drive = pendingDrives[index].drive
                try add(
                    .init(
                        interface: .none,
                        drive: .init(
                            id: node, path: drive.path, isReadOnly: isReadOnly || drive.isReadOnly,
                            isNode: true)),
                    option.option)
            } else {
                let below = option.take("file.driver") ?? "file"
                guard below == "file" || below == "host_device" else {
                    throw OptionError(option.option, "driver '\(below)' is not built")
                }
                let path = try option.require("file.filename")
                let isFileReadOnly = try option.takeBool("file.read-only") ?? false
                option.ignore("file.node-name")
                try imageProperties(&option, "file.")
                try option.finish()
                try add(
                    .init(
                        interface: .none,
                        drive: .init(
                            id: node, path: path, isReadOnly: isReadOnly || isFileReadOnly, isNode: true)),
                    option.option)
            }
        default:
            throw OptionError(
                option.option,
                "driver '\(driver)' is not built: file, host_device and raw are"
                    + hint(driver, among: ["file", "host_device", "raw"]))
        }
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
