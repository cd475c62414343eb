extension VirtioConsole {
    /// Events of the control queues (virtio 1.2, 5.3.6.2).
    enum Event: UInt16 {
        case deviceReady = 0
        case portAdd = 1
        case portRemove = 2
        case portReady = 3
        case consolePort = 4
        case resize = 5
        case portOpen = 6
        case portName = 7
    }

    /// Messages that wait for the guest's buffers; a guest that gives none loses more.
    private static let messageMax = 256

    /// Tells the guest something about a port, with the lock held.
    func tell(_ port: Int, _ event: Event, _ value: UInt16, text: String = "") {
        guard isMultiport, messages.count < VirtioConsole.messageMax else { return }
        var message = LittleEndianBytes()
        message.append(UInt32(port))
        message.append(event.rawValue)
        message.append(value)
        message.append(Array(text.utf8))
        messages.append(message.bytes)
        kick(1 << UInt64(Queue.controlReceive))
    }

    /// Puts waiting messages into the guest's buffers, with the lock held.
    func sendMessages() {
        while !messages.isEmpty, pop(Queue.controlReceive, into: chain) {
            let count = chain.copyIn(messages.removeFirst(), at: 0)
            chain.markDirty(memory, count: count)
            push(chain, written: count)
        }
    }

    /// Answers one message of the guest, with the lock held.
    func control() {
        let message = LittleEndianReader(chain.bytes(from: 0, count: 8))
        let isWhole = message.bytes.count == 8
        push(chain, written: 0)
        guard isWhole, let event = Event(rawValue: message.uint16(at: 4)) else { return }
        let value = message.uint16(at: 6)
        if event == .deviceReady {
            if value != 0 { for port in ports { tell(port.id, .portAdd, 1) } }
            return
        }
        guard let index = ports.firstIndex(where: { UInt32($0.id) == message.uint32(at: 0) }) else { return }
        let port = ports[index]
        switch event {
        case .portReady where value != 0:
            if port.isConsole { tell(port.id, .consolePort, 1) }
            if !port.name.isEmpty { tell(port.id, .portName, 1, text: port.name) }
            if states[index].isHostConnected { tell(port.id, .portOpen, 1) }
        case .portOpen:
            states[index].isGuestConnected = value != 0
            kick(1 << UInt64(port.receiveQueue))
        default: break
        }
    }
}
