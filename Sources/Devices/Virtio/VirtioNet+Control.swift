import VMState

extension VirtioNet {
    private enum Command {
        static let receive: UInt8 = 0
        static let mac: UInt8 = 1
        static let vlan: UInt8 = 2
        static let announce: UInt8 = 3
        static let guestOffloads: UInt8 = 5
    }

    /// Answers one request of the control queue (virtio 1.2, 5.1.6.5), with the lock held.
    func control() {
        guard chain.readableCount >= 2, chain.writableCount >= 1 else {
            return breakDown(.request("virtio-net ctrl missing headers"))
        }
        // The longest command is a MAC table; a driver may send more addresses than are kept.
        let bytes = chain.bytes(from: 0, count: 64 << 10)
        let body = LittleEndianReader(Array(bytes.dropFirst(2)))
        let isDone =
            switch bytes[0] {
            case Command.receive: setMode(bytes[1], body)
            case Command.mac: setAddresses(bytes[1], body)
            case Command.vlan: setVLAN(bytes[1], body)
            case Command.announce: acknowledgeAnnouncement(bytes[1])
            case Command.guestOffloads:
                has(Feature.ctrlGuestOffloads) && bytes[1] == 0 && body.bytes.count >= 8
                    && body.uint64(at: 0) == 0
            default: false
            }
        chain.copyIn([isDone ? 0 : 1], at: 0)
        chain.markDirty(memory, count: 1)
        push(chain, written: 1)
    }

    private func setMode(_ command: UInt8, _ body: LittleEndianReader) -> Bool {
        guard !body.bytes.isEmpty else { return false }
        let value: UInt8 = body.uint8(at: 0) != 0 ? 1 : 0
        switch command {
        case 0: net.promiscuous = value
        case 1: net.allMulticast = value
        case 2: net.allUnicast = value
        case 3: net.noMulticast = value
        case 4: net.noUnicast = value
        case 5: net.noBroadcast = value
        default: return false
        }
        return true
    }

    private func setAddresses(_ command: UInt8, _ body: LittleEndianReader) -> Bool {
        switch command {
        case 1:
            guard body.bytes.count == 6 else { return false }
            net.mac = body.bytes
            return true
        case 0:
            // Two tables, unicast and multicast, each a count and addresses.
            var offset = 0
            var tables: [[UInt8]] = []
            for _ in 0..<2 {
                guard body.bytes.count - offset >= 4 else { return false }
                let count = Int(body.uint32(at: offset))
                offset += 4
                guard count <= (body.bytes.count - offset) / 6 else { return false }
                tables.append(Array(body.bytes[offset..<offset + 6 * count]))
                offset += 6 * count
            }
            // What does not fit is let in unfiltered.
            let limit = 6 * VirtioNetState.macTableSize
            net.unicastOverflow = tables[0].count > limit ? 1 : 0
            net.macTable = net.unicastOverflow == 0 ? tables[0] : []
            net.multicastOverflow = net.macTable.count + tables[1].count > limit ? 1 : 0
            if net.multicastOverflow == 0 { net.macTable += tables[1] }
            return true
        default: return false
        }
    }

    private func setVLAN(_ command: UInt8, _ body: LittleEndianReader) -> Bool {
        guard body.bytes.count >= 2, body.uint16(at: 0) < 4096 else { return false }
        let id = Int(body.uint16(at: 0))
        switch command {
        case 0: net.vlans[id / 8] |= 1 << UInt8(id % 8)
        case 1: net.vlans[id / 8] &= ~(1 << UInt8(id % 8))
        default: return false
        }
        return true
    }

    private func acknowledgeAnnouncement(_ command: UInt8) -> Bool {
        guard command == 0, net.status & LinkStatus.announce != 0 else { return false }
        net.status &= ~LinkStatus.announce
        return true
    }

    /// Whether the filter lets a frame (at least 14 bytes) in, with the lock held.
    func accepts(_ frame: [UInt8]) -> Bool {
        if net.promiscuous != 0 { return true }
        if frame[12] == 0x81, frame[13] == 0, frame.count >= 16 {
            let id = (Int(frame[14]) << 8 | Int(frame[15])) & 0xfff
            if net.vlans[id / 8] >> UInt8(id % 8) & 1 == 0 { return false }
        }
        let address = frame[0..<6]
        if address[0] & 1 != 0 {
            if address.allSatisfy({ $0 == 0xff }) { return net.noBroadcast == 0 }
            if net.noMulticast != 0 { return false }
            if net.allMulticast != 0 || net.multicastOverflow != 0 { return true }
        } else {
            if net.noUnicast != 0 { return false }
            if net.allUnicast != 0 || net.unicastOverflow != 0 || address == net.mac[...] { return true }
        }
        return stride(from: 0, to: net.macTable.count - 5, by: 6).contains { start in
            net.macTable[start..<start + 6].elementsEqual(address)
        }
    }
}
