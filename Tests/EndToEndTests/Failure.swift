import Glibc

/// What went wrong between a test and a process that it drives, in words.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A moment on the monotonic clock, in seconds.
func now() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Calls `condition` until it gives a value, or throws after `seconds` with what was waited for.
func waitFor<Value>(
    _ what: String, seconds: Double = 20, _ condition: () throws -> Value?
) throws -> Value {
    let end = now() + seconds
    while true {
        if let value = try condition() { return value }
        if now() > end { throw Failure("no \(what) in \(seconds) s") }
        usleep(5_000)
    }
}
