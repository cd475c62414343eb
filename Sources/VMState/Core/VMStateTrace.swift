/// What a load reads, as a tree of names and values: for tools that show a device. A reader without one pays nothing.
///
/// The tables of the devices are the only description of their layouts; a trace is what they say about given bytes.
public final class VMStateTrace {
    /// A value as it stands in the stream.
    public enum Value: Equatable, Sendable {
        /// An integer of 1, 2, 4 or 8 bytes, big endian.
        case integer(UInt64, size: Int)
        case bytes([UInt8])
        /// Bytes that mean nothing.
        case unused(Int)
    }

    /// A field, a structure or a subsection.
    public struct Node: Equatable, Sendable {
        public var name: String
        /// Bytes from the start of the stream.
        public var offset: UInt64
        public var length: UInt64 = 0
        /// Values in the order of the stream; several make an array.
        public var values: [Value] = []
        public var children: [Node] = []
        var kind: Kind
    }

    enum Kind: Sendable {
        case field
        case structure
        case subsection
    }

    private var stack: [Node] = []
    /// What has been read, the outermost structure; after an error, what had been read before it.
    public private(set) var root: Node?

    public init() {}

    func begin(_ kind: Kind, _ name: String, at offset: UInt64) {
        stack.append(Node(name: name, offset: offset, kind: kind))
    }

    func add(_ value: Value) {
        guard !stack.isEmpty else { return }
        stack[stack.count - 1].values.append(value)
    }

    func end(at offset: UInt64) {
        guard var node = stack.popLast() else { return }
        node.length = offset &- node.offset
        if node.kind != .structure { Self.flatten(&node) }
        guard !stack.isEmpty else {
            root = node
            return
        }
        // Rules have no bytes, and say nothing when they hold.
        guard node.length > 0 else { return }
        stack[stack.count - 1].children.append(node)
    }

    /// A field that is a structure is shown as one thing, and one that is several of them as an array.
    private static func flatten(_ node: inout Node) {
        guard node.values.isEmpty, node.children.allSatisfy({ $0.kind == .structure }) else { return }
        if node.children.count == 1 {
            node.children = node.children[0].children
        } else {
            for index in node.children.indices { node.children[index].name = "[\(index)]" }
        }
    }
}
