import CPlatform
import Files
import Glibc
import GuestMemory

extension MachineConfiguration {
    /// Puts the descriptors of `-add-fd` into their sets.
    ///
    /// - Throws: ``OptionError`` for one that is not open.
    public func takeDescriptors() throws(OptionError) {
        for passed in passedDescriptors {
            // One descriptor may go to several sets.
            let copy = cplatform_fcntl_int(passed.number, F_DUPFD_CLOEXEC, 0)
            guard copy >= 0 else {
                throw OptionError("-add-fd", "'fd=\(passed.number)' is not open, or already in use")
            }
            guard DescriptorSets.shared.add(copy, to: passed.set, note: passed.note) != nil else {
                throw OptionError("-add-fd", "there can be \(DescriptorSets.limit) of them")
            }
        }
        for number in Set(passedDescriptors.map(\.number)) { close(number) }
    }
}

extension MachineConfiguration.MemoryBackend {
    var backing: RAMBacking {
        switch source {
        case .anonymous, .memfd: isShared ? .memfd : .anonymous
        case .file(let path): .file(path: path, isShared: isShared)
        }
    }
}

extension MachineConfiguration.ClockBase {
    /// Nanoseconds that the clock is ahead of the host's UTC now.
    var offset: Int64 {
        var now = time(nil)
        switch self {
        case .utc: return 0
        case .date(let seconds): return (seconds &- Int64(now)) &* 1_000_000_000
        case .localTime:
            var parts = unsafe tm()
            guard unsafe localtime_r(&now, &parts) != nil else { return 0 }
            return unsafe Int64(parts.tm_gmtoff) * 1_000_000_000
        }
    }
}
