/// Writes JSON in pure ASCII, as QMP does on the wire: everything else becomes `\uXXXX`.
///
/// Nothing in a value can make it fail or recurse without bound: nesting is walked with a stack of its own.
struct JSONEncoder {
    private(set) var bytes: [UInt8] = []

    private enum Frame {
        case array([JSONValue], next: Int)
        case object(JSONObject, next: Int)
    }

    mutating func encode(_ value: JSONValue) {
        var open: [Frame] = []
        var current: JSONValue? = value
        while true {
            if let value = current {
                current = nil
                switch value {
                case .array(let elements):
                    bytes.append(UInt8(ascii: "["))
                    open.append(.array(elements, next: 0))
                case .object(let members):
                    bytes.append(UInt8(ascii: "{"))
                    open.append(.object(members, next: 0))
                default: write(scalar: value)
                }
            }
            guard let frame = open.popLast() else { return }
            switch frame {
            case .array(let elements, let next):
                guard next < elements.count else {
                    bytes.append(UInt8(ascii: "]"))
                    continue
                }
                if next > 0 { write(", ") }
                current = elements[next]
                open.append(.array(elements, next: next + 1))
            case .object(let members, let next):
                guard next < members.count else {
                    bytes.append(UInt8(ascii: "}"))
                    continue
                }
                if next > 0 { write(", ") }
                let (key, value) = members[next]
                write(quoted: key)
                write(": ")
                current = value
                open.append(.object(members, next: next + 1))
            }
        }
    }

    private mutating func write(scalar: JSONValue) {
        switch scalar {
        case .null: write("null")
        case .bool(let value): write(value ? "true" : "false")
        case .integer(let value): write(String(value))
        case .unsigned(let value): write(String(value))
        case .double(let value): write(number: value)
        case .string(let value): write(quoted: value)
        case .array, .object: preconditionFailure("containers are walked, not written as scalars")
        }
    }

    /// Whole numbers lose their fraction, as in QEMU. What JSON has no word for becomes something it can
    /// say: infinity a number too large for any reader, NaN null.
    private mutating func write(number: Double) {
        if number.isNaN {
            write("null")
        } else if number.isInfinite {
            write(number < 0 ? "-1e999" : "1e999")
        } else if number == 0, number.sign == .minus {
            write("-0")
        } else if number.magnitude < 0x1p53, let whole = Int64(exactly: number) {
            write(String(whole))
        } else {
            write(number.description)
        }
    }

    private mutating func write(quoted text: String) {
        bytes.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": write("\\\"")
            case "\\": write("\\\\")
            case "\u{8}": write("\\b")
            case "\u{c}": write("\\f")
            case "\n": write("\\n")
            case "\r": write("\\r")
            case "\t": write("\\t")
            case " "..."~": bytes.append(UInt8(truncatingIfNeeded: scalar.value))
            default:
                for unit in scalar.utf16 { write(escaped: unit) }
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func write(escaped unit: UInt16) {
        write("\\u")
        for shift in stride(from: 12, through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: (unit >> UInt16(shift)) & 0xf)
            bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }

    private mutating func write(_ text: String) { bytes.append(contentsOf: text.utf8) }
}

extension JSONValue {
    /// The value as JSON text in ASCII, on one line.
    public var encoded: [UInt8] {
        var encoder = JSONEncoder()
        encoder.encode(self)
        return encoder.bytes
    }
}

extension JSONValue: CustomStringConvertible {
    /// The value as JSON text.
    public var description: String { String(decoding: encoded, as: UTF8.self) }
}
