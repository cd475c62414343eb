import Bytes
import Fuzzer
import MigrationStream
import Workbench

/// Any bytes as a qcow2 image: its list of snapshots, and the states in it as streams.
private func test(_ input: [UInt8]) {
    do throws(StreamError) {
        let image = try Qcow2Image(ArrayFile(input))
        for snapshot in image.snapshots.prefix(3) {
            let capture = StreamCapture(main: image.state(of: snapshot))
            for problem in StreamVerifier.verify(StreamEventReader(capture)).problems {
                precondition(!problem.description.isEmpty)
            }
        }
    } catch {
        precondition(!error.description.isEmpty)
    }
}

@main struct Main {
    static func main() { fuzz(test) }
}
