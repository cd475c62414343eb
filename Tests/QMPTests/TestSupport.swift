import CPlatform
import Glibc
import Logging
import Synchronization

/// Counts warnings.
final class WarningCounter: LogHandler {
    private let warnings = Mutex(0)
    var count: Int { warnings.withLock { $0 } }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .warning }
        set {}
    }

    func log(event: LogEvent) { warnings.withLock { $0 += 1 } }
}

/// A broken connection is an error of the call.
let sendWithoutSignal = Int32(MSG_NOSIGNAL)

func fcntlNonblocking(_ descriptor: Int32) -> Bool {
    cplatform_fcntl_int(descriptor, F_SETFL, O_NONBLOCK) == 0
}
