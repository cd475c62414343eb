import Glibc
import GuestMemory

extension MachineConfiguration.MemoryBackend {
    var backing: RAMBacking {
        switch source {
        case .anonymous: .anonymous
        case .memfd: .memfd
        case .file(let path, let isShared): .file(path: path, isShared: isShared)
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
