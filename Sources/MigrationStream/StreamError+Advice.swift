import Bytes

extension StreamError {
    /// What most likely led to it, without a full stop.
    public var cause: String { knownCause.isEmpty ? advice.cause : knownCause }
    /// What a person can do about it, without a full stop.
    public var remedy: String { knownRemedy.isEmpty ? advice.remedy : knownRemedy }

    /// What can be said from the reason and the place alone.
    private var advice: (cause: String, remedy: String) {
        switch reason {
        case .bytes(.endOfStream(_, _)):
            return ("the other side gave up, or the recording is cut", Self.lookAtTheOtherSide)
        case .bytes(.source(_, _)): return ("the connection or the file broke", Self.lookAtTheOtherSide)
        case .version, .unknownSubsection: return layout
        case .unknownSection: return ("the source has a device that is not here", Self.sameMachine)
        case .notSupported:
            return ("the source uses what is not built here", "switch it off at the source")
        case .value, .bytes(.notUTF8(_)): return value
        }
    }

    /// Another version than is known, of what is versioned.
    private var layout: (cause: String, remedy: String) {
        guard section != nil else {
            return ("the source is a program that writes another version of the stream", Self.knownRelease)
        }
        return (
            "the source is a release with another layout of this section, or has a property of the device on that is "
                + "not known here", Self.knownRelease
        )
    }

    /// A value that cannot be.
    private var value: (cause: String, remedy: String) {
        if phase == .returnPath || path.first?.hasPrefix("return path") == true {
            return (
                "what answers is no destination of a migration, or the channel is damaged",
                "check what listens at the address"
            )
        }
        guard let section, path.first != "section header", path.first != "footer" else {
            return ("the stream is damaged, or what precedes was read in another layout", Self.keepTheStream)
        }
        if section.name == RAMSection.name {
            return path.first == "block list"
                ? ("the machines differ in their memory, or the stream is damaged", Self.sameMachine)
                : ("the stream is damaged", Self.keepTheStream)
        }
        return (
            "the device is another than the source's, or the stream is damaged before this place",
            "\(Self.sameMachine); 'martlet stream inspect' shows the fields of a recorded stream"
        )
    }

    package static let repeated = "the stream repeats a part of itself or was put together wrongly"
    static let sameMachine =
        "start the destination with the machine options, -m, -smp and -device of the source"
    private static let lookAtTheOtherSide =
        "see what the other side says (its log, its query-migrate), then migrate or record again"
    private static let knownRelease =
        "use a release that 'martlet compat' lists, or set the receiver's dialect at a source that is a Martlet"
    private static let keepTheStream =
        "migrate or record again; if it comes back, keep the stream (exec:'cat >FILE') and look at it with 'martlet "
        + "stream verify'"
}
