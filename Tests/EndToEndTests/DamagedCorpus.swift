import Foundation
import Glibc
import StreamCorpus
import Testing

/// Each damaged stream, given to the tools as files: none traps them, holds them up, or has them take memory.
@Suite(.serialized, .enabled(if: Program.martletIsOurs, "MARTLET_BINARY names no martlet"))
struct DamagedCorpus {
    /// Most memory that a tool may take for a stream of a few KiB, in KiB: its look-ahead, and the program itself.
    private static let bound = 96 << 10

    @Test("Tools end by themselves on each damaged stream, within bounds", arguments: ["verify", "inspect"])
    func tools(tool: String) throws {
        let program = try #require(Program.martlet)
        let workplace = try Workplace()
        for damage in Damage.all {
            var files: [String] = []
            for (index, channel) in damage.channels.enumerated() {
                let path = "\(workplace.path)/channel-\(index)"
                try Data(channel).write(to: URL(filePath: path))
                files.append(path)
            }
            let outcome = try run(program.path, ["stream", tool, "--json"] + files)
            #expect(outcome.signal == 0, "\(damage.name): signal \(outcome.signal)")
            #expect([0, 1, 64].contains(outcome.status), "\(damage.name): status \(outcome.status)")
            // A child's account begins with the peak of the process that it was made by.
            let bound = max(Self.bound, ownPeak + 1)
            #expect(outcome.peak < bound, "\(damage.name): \(outcome.peak) KiB")
        }
    }

    /// Most memory that this process has had, in KiB.
    private var ownPeak: Int {
        var usage = rusage()
        _ = unsafe getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss
    }

    /// Runs a program to its end, at most a minute of processor time.
    private func run(
        _ path: String, _ arguments: [String]
    ) throws -> (status: Int32, signal: Int32, peak: Int) {
        let script = "ulimit -t 60; exec \"$0\" \"$@\" >/dev/null 2>&1"
        var words: [UnsafeMutablePointer<CChar>?] = unsafe []
        for word in ["/bin/sh", "-c", script, path] + arguments { unsafe words.append(strdup(word)) }
        unsafe words.append(nil)
        defer { for index in unsafe words.indices { unsafe free(words[index]) } }
        var child: pid_t = 0
        let result = unsafe posix_spawn(&child, "/bin/sh", nil, nil, &words, environ)
        try #require(result == 0)
        var status: Int32 = 0
        var usage = rusage()
        while unsafe wait4(child, &status, 0, &usage) < 0 && errno == EINTR {}
        return (status >> 8 & 0xFF, status & 0x7F, usage.ru_maxrss)
    }
}
