/// Where a session's messages go: a connection, or a test. Nothing here blocks; calls may come from any thread.
protocol MonitorOutput: Sendable {
    /// Queues a message. If too much waits already, an event ends the connection instead of piling up.
    func send(_ bytes: [UInt8], isEvent: Bool)

    /// Whether so much waits to be sent that no further command should be begun.
    var isCongested: Bool { get }

    /// Asks for a call of ``QMPSession/process()`` on the thread that reads the input.
    func resumeInput()

    /// Closes the connection once everything queued is sent.
    func closeWhenSent()
}
