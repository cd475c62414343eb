/// The arguments of a command that takes none.
public struct NoArguments: QAPIObject, Equatable {
    public init() {}

    public init(reading reader: inout MemberReader) {}

    public func write(to object: inout JSONObject) {}
}

/// File descriptors that a client has passed, some of them named (`getfd`).
public protocol PassedDescriptors: Sendable {
    /// Takes the descriptor out of the client's list; the caller owns it from here on.
    /// - Throws: an error in QEMU's words if there is none of that name.
    func take(_ name: String) throws(QAPIError) -> Int32
    /// Takes the oldest descriptor that has no name; the caller owns it from here on.
    /// - Throws: an error in QEMU's words if there is none.
    func takeArrived() throws(QAPIError) -> Int32
}

/// The list of a client that cannot pass descriptors.
public struct NoDescriptors: PassedDescriptors {
    public init() {}

    public func take(_ name: String) throws(QAPIError) -> Int32 { throw .descriptorNotFound(name) }

    public func takeArrived() throws(QAPIError) -> Int32 { throw .noDescriptor }
}

extension QAPIError {
    /// What `migrate` says about `fd:name` when getfd never named it so.
    public static func descriptorNotFound(_ name: String) -> QAPIError {
        .generic("File descriptor named '\(name)' has not been found")
    }

    /// What a command answers that needs a descriptor which did not come with it.
    public static let noDescriptor = QAPIError.generic("No file descriptor supplied via SCM_RIGHTS")

    /// What a command answers that QEMU has and this version of Martlet has not.
    public static func notBuilt(_ command: CommandName) -> QAPIError {
        QAPIError(
            .commandNotFound,
            "The command \(command.rawValue) is known but not built in this version of Martlet")
    }

    /// What a name answers that is no command.
    public static func commandNotFound(_ name: String) -> QAPIError {
        QAPIError(.commandNotFound, "The command \(name) has not been found")
    }
}
