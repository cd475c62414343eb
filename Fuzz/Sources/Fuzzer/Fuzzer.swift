import CFuzzer
import Glibc

nonisolated(unsafe) private var body: ([UInt8]) -> Void = { _ in }

/// Has libFuzzer run a test with the process's arguments, those of any libFuzzer program.
public func fuzz(_ test: @escaping ([UInt8]) -> Void) -> Never {
    body = test
    var count = CommandLine.argc
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
    exit(
        LLVMFuzzerRunDriver(&count, &arguments) { data, count in
            body(Array(UnsafeBufferPointer(start: data, count: count)))
            return 0
        })
}
