import Devices
import Migration
public import QAPI
import Synchronization

/// `announce-self`: tells the network where the guest's cards are, several times with growing delays. Announcements have
/// names; one of the same name takes the place of the one before.
final class Announcer: Sendable {
    /// Which announcement of a name is the present one.
    private let current = Mutex<[String: Int]>([:])

    /// Begins at once; the others follow by themselves.
    ///
    /// - Parameter announce: tells the network once.
    func begin(_ parameters: AnnounceParameters, announce: @escaping @Sendable () -> Void) {
        let name = parameters.id ?? ""
        let number = current.withLock { current in
            current[name, default: 0] += 1
            return current[name, default: 0]
        }
        guard parameters.rounds > 0 else { return }
        announce()
        var settings = MigrationSettings()
        settings.announceInitial = UInt64(clamping: parameters.initial)
        settings.announceMax = UInt64(clamping: min(parameters.max, Int64(Int32.max)))
        settings.announceRounds = UInt64(clamping: parameters.rounds)
        settings.announceStep = UInt64(clamping: parameters.step)
        Task { [settings] in
            var round = 0
            while let delay = settings.announceDelay(after: round) {
                try? await Task.sleep(for: .milliseconds(delay))
                guard current.withLock({ $0[name] }) == number else { return }
                announce()
                round += 1
            }
        }
    }
}

extension MachineCommands {
    public func announceSelf(_ arguments: AnnounceParameters) async throws(QAPIError) {
        var cards: [VirtioNet] = []
        for (given, device) in zip(machine.deviceConfigurations, machine.board.virtio) {
            guard case .network(let netdev, _, _) = given.kind, let card = device as? VirtioNet else {
                continue
            }
            if let wanted = arguments.interfaces, !wanted.contains(netdev ?? "") { continue }
            cards.append(card)
        }
        announcer.begin(arguments) { [cards] in for card in cards { card.announce() } }
    }
}
