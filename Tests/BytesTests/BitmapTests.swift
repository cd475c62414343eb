import Bytes
import Testing

@Suite("Bitmap")
struct BitmapTests {
    @Test("bits are found in order", arguments: [1, 63, 64, 65, 1000])
    func order(count: Int) {
        var bitmap = Bitmap(count: count)
        #expect(bitmap.next(from: 0) == nil && bitmap.population == 0)
        let wanted = Set([0, count / 3, count / 2, count - 1]).sorted()
        for index in wanted { bitmap[index] = true }
        var found: [Int] = []
        var index = 0
        while let next = bitmap.next(from: index) {
            found.append(next)
            index = next + 1
        }
        #expect(found == wanted)
        #expect(bitmap.population == wanted.count)
        #expect(bitmap.next(from: count) == nil && bitmap.next(from: count + 100) == nil)
        bitmap[0] = false
        #expect(!bitmap[0])
    }

    @Test("setting all sets no bit beyond the last", arguments: [0, 1, 63, 64, 65, 128])
    func all(count: Int) {
        var bitmap = Bitmap(count: count)
        bitmap.setAll()
        #expect(bitmap.population == count)
        bitmap.clearAll()
        #expect(bitmap.population == 0)
    }
}
