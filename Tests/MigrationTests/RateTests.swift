import Testing

@testable import Migration

/// Statistics of a period: QAPI's XBZRLECacheStats and CompressionStats.
@Suite struct RateTests {
    @Test(
        "xbzrle: bytes of pages for each byte of the period, and misses of all that was sent in it",
        arguments: [
            // Pages, bytes, misses and pages of any kind in the period; encoding-rate and cache-miss-rate.
            (UInt64(100), UInt64(600), UInt64(50), UInt64(200), 100 * 4096 / 600.0, 0.25),
            (0, 0, 7, 7, 0, 1), (10, 0, 0, 10, 0, 0), (0, 0, 0, 0, 0, 0),
        ])
    func xbzrle(
        pages: UInt64, bytes: UInt64, misses: UInt64, examined: UInt64, encodingRate: Double, missRate: Double
    ) {
        var start = XBZRLEStatistics()
        (start.pages, start.bytes, start.cacheMiss) = (1000, 123_456, 77)
        var end = start
        end.pages += pages
        end.bytes += bytes
        end.cacheMiss += misses
        end.setRates(since: start, examined: examined)
        #expect(end.encodingRate == encodingRate && end.cacheMissRate == missRate)
    }

    @Test(
        "compress: bytes of pages for each packed byte of the period, and pages that found no thread of all",
        arguments: [
            // Pages, their bytes, busy and pages of any kind in the period; compression-rate and busy-rate.
            (UInt64(100), UInt64(4096), UInt64(50), UInt64(200), 100.0, 0.25),
            (0, 0, 7, 7, 3, 1), (0, 0, 0, 0, 3, 0),
        ])
    func compress(
        pages: UInt64, bytes: UInt64, busy: UInt64, examined: UInt64, compressionRate: Double,
        busyRate: Double
    ) {
        var start = CompressionStatistics()
        (start.pages, start.compressedSize, start.busy, start.compressionRate) = (1000, 123_456, 77, 3)
        var end = start
        end.pages += pages
        end.compressedSize += bytes
        end.busy += busy
        end.setRates(since: start, examined: examined)
        #expect(end.compressionRate == compressionRate && end.busyRate == busyRate)
    }
}
