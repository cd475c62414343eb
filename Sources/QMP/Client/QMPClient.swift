import Glibc
import NIOCore
public import NIOPosix
public import QAPI
import Synchronization

/// An event as a server has sent it.
public struct QMPEvent: Sendable, Equatable {
    public var name: String
    public var data: JSONObject?
    /// The server's clock, in seconds and microseconds since 1970; −1 if it had none.
    public var seconds: Int64
    public var microseconds: Int64
}

/// Why a conversation with a server came to its end.
public enum QMPClientError: Error, Equatable, CustomStringConvertible {
    case cannotConnect(MonitorAddress, reason: String)
    /// The connection is closed.
    case closed
    /// The server speaks something else.
    case notQMP(String)

    public var description: String {
        switch self {
        case .cannotConnect(let address, let reason): "Failed to connect to '\(address)': \(reason)"
        case .closed: "The connection to the monitor is closed"
        case .notQMP(let reason): "The server does not speak QMP: \(reason)"
        }
    }
}

/// A client of a QMP server, Martlet's or QEMU's.
///
///     let client = try await QMPClient.connect(to: .unix(path: "/tmp/qmp.sock"))
///     let status = try await client.execute("query-status")
///     await client.close()
///
/// Several commands may be under way; each answer finds its question by `id`.
public final class QMPClient: Sendable {
    /// Most events kept for a reader that is behind; older ones are dropped.
    public static let eventLimit = 4096

    /// What the server said first: its version and what it offers.
    public let greeting: JSONValue
    /// What happens at the server, from the end of the negotiation on. For one reader.
    public let events: AsyncStream<QMPEvent>
    private let channel: any Channel
    private let exchange: QMPExchange

    private init(
        greeting: JSONValue, events: AsyncStream<QMPEvent>, channel: any Channel, exchange: QMPExchange
    ) {
        self.greeting = greeting
        self.events = events
        self.channel = channel
        self.exchange = exchange
    }

    /// Connects, reads the greeting and negotiates.
    /// - Parameter capabilities: what to switch on if the server offers it.
    /// - Throws: ``QMPClientError``, or the server's `QAPIError`.
    public static func connect(
        to address: MonitorAddress, enabling capabilities: [QMPCapability] = [],
        group: MultiThreadedEventLoopGroup = .singleton
    ) async throws -> QMPClient {
        let (events, continuation) = AsyncStream.makeStream(
            of: QMPEvent.self, bufferingPolicy: .bufferingNewest(eventLimit))
        let exchange = QMPExchange(events: continuation)
        let bootstrap = ClientBootstrap(group: group).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(QMPClientHandler(exchange: exchange))
            }
        }
        let channel: any Channel
        do {
            channel = try await bootstrap.connect(to: address)
        } catch let error as IOError {
            let reason = unsafe String(cString: strerror(error.errnoCode))
            throw QMPClientError.cannotConnect(address, reason: reason)
        } catch {
            throw QMPClientError.cannotConnect(address, reason: "\(error)")
        }
        do {
            let greeting = try await exchange.greeting()
            let client = QMPClient(
                greeting: greeting, events: events, channel: channel, exchange: exchange)
            let offered = greeting["QMP"]?["capabilities"]?.array ?? []
            let enabled = capabilities.filter { offered.contains($0.json) }
            try await client.execute("qmp_capabilities", enabled.isEmpty ? [:] : ["enable": enabled.json])
            return client
        } catch {
            try? await channel.close()
            throw error
        }
    }

    /// Has the server run a command.
    /// - Parameter outOfBand: overtake commands that wait; needs capability `oob`.
    /// - Returns: what stands behind `return`.
    /// - Throws: the server's `QAPIError`, or ``QMPClientError`` if the connection ends first.
    @discardableResult
    public func execute(
        _ command: String, _ arguments: JSONObject = [:], outOfBand: Bool = false
    ) async throws -> JSONValue {
        try await withCheckedThrowingContinuation { continuation in
            guard let id = exchange.expectReply(continuation) else {
                return continuation.resume(throwing: QMPClientError.closed)
            }
            var message: JSONObject = [outOfBand ? "exec-oob" : "execute": .string(command)]
            if !arguments.isEmpty { message["arguments"] = .object(arguments) }
            message["id"] = .integer(id)
            // A failed write closes the channel, and that ends the wait.
            channel.writeAndFlush(ByteBuffer(bytes: QMPMessage.bytes(message)), promise: nil)
        }
    }

    /// Has the server run a command of the schema.
    @discardableResult
    public func execute(_ command: CommandName, _ arguments: JSONObject = [:]) async throws -> JSONValue {
        try await execute(command.rawValue, arguments)
    }

    /// Ends the conversation; commands under way fail with ``QMPClientError/closed``.
    public func close() async { try? await channel.close() }
}

extension ClientBootstrap {
    fileprivate func connect(to address: MonitorAddress) async throws -> any Channel {
        switch address {
        case .unix(let path): return try await connect(unixDomainSocketPath: path).get()
        case .tcp(let host, let port):
            guard let number = UInt16(port) else {
                throw QMPClientError.cannotConnect(address, reason: "'\(port)' is no port")
            }
            return try await connect(host: host.isEmpty ? "localhost" : host, port: Int(number)).get()
        }
    }
}
