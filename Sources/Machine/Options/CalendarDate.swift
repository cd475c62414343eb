/// A moment of the Gregorian calendar, in UTC.
struct CalendarDate: Equatable {
    var year = 1970
    var month = 1
    var day = 1
    var hour = 0
    var minute = 0
    var second = 0

    /// `2006-06-17` or `2006-06-17T16:01:21`.
    init?(parsing text: String) {
        let halves = text.split(separator: "T", omittingEmptySubsequences: false)
        func numbers(_ text: Substring, _ separator: Character) -> [Int]? {
            let parts = text.split(separator: separator, omittingEmptySubsequences: false)
            let numbers = parts.compactMap { part in
                part.allSatisfy(\.isNumber) && part.count <= 4 ? Int(part) : nil
            }
            return parts.count == 3 && numbers.count == 3 ? numbers : nil
        }
        guard halves.count <= 2, let date = halves.first.flatMap({ numbers($0, "-") }) else { return nil }
        (year, month, day) = (date[0], date[1], date[2])
        if halves.count == 2 {
            guard let time = numbers(halves[1], ":") else { return nil }
            (hour, minute, second) = (time[0], time[1], time[2])
        }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard (1970...9999).contains(year), (1...12).contains(month), (1...days[month - 1]).contains(day),
            hour < 24, minute < 60, second < 60
        else { return nil }
    }

    /// Seconds since 1970-01-01T00:00:00.
    var secondsSince1970: Int64 {
        // Years begin in March, so that the day that comes and goes is the last.
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted % 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        return Int64(days) * 86400 + Int64(hour * 3600 + minute * 60 + second)
    }
}
