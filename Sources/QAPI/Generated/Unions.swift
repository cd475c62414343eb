// Written by qapi-gen from Schema/martlet.json; change that and run `swift run qapi-gen`.
// swift-format-ignore-file

/// The address of a socket. QAPI `SocketAddress`.
public enum SocketAddress: QAPIObject, Equatable {
    case inet(InetSocketAddress)
    case unix(UnixSocketAddress)
    case vsock(VsockSocketAddress)
    case fd(FdSocketAddress)

    /// QAPI `type`.
    public var type: SocketAddressType {
        switch self {
        case .inet: .inet
        case .unix: .unix
        case .vsock: .vsock
        case .fd: .fd
        }
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        let tag: SocketAddressType = try reader.required("type")
        switch tag {
        case .inet: self = .inet(try InetSocketAddress(reading: &reader))
        case .unix: self = .unix(try UnixSocketAddress(reading: &reader))
        case .vsock: self = .vsock(try VsockSocketAddress(reading: &reader))
        case .fd: self = .fd(try FdSocketAddress(reading: &reader))
        }
    }

    public func write(to object: inout JSONObject) {
        object["type"] = type.json
        switch self {
        case .inet(let branch): branch.write(to: &object)
        case .unix(let branch): branch.write(to: &object)
        case .vsock(let branch): branch.write(to: &object)
        case .fd(let branch): branch.write(to: &object)
        }
    }
}

/// One entry of the schema. Names other than those of commands, events and built-in types mean nothing
/// outside one reply. QAPI `SchemaInfo`.
public struct SchemaInfo: QAPIObject, Equatable {
    /// QAPI `name`.
    public var name: String
    /// QAPI `features`.
    public var features: [String]?
    /// What depends on `meta-type`.
    public var branch: Branch

    public init(name: String, features: [String]? = nil, branch: Branch) {
        self.name = name
        self.features = features
        self.branch = branch
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        name = try reader.required("name")
        features = try reader.optional("features")
        branch = try Branch(reading: &reader)
    }

    public func write(to object: inout JSONObject) {
        object["name"] = name.json
        object["features"] = features?.json
        branch.write(to: &object)
    }

    /// The tag `meta-type` and what it brings with it.
    public enum Branch: QAPIObject, Equatable {
        case builtin(SchemaInfoBuiltin)
        case `enum`(SchemaInfoEnum)
        case array(SchemaInfoArray)
        case object(SchemaInfoObject)
        case alternate(SchemaInfoAlternate)
        case command(SchemaInfoCommand)
        case event(SchemaInfoEvent)

        /// QAPI `meta-type`.
        public var metaType: SchemaMetaType {
            switch self {
            case .builtin: .builtin
            case .`enum`: .`enum`
            case .array: .array
            case .object: .object
            case .alternate: .alternate
            case .command: .command
            case .event: .event
            }
        }

        public init(reading reader: inout MemberReader) throws(QAPIError) {
            let tag: SchemaMetaType = try reader.required("meta-type")
            switch tag {
            case .builtin: self = .builtin(try SchemaInfoBuiltin(reading: &reader))
            case .`enum`: self = .`enum`(try SchemaInfoEnum(reading: &reader))
            case .array: self = .array(try SchemaInfoArray(reading: &reader))
            case .object: self = .object(try SchemaInfoObject(reading: &reader))
            case .alternate: self = .alternate(try SchemaInfoAlternate(reading: &reader))
            case .command: self = .command(try SchemaInfoCommand(reading: &reader))
            case .event: self = .event(try SchemaInfoEvent(reading: &reader))
            }
        }

        public func write(to object: inout JSONObject) {
            object["meta-type"] = metaType.json
            switch self {
            case .builtin(let branch): branch.write(to: &object)
            case .`enum`(let branch): branch.write(to: &object)
            case .array(let branch): branch.write(to: &object)
            case .object(let branch): branch.write(to: &object)
            case .alternate(let branch): branch.write(to: &object)
            case .command(let branch): branch.write(to: &object)
            case .event(let branch): branch.write(to: &object)
            }
        }
    }
}

/// QAPI `GuestPanicInformation`.
public enum GuestPanicInformation: QAPIObject, Equatable {
    case hyperV(GuestPanicInformationHyperV)
    case s390(GuestPanicInformationS390)

    /// QAPI `type`.
    public var type: GuestPanicInformationType {
        switch self {
        case .hyperV: .hyperV
        case .s390: .s390
        }
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        let tag: GuestPanicInformationType = try reader.required("type")
        switch tag {
        case .hyperV: self = .hyperV(try GuestPanicInformationHyperV(reading: &reader))
        case .s390: self = .s390(try GuestPanicInformationS390(reading: &reader))
        }
    }

    public func write(to object: inout JSONObject) {
        object["type"] = type.json
        switch self {
        case .hyperV(let branch): branch.write(to: &object)
        case .s390(let branch): branch.write(to: &object)
        }
    }
}

/// QAPI `ObjectOptions`.
public struct ObjectOptions: QAPIObject, Equatable {
    /// QAPI `id`.
    public var id: String
    /// What depends on `qom-type`.
    public var branch: Branch

    public init(id: String, branch: Branch) {
        self.id = id
        self.branch = branch
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        id = try reader.required("id")
        branch = try Branch(reading: &reader)
    }

    public func write(to object: inout JSONObject) {
        object["id"] = id.json
        branch.write(to: &object)
    }

    /// The tag `qom-type` and what it brings with it.
    public enum Branch: QAPIObject, Equatable {
        case authzList(AuthZListProperties)
        case authzListfile(AuthZListFileProperties)
        /// Not built.
        case authzPam(AuthZPAMProperties)
        case authzSimple(AuthZSimpleProperties)
        /// Not built.
        case iothread
        case secret(SecretProperties)
        case tlsCredsAnon(TlsCredsProperties)
        case tlsCredsPsk(TlsCredsPskProperties)
        case tlsCredsX509(TlsCredsX509Properties)

        /// QAPI `qom-type`.
        public var qomType: ObjectType {
            switch self {
            case .authzList: .authzList
            case .authzListfile: .authzListfile
            case .authzPam: .authzPam
            case .authzSimple: .authzSimple
            case .iothread: .iothread
            case .secret: .secret
            case .tlsCredsAnon: .tlsCredsAnon
            case .tlsCredsPsk: .tlsCredsPsk
            case .tlsCredsX509: .tlsCredsX509
            }
        }

        public init(reading reader: inout MemberReader) throws(QAPIError) {
            let tag: ObjectType = try reader.required("qom-type")
            switch tag {
            case .authzList: self = .authzList(try AuthZListProperties(reading: &reader))
            case .authzListfile: self = .authzListfile(try AuthZListFileProperties(reading: &reader))
            case .authzPam: throw reader.notBuilt("qom-type", tag)
            case .authzSimple: self = .authzSimple(try AuthZSimpleProperties(reading: &reader))
            case .iothread: throw reader.notBuilt("qom-type", tag)
            case .secret: self = .secret(try SecretProperties(reading: &reader))
            case .tlsCredsAnon: self = .tlsCredsAnon(try TlsCredsProperties(reading: &reader))
            case .tlsCredsPsk: self = .tlsCredsPsk(try TlsCredsPskProperties(reading: &reader))
            case .tlsCredsX509: self = .tlsCredsX509(try TlsCredsX509Properties(reading: &reader))
            }
        }

        public func write(to object: inout JSONObject) {
            object["qom-type"] = qomType.json
            switch self {
            case .authzList(let branch): branch.write(to: &object)
            case .authzListfile(let branch): branch.write(to: &object)
            case .authzPam(let branch): branch.write(to: &object)
            case .authzSimple(let branch): branch.write(to: &object)
            case .iothread: break
            case .secret(let branch): branch.write(to: &object)
            case .tlsCredsAnon(let branch): branch.write(to: &object)
            case .tlsCredsPsk(let branch): branch.write(to: &object)
            case .tlsCredsX509(let branch): branch.write(to: &object)
            }
        }
    }
}

/// QAPI `YankInstance`.
public enum YankInstance: QAPIObject, Equatable {
    case blockNode(YankInstanceBlockNode)
    case chardev(YankInstanceChardev)
    case migration

    /// QAPI `type`.
    public var type: YankInstanceType {
        switch self {
        case .blockNode: .blockNode
        case .chardev: .chardev
        case .migration: .migration
        }
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        let tag: YankInstanceType = try reader.required("type")
        switch tag {
        case .blockNode: self = .blockNode(try YankInstanceBlockNode(reading: &reader))
        case .chardev: self = .chardev(try YankInstanceChardev(reading: &reader))
        case .migration: self = .migration
        }
    }

    public func write(to object: inout JSONObject) {
        object["type"] = type.json
        switch self {
        case .blockNode(let branch): branch.write(to: &object)
        case .chardev(let branch): branch.write(to: &object)
        case .migration: break
        }
    }
}

/// A string, or null for none. QAPI `StrOrNull`.
public enum StrOrNull: QAPIType, Equatable {
    case s(String)
    case n

    public init(json: JSONValue, at path: QAPIPath) throws(QAPIError) {
        switch json {
        case .string: self = .s(try .init(json: json, at: path))
        case .null: self = .n
        default: throw .wrongType(path, expected: "StrOrNull")
        }
    }

    public var json: JSONValue {
        switch self {
        case .s(let value): value.json
        case .n: .null
        }
    }
}

/// Where a stream goes to or comes from. QAPI `MigrationAddress`.
public enum MigrationAddress: QAPIObject, Equatable {
    case socket(SocketAddress)
    case exec(MigrationExecCommand)
    /// Not built.
    case rdma(InetSocketAddress)
    case file(FileMigrationArgs)

    /// QAPI `transport`.
    public var transport: MigrationAddressType {
        switch self {
        case .socket: .socket
        case .exec: .exec
        case .rdma: .rdma
        case .file: .file
        }
    }

    public init(reading reader: inout MemberReader) throws(QAPIError) {
        let tag: MigrationAddressType = try reader.required("transport")
        switch tag {
        case .socket: self = .socket(try SocketAddress(reading: &reader))
        case .exec: self = .exec(try MigrationExecCommand(reading: &reader))
        case .rdma: throw reader.notBuilt("transport", tag)
        case .file: self = .file(try FileMigrationArgs(reading: &reader))
        }
    }

    public func write(to object: inout JSONObject) {
        object["transport"] = transport.json
        switch self {
        case .socket(let branch): branch.write(to: &object)
        case .exec(let branch): branch.write(to: &object)
        case .rdma(let branch): branch.write(to: &object)
        case .file(let branch): branch.write(to: &object)
        }
    }
}
