/// Options about the guest's RAM: how much, and where it comes from.
extension MachineOptions {
    mutating func readMemory(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        if let size = try option.takeSize("size", unit: 1 << 20) {
            try setMemorySize(size, option.option)
            hasMemoryOption = true
        }
        try option.expect("slots", "0", reason: "memory cannot be added later")
        if let maximum = try option.takeSize("maxmem", unit: 1 << 20), maximum != configuration.memorySize {
            throw OptionError(option.option, "'maxmem' is not 'size': memory cannot be added later")
        }
        try option.finish()
    }

    private mutating func setMemorySize(_ size: UInt64, _ option: String) throws(OptionError) {
        guard size >= 1 << 20, size <= 1 << 40, size % 4096 == 0 else {
            throw OptionError(option, "RAM size must be a multiple of 4 KiB from 1 MiB to 1 TiB")
        }
        configuration.memorySize = size
    }

    mutating func readMemoryBackend(
        _ type: ObjectType, _ id: String, _ option: inout KeyValueOption
    ) throws(OptionError) {
        let size = try option.takeSize("size")
        let share = try option.takeBool("share")
        let prealloc = try option.takeBool("prealloc")
        var source = MachineConfiguration.MemoryBackend.Source.anonymous
        switch type {
        case .file:
            source = .file(path: try option.require("mem-path"))
            try option.expectBool(
                "readonly", false, reason: "RAM that cannot be written is no use to a guest")
            try option.expect("rom", "off", "auto", reason: "this is RAM")
            try option.expectBool("pmem", false, reason: "writes are not ordered for persistent memory")
            try option.expectBool("discard-data", false, reason: "the file keeps what the guest wrote")
            try option.expect("offset", "0")
        case .memfd:
            source = .memfd
            try option.expectBool(
                "hugetlb", false,
                reason: "huge pages that are set apart are not built; the system finds its own")
            option.ignore("seal")
        default: break
        }
        try option.expect("policy", "default", reason: "memory has no host nodes")
        option.ignore("merge", "dump", "prealloc-threads", "reserve", "align")
        try option.finish()
        guard let size else { throw OptionError(option.option, "needs 'size='") }
        configuration.memoryBackends.append(
            .init(
                id: id, size: size, source: source, isShared: share ?? (type == .memfd),
                isPreallocated: prealloc ?? false))
    }

    /// RAM comes from the named backend, whose size has to agree with `-m`, or from `-mem-path`.
    mutating func finishMemory() throws(OptionError) {
        if let path = memoryPath {
            guard memoryBackendName == nil else {
                throw OptionError(
                    "-mem-path",
                    "cannot be used together with '-machine memory-backend=': leave one of them out")
            }
            let id = MachineConfiguration.defaultMemoryName
            guard objects.insert(id).inserted else {
                throw OptionError("-mem-path", "there is already an object '\(id)': give it another id")
            }
            configuration.memoryBackends.append(
                .init(id: id, size: configuration.memorySize, source: .file(path: path)))
            memoryBackendName = id
        }
        if preallocatesMemory {
            for index in configuration.memoryBackends.indices {
                configuration.memoryBackends[index].isPreallocated = true
            }
        }
        configuration.isMemoryPreallocated = preallocatesMemory
        guard let name = memoryBackendName else { return }
        guard let backend = configuration.memoryBackends.first(where: { $0.id == name }) else {
            throw OptionError("-machine", "'memory-backend=\(name)': there is no such memory backend")
        }
        if hasMemoryOption, backend.size != configuration.memorySize {
            throw OptionError(
                "-machine",
                "'memory-backend=\(name)': it has \(backend.size) bytes, but -m says \(configuration.memorySize)"
            )
        }
        try setMemorySize(backend.size, "-object \(name)")
        configuration.memoryBackend = backend
        configuration.isMemoryPreallocated = backend.isPreallocated
    }
}
