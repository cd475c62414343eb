public import Bytes
import CPlatform
import Glibc

extension RAMBlock {
    /// Pages that may hold something other than zeros: the system backs them with memory, or has swapped them out; of a
    /// file's, those that are no holes. The others were not touched since the block was made or emptied; reading them
    /// would only make the system map zeros, which costs more than it does to look here.
    ///
    /// Writes that go on meanwhile may be missing: log them. All pages when the system does not tell.
    public func touchedPages() -> Bitmap {
        switch backing {
        case .anonymous: return touchedByThisProcess()
        case .memfd, .file(_, true): return filledInFile()
        case .file(_, false):
            var all = Bitmap(count: pageCount)
            all.setAll()
            return all
        }
    }

    /// What of a file is no hole, whoever wrote it.
    private func filledInFile() -> Bitmap {
        var filled = Bitmap(count: pageCount)
        var offset: off_t = 0
        while offset < off_t(size) {
            let start = lseek(descriptor, offset, 3)  // SEEK_DATA
            if start < 0, errno == ENXIO { return filled }
            let end = start < 0 ? -1 : lseek(descriptor, start, 4)  // SEEK_HOLE
            guard end > start else {
                filled.setAll()
                return filled
            }
            let last = min(pageCount, (Int(end) + guestPageSize - 1) / guestPageSize)
            let first = Int(start) / guestPageSize
            if first < last { for page in first..<last { filled[page] = true } }
            offset = end
        }
        return filled
    }

    private func touchedByThisProcess() -> Bitmap {
        var touched = Bitmap(count: pageCount)
        // One 64-bit entry for each page of the process; bit 63: present, bit 62: swapped (proc(5), pagemap).
        let map = unsafe cplatform_open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC, 0)
        guard map >= 0, getpagesize() == guestPageSize else {
            touched.setAll()
            return touched
        }
        defer { close(map) }
        let first = unsafe Int(bitPattern: base) / guestPageSize
        var entries = [UInt64](repeating: 0, count: 8192)
        var page = 0
        while page < pageCount {
            let wanted = min(entries.count, pageCount - page)
            let got = unsafe pread(map, &entries, wanted * 8, off_t((first + page) * 8)) / 8
            guard got > 0 else {
                touched.setAll()
                return touched
            }
            for index in 0..<got where entries[index] >> 62 != 0 { touched[page + index] = true }
            page += got
        }
        return touched
    }
}
