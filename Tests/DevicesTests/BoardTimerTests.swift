import Glibc
import Synchronization
import Testing

@testable import Devices

@Suite struct BoardTimerTests {
    @Test("A timer that comes due while the guest is being stopped stays armed, and fires when it runs again")
    func stopped() {
        let board = BoardFixture(running: true)
        let fired = Mutex(0)
        let timer = BoardTimer(board.timers) { fired.withLock { $0 += 1 } }
        let due = board.lock.withLock {
            let due = board.clock.now + 1_000_000
            timer.deadline = due
            usleep(50_000)  // By now the timers' thread waits for the lock that we hold.
            board.clock.stop()
            return due
        }
        usleep(20_000)
        #expect(fired.withLock { $0 } == 0)
        #expect(timer.deadline == due)
        board.clock.start()
        board.timers.clockChanged()
        #expect(waitFor(120) { fired.withLock { $0 } == 1 })
        #expect(timer.deadline == nil)
    }

    @Test("A deadline that is taken back or put off while the timer waits for the lock does not fire")
    func changed() {
        let board = BoardFixture(running: true)
        let fired = Mutex(0)
        let timer = BoardTimer(board.timers) { fired.withLock { $0 += 1 } }
        for deadline in [nil, board.clock.now + 3_600_000_000_000] as [Int64?] {
            board.lock.withLock {
                timer.deadline = board.clock.now
                usleep(20_000)
                timer.deadline = deadline
            }
            usleep(20_000)
            #expect(fired.withLock { $0 } == 0)
            #expect(timer.deadline == deadline)
        }
    }
}
