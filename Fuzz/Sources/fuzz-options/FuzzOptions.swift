import Fuzzer
import Machine

/// Lines of words as a command line.
private func test(_ input: [UInt8]) {
    let text = String(decoding: input, as: UTF8.self)
    let words = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    do throws(OptionError) { _ = try MachineOptions(parsing: words) } catch { precondition(!"\(error)".isEmpty) }
}

@main struct Main {
    static func main() { fuzz(test) }
}
