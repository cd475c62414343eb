import Bytes
import Fuzzer
import MigrationStream
import Workbench

/// Any bytes as a recording: they are cut into channels at a mark, the first is the main one.
private func test(_ input: [UInt8]) {
    let channels = pieces(of: input)
    func capture() -> StreamCapture {
        var capture = StreamCapture(main: ArraySource(channels[0]))
        for channel in channels.dropFirst() {
            switch StreamCapture.kind(of: Array(channel.prefix(64))) {
            case .multifd, .main: capture.multifd.append(ArraySource(channel))
            case .preempt: capture.preempt = ArraySource(channel)
            case .returnPath: capture.returnPath = ArraySource(channel)
            }
        }
        return capture
    }
    for problem in StreamVerifier.verify(StreamEventReader(capture())).problems {
        precondition(!problem.description.isEmpty && !problem.json.description.isEmpty)
    }
    let report = StreamInspector.report(StreamEventReader(capture()))
    precondition(!report.json.description.isEmpty && !report.text(withFields: true).isEmpty)
}

/// What stands between the marks "CUT!".
private func pieces(of input: [UInt8]) -> [[UInt8]] {
    let mark = Array("CUT!".utf8)
    var result: [[UInt8]] = [[]]
    var index = 0
    while index < input.count {
        if result.count < 4, input[index...].starts(with: mark) {
            result.append([])
            index += mark.count
        } else {
            result[result.count - 1].append(input[index])
            index += 1
        }
    }
    return result
}

@main struct Main {
    static func main() { fuzz(test) }
}
