import Fuzzer
import QAPI

/// Any input from a QMP client, in one piece and in two: the parser must see the same values, and recover.
private func test(_ input: [UInt8]) {
    let cut = input.isEmpty ? 0 : Int(input[0]) % (input.count + 1)
    let (whole, halves) = (read([input[...]]), read([input[..<cut], input[cut...]]))
    precondition(whole == halves, "what is read depends on how it comes")
    for case .success(let value) in whole {
        // What was read is written so that it reads again, and then reads the same: 0.0 is written as 0.
        let text = value.encoded
        guard let again = try? JSONValue(parsing: text) else { fatalError("\(value) does not read again") }
        let second = again.encoded
        precondition((try? JSONValue(parsing: second)) == again)
    }
}

private func read(_ pieces: [ArraySlice<UInt8>]) -> [Result<JSONValue, JSONParseError>] {
    var parser = JSONParser()
    var results: [Result<JSONValue, JSONParseError>] = []
    for piece in pieces {
        parser.append(piece)
        while let result = parser.next() { results.append(result) }
    }
    if let error = parser.finish() { results.append(.failure(error)) }
    return results
}

@main struct Main {
    static func main() { fuzz(test) }
}
