import Bytes
public import VMState

/// Gives the FULL sections of a stream to the devices that they are of.
public struct DeviceLoader {
    private var sections: [VMStateSection]
    private var isLoaded: [Bool]

    /// - Parameter sections: the devices here.
    public init(_ sections: [VMStateSection]) {
        self.sections = sections
        isLoaded = Array(repeating: false, count: sections.count)
    }

    /// Devices that no section has come for.
    public var pending: [VMStateSection] { zip(sections, isLoaded).filter { !$1 }.map(\.0) }

    /// At the end of the stream: a guest with a device that nothing was said about must not run.
    public func requireAll(_ reader: StreamReader) throws(StreamError) {
        let missing = pending.filter { section in Dialect.allCases.allSatisfy { section.isKnown($0) } }
        guard let first = missing.first else { return }
        throw StreamError(
            .value(
                expected: "a section for each device here",
                found: missing.count == 1 ? "the end" : "the end with \(missing.count) of them missing"),
            section: .init(name: first.name, instance: first.instance), offset: reader.itemOffset,
            cause: "the source does not have the device", remedy: StreamError.sameMachine)
    }

    /// Reads the body of the section that `reader` has just announced. Its length is not on the wire, so an
    /// unknown device cannot be skipped.
    public mutating func load(_ reader: StreamReader) throws(StreamError) {
        guard let header = reader.section else { preconditionFailure("no section is open") }
        do throws(StreamError) {
            guard header.kind == .full else {
                throw StreamError(
                    .notSupported("a live section other than 'ram'"), offset: reader.itemOffset,
                    remedy: "switch the capabilities block and dirty-bitmaps off at the source")
            }
            guard
                let index = sections.firstIndex(where: {
                    $0.name == header.name && $0.instance == header.instance
                })
            else {
                throw StreamError(
                    .unknownSection, offset: reader.itemOffset)
            }
            guard !isLoaded[index] else {
                throw StreamError(
                    .value(expected: "each device once", found: "a second section for it"),
                    offset: reader.itemOffset, cause: StreamError.repeated)
            }
            let section = sections[index]
            guard section.versions.contains(header.version) else {
                throw StreamError(
                    .version(found: header.version, supported: section.versions), offset: reader.itemOffset)
            }
            do throws(VMStateError) {
                try section.load(VMStateReader(reader.input, version: header.version))
            } catch {
                throw StreamError(error)
            }
            isLoaded[index] = true
        } catch {
            throw error.inside(header.place)
        }
    }
}
