import QAPI
import Synchronization

/// One client from greeting to farewell: what it may do, what it has asked for, and in which order it is answered.
/// It knows no socket; input comes by ``receive(_:descriptors:)``, output goes to a ``MonitorOutput``.
///
/// Input is taken on one thread (that of the connection), commands run as tasks, events come from anywhere.
final class QMPSession: Sendable {
    /// Most in-band commands that may wait, the running one included, once `oob` is on. Before, it is one.
    static let queueLimit = 8
    /// Most out-of-band commands that may run at the same time.
    static let outOfBandLimit = 8

    let descriptors: DescriptorList
    private let commands: CommandTable
    private let dispatcher: Dispatcher
    private let output: any MonitorOutput

    /// Used by the thread that brings the input, and by no other.
    private let parser = Mutex(JSONParser())
    private let state = Mutex(State())

    private struct State {
        var isNegotiating = true
        var isOutOfBandEnabled = false
        /// In the order in which they came; the first one may be running.
        var queue: [Item] = []
        var isFirstRunning = false
        var outOfBandCount = 0
        var isInputEnded = false
        var isClosed = false

        var hasRoom: Bool {
            !isClosed && queue.count < (isOutOfBandEnabled ? QMPSession.queueLimit : 1)
                && outOfBandCount < QMPSession.outOfBandLimit
        }
    }

    private enum Item {
        case command(JSONObject)
        /// The answer to something that was no command; it waits for its turn.
        case answer(JSONObject)
    }

    init(
        commands: CommandTable, dispatcher: Dispatcher, version: VersionInfo, output: any MonitorOutput,
        budget: DescriptorBudget = DescriptorBudget()
    ) {
        descriptors = DescriptorList(budget: budget)
        self.commands = commands
        self.dispatcher = dispatcher
        self.output = output
        output.send(QMPMessage.bytes(QMPMessage.greeting(version)), isEvent: false)
    }

    /// Whether the client has not negotiated yet.
    var isNegotiating: Bool { state.withLock { $0.isNegotiating } }

    // MARK: Input

    /// Whether the session would look at more input now.
    var wantsInput: Bool { state.withLock { $0.hasRoom && !$0.isInputEnded } && !output.isCongested }

    /// Takes input, and the file descriptors that came with it.
    func receive(_ bytes: some Sequence<UInt8>, descriptors arrived: [Int32] = []) {
        for descriptor in arrived { descriptors.add(descriptor) }
        parser.withLock { $0.append(bytes) }
        process()
    }

    /// Looks at input that waits, as far as there is room for the commands in it.
    func process() {
        while state.withLock({ $0.hasRoom }), !output.isCongested {
            guard let outcome = parser.withLock({ $0.next() }) else { return finishIfDone() }
            accept(outcome)
        }
    }

    /// Takes note that the client sends no more. What it has sent is still done and answered.
    func endInput() {
        state.withLock { $0.isInputEnded = true }
        process()
    }

    /// Takes note that the connection is gone: commands that have not begun are dropped.
    func close() {
        state.withLock { state in
            state.isClosed = true
            state.queue.removeSubrange((state.isFirstRunning ? 1 : 0)...)
        }
    }

    private func accept(_ outcome: Result<JSONValue, JSONParseError>) {
        switch outcome {
        case .success(.object(let object)):
            let overtakes = state.withLock { state in
                guard state.isOutOfBandEnabled, QMPRequest.overtakes(object) else { return false }
                state.outOfBandCount += 1
                return true
            }
            if overtakes {
                dispatcher.overtake { await self.runOutOfBand(object) }
            } else {
                enqueue(.command(object))
            }
        case .success: refuse(.generic("QMP input must be a JSON object"))
        case .failure(let error): refuse(.generic(error.description))
        }
    }

    private func refuse(_ error: QAPIError) {
        enqueue(.answer(QMPMessage.reply(.failure(error), id: nil)))
    }

    private func enqueue(_ item: Item) {
        state.withLock { state in
            state.queue.append(item)
            advance(&state)
        }
    }

    /// Sends answers whose turn has come and has the next command run.
    private func advance(_ state: inout State) {
        while !state.isFirstRunning, let first = state.queue.first {
            switch first {
            case .answer(let message):
                state.queue.removeFirst()
                output.send(QMPMessage.bytes(message), isEvent: false)
            case .command:
                state.isFirstRunning = true
                dispatcher.add(self)
            }
        }
    }

    private func finishIfDone() {
        let isDone = state.withLock { state in
            state.isInputEnded && state.queue.isEmpty && state.outOfBandCount == 0
        }
        if isDone { output.closeWhenSent() }
    }

    // MARK: Commands

    /// Runs the command at the head of the queue. Called by the dispatcher only.
    func runFirst() async {
        guard case .command(let object)? = state.withLock({ $0.queue.first }) else { return }
        var negotiated: [QMPCapability]?
        let result: Result<JSONValue, QAPIError>
        do throws(QAPIError) {
            if state.withLock({ $0.isNegotiating }) {
                negotiated = try negotiate(object)
                result = .success(.object([:]))
            } else {
                result = .success(try await run(object))
            }
        } catch {
            result = .failure(error)
        }
        let bytes = QMPMessage.bytes(QMPMessage.reply(result, id: object["id"]))
        state.withLock { state in
            state.queue.removeFirst()
            state.isFirstRunning = false
            if !state.isClosed { output.send(bytes, isEvent: false) }
            // In one step with the reply: a client sees no event before it.
            if let negotiated {
                state.isNegotiating = false
                state.isOutOfBandEnabled = negotiated.contains(.oob)
            }
            advance(&state)
        }
        output.resumeInput()
    }

    private func runOutOfBand(_ object: JSONObject) async {
        let result: Result<JSONValue, QAPIError>
        do throws(QAPIError) { result = .success(try await run(object)) } catch { result = .failure(error) }
        let bytes = QMPMessage.bytes(QMPMessage.reply(result, id: object["id"]))
        state.withLock { state in
            state.outOfBandCount -= 1
            if !state.isClosed { output.send(bytes, isEvent: false) }
        }
        output.resumeInput()
    }

    private func run(_ object: JSONObject) async throws(QAPIError) -> JSONValue {
        let request = try QMPRequest(
            object, allowsOutOfBand: state.withLock { $0.isOutOfBandEnabled })
        let command = try commands.command(request.command)
        if request.isOutOfBand, !command.allowsOutOfBand {
            throw .generic("The command \(request.command) does not support OOB")
        }
        return try await command.run(request.arguments, self)
    }

    private func negotiate(_ object: JSONObject) throws(QAPIError) -> [QMPCapability] {
        let request = try QMPRequest(object, allowsOutOfBand: false)
        guard request.command == CommandName.qmpCapabilities.rawValue else {
            throw QAPIError(
                .commandNotFound, "Expecting capabilities negotiation with 'qmp_capabilities'")
        }
        return try QmpCapabilitiesArguments(json: .object(request.arguments)).enable ?? []
    }

    // MARK: Events

    /// Sends an event, unless the client is still negotiating.
    func send(event bytes: [UInt8]) {
        state.withLock { state in
            guard !state.isNegotiating, !state.isClosed else { return }
            output.send(bytes, isEvent: true)
        }
    }
}
