import CPlatform
import Glibc

/// Why a channel could not be had or broke.
public struct TransportError: Error, Equatable, Sendable, CustomStringConvertible {
    /// `errno` of the failed call, 0 when there was none.
    public var errno: Int32
    /// What failed and why, in QMP's words where it has some.
    public var description: String
    /// Bytes of the failed write that the system had taken before it failed.
    public var accepted: Int

    public init(errno: Int32 = 0, _ description: String, accepted: Int = 0) {
        self.errno = errno
        self.description = description
        self.accepted = accepted
    }

    /// The same error, of a write that had taken so many bytes before.
    func after(_ accepted: Int) -> TransportError {
        TransportError(errno: errno, description, accepted: accepted)
    }

    /// `what: reason of errno`.
    static func system(_ what: String, _ code: Int32 = Glibc.errno) -> TransportError {
        TransportError(errno: code, "\(what): \(errorText(code))")
    }
}

/// The system's text for an error number.
func errorText(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }
