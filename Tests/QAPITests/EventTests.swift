import QAPI
import Testing

@Suite struct EventTests {
    @Test func `events carry their data under QAPI's names`() {
        #expect(Event.migration(status: .preSwitchover).name == "MIGRATION")
        #expect(Event.migration(status: .preSwitchover).data == ["status": "pre-switchover"])
        #expect(
            Event.shutdown(guest: false, reason: .hostQmpQuit).data == [
                "guest": false, "reason": "host-qmp-quit",
            ])
        #expect(Event.stop.data == nil)
    }
}
