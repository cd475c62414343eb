/// `; did you mean 'X'?` for the known name that a mistyped one is closest to; empty when none is near.
func hint(_ name: String, among known: [String]) -> String {
    let limit = max(1, name.count / 3)
    let near = known.map { ($0, editDistance(name, $0)) }.filter { $0.1 <= limit }.min { $0.1 < $1.1 }
    return near.map { "; did you mean '\($0.0)'?" } ?? ""
}

/// That `option` names something that is there.
///
/// - Parameters:
///   - known: the names that there are.
///   - what: of what kind they are.
func check(_ name: String, isAmong known: [String], _ what: String, _ option: String) throws(OptionError) {
    if known.contains(name) { return }
    throw OptionError(option, "there is no \(what) '\(name)'" + hint(name, among: known))
}

/// How many characters have to be inserted, removed, replaced or swapped with their neighbour, of the first 64.
func editDistance(_ left: String, _ right: String) -> Int {
    let a = Array(left.prefix(64))
    let b = Array(right.prefix(64))
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in 0..<a.count {
        var row = [i + 1]
        for j in 0..<b.count {
            var best = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, beforeLast[j - 1] + 1) }
            row.append(best)
        }
        beforeLast = last
        last = row
    }
    return last[b.count]
}
