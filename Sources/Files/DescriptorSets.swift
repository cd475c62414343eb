import CPlatform
import Glibc
import Synchronization

/// Descriptors that others have opened for this process (QMP `add-fd`, option `-add-fd`), in sets by number:
/// `/dev/fdset/N` names whichever of set N was opened for what is wanted. The process has one such list, as it has one
/// list of descriptors.
///
/// Any thread may call any method.
public final class DescriptorSets: Sendable {
    public struct Member: Equatable, Sendable {
        public var descriptor: Int32
        /// What who passed it wants to know it by.
        public var note: String?
    }

    public struct NumberedSet: Equatable, Sendable {
        public var number: Int
        public var members: [Member]
    }

    public static let shared = DescriptorSets()

    /// Most descriptors in all sets.
    public static let limit = 256

    private let sets = Mutex<[Int: [Member]]>([:])

    public init() {}

    deinit { for member in sets.withLock({ $0.values.flatMap(\.self) }) { close(member.descriptor) } }

    /// All sets, by their numbers.
    public var all: [NumberedSet] {
        sets.withLock { sets in
            sets.sorted { $0.key < $1.key }.map { NumberedSet(number: $0.key, members: $0.value) }
        }
    }

    /// Takes over a descriptor.
    ///
    /// - Parameter number: of the set, which is made where there is none; nil for the lowest number that is free.
    /// - Returns: the number of its set; nil when there are too many, and the descriptor stays the caller's.
    public func add(_ descriptor: Int32, to number: Int?, note: String? = nil) -> Int? {
        sets.withLock { sets in
            guard sets.values.reduce(0, { $0 + $1.count }) < Self.limit else { return nil }
            let number = number ?? (0...).first { sets[$0] == nil } ?? 0
            sets[number, default: []].append(Member(descriptor: descriptor, note: note))
            return number
        }
    }

    /// Closes one of a set, or all of it. Files that were opened with them stay open.
    ///
    /// - Returns: false when there is none such.
    public func remove(_ descriptor: Int32?, from number: Int) -> Bool {
        let gone = sets.withLock { sets -> [Member] in
            guard let members = sets[number] else { return [] }
            let gone = members.filter { descriptor == nil || $0.descriptor == descriptor }
            let left = members.filter { member in !gone.contains(member) }
            sets[number] = left.isEmpty ? nil : left
            return gone
        }
        for member in gone { close(member.descriptor) }
        return !gone.isEmpty
    }

    /// Another descriptor for what one of the set was opened for.
    ///
    /// - Parameter flags: O_RDONLY, O_WRONLY or O_RDWR, which it has to have been opened with; O_TRUNC empties a file.
    /// - Returns: −1 with `errno`: ENOENT without such a set, EACCES when none in it was opened for that.
    func open(_ number: Int, _ flags: Int32) -> Int32 {
        sets.withLock { sets in
            guard let members = sets[number] else {
                errno = ENOENT
                return -1
            }
            let found = members.first { member in
                cplatform_fcntl_int(member.descriptor, F_GETFL, 0) & O_ACCMODE == flags & O_ACCMODE
            }
            guard let found else {
                errno = EACCES
                return -1
            }
            let copy = cplatform_fcntl_int(found.descriptor, F_DUPFD_CLOEXEC, 0)
            if copy >= 0, flags & O_TRUNC != 0 { _ = ftruncate(copy, 0) }
            return copy
        }
    }

    /// The number in `/dev/fdset/N`, nil for any other path.
    static func number(of path: String) -> Int? {
        guard path.hasPrefix("/dev/fdset/") else { return nil }
        let digits = path.dropFirst("/dev/fdset/".count)
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(digits)
    }
}

/// Opens a file by its path, or by `/dev/fdset/N` what somebody else has opened.
///
/// - Returns: a descriptor that is the caller's; −1 with `errno`.
public func openFile(_ path: String, _ flags: Int32, _ mode: UInt32 = 0) -> Int32 {
    if let number = DescriptorSets.number(of: path) { return DescriptorSets.shared.open(number, flags) }
    return unsafe cplatform_open(path, flags | O_CLOEXEC, mode)
}
