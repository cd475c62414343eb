import QAPI

extension [BitmapMigrationNodeAlias] {
    /// What is wrong with a mapping of bitmaps, nil if nothing is. Whether the nodes and bitmaps exist does not
    /// matter.
    var refusal: String? {
        var nodes: Set<String> = []
        var nodeAliases: Set<String> = []
        for node in self {
            if node.nodeName.utf8.count > 31 {
                return "The node name '\(node.nodeName)' is longer than 31 bytes"
            }
            guard Self.isWellFormed(node.alias) else {
                return "The node alias '\(node.alias)' is not well-formed"
            }
            if node.alias.utf8.count > 255 {
                return "The node alias '\(node.alias)' is longer than 255 bytes"
            }
            guard nodes.insert(node.nodeName).inserted else {
                return "The node name '\(node.nodeName)' is mapped twice"
            }
            guard nodeAliases.insert(node.alias).inserted else {
                return "The node alias '\(node.alias)' is used twice"
            }
            if let refusal = Self.refusal(of: node) { return refusal }
        }
        return nil
    }

    private static func refusal(of node: BitmapMigrationNodeAlias) -> String? {
        var names: Set<String> = []
        var aliases: Set<String> = []
        for bitmap in node.bitmaps {
            if bitmap.name.utf8.count > 1023 {
                return "The bitmap name '\(bitmap.name)' is longer than 1023 bytes"
            }
            if bitmap.alias.utf8.count > 255 {
                return "The bitmap alias '\(bitmap.alias)' is longer than 255 bytes"
            }
            guard names.insert(bitmap.name).inserted else {
                return "The bitmap '\(node.nodeName)'/'\(bitmap.name)' is mapped twice"
            }
            guard aliases.insert(bitmap.alias).inserted else {
                return "The bitmap alias '\(node.alias)'/'\(bitmap.alias)' is used twice"
            }
        }
        return nil
    }

    /// A letter, then letters, digits, `-`, `.` and `_`.
    private static func isWellFormed(_ alias: String) -> Bool {
        func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte | 0x20) }
        guard let first = alias.utf8.first, isLetter(first) else { return false }
        return alias.utf8.allSatisfy { byte in
            isLetter(byte) || (0x30...0x39).contains(byte) || "-._".utf8.contains(byte)
        }
    }
}
