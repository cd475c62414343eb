import Bytes

/// The layout of a device's state on the wire: one table that drives save, load, the JSON description, validation
/// and inspection. `State` is a plain struct; the live device keeps one, or fills one.
///
/// ```swift
/// let table = VMStateDescription<PLICState>("riscv_sifive_plic", version: 1, fields: [
///     .array("source_priority", \.sourcePriority, .uint32) { _ in 96 },
///     .uint32("threshold", \.threshold).versions(2...),
/// ])
/// ```
public struct VMStateDescription<State: Sendable>: Sendable {
    /// Name in the stream; subsections start with it and a slash.
    public let name: String
    /// Versions that can be loaded; the upper bound is what is written by default.
    public let versions: ClosedRange<UInt32>
    public let fields: [VMStateField<State>]
    public let subsections: [VMStateSubsection<State>]
    /// Version to write for a dialect, when it is not the newest.
    let versionForDialect: (@Sendable (Dialect) -> UInt32)?

    public init(
        _ name: String, versions: ClosedRange<UInt32>, fields: [VMStateField<State>],
        subsections: [VMStateSubsection<State>] = [], versionFor: (@Sendable (Dialect) -> UInt32)? = nil
    ) {
        self.name = name
        self.versions = versions
        self.fields = fields
        self.subsections = subsections
        self.versionForDialect = versionFor
    }

    public init(
        _ name: String, version: UInt32, fields: [VMStateField<State>],
        subsections: [VMStateSubsection<State>] = []
    ) {
        self.init(name, versions: version...version, fields: fields, subsections: subsections)
    }

    /// The version that a receiver of this dialect takes.
    public func version(for dialect: Dialect) -> UInt32 { versionForDialect?(dialect) ?? versions.upperBound }

    /// True when every state has the same fields, so that one description serves a whole array.
    var isUniform: Bool { subsections.isEmpty && fields.allSatisfy { !$0.isConditional && $0.isFixed } }

    /// Reads fields and subsections; `reader.version` says which version was announced.
    public func load(_ state: inout State, from reader: VMStateReader) throws(VMStateError) {
        guard versions.contains(reader.version) else {
            throw VMStateError(
                .version(found: reader.version, supported: versions), path: [name], offset: reader.offset)
        }
        reader.trace?.begin(.structure, name, at: reader.offset)
        defer { reader.trace?.end(at: reader.offset) }
        do throws(VMStateError) {
            for field in fields where field.isPresent(state, reader.version) {
                if !field.isRule { reader.begin(field.name) }
                reader.trace?.begin(.field, field.name, at: reader.offset)
                defer { reader.trace?.end(at: reader.offset) }
                do throws(VMStateError) { try field.load(&state, reader) } catch {
                    throw error.inside(field.name)
                }
            }
            while let found = try reader.nextSubsection(of: name) {
                guard let subsection = subsections.first(where: { $0.name == found }) else {
                    throw VMStateError(.unknownSubsection(found), offset: reader.offset)
                }
                reader.trace?.begin(.subsection, found, at: reader.offset)
                defer { reader.trace?.end(at: reader.offset) }
                let outer = reader.version
                try reader.takeSubsectionHead(found)
                try subsection.load(&state, reader)
                reader.version = outer
            }
        } catch {
            throw error.inside(name)
        }
    }

    /// Writes fields and the subsections that the state needs; returns what was written.
    @discardableResult
    public func save(_ state: State, to writer: inout VMStateWriter) -> VMStateLayout {
        var layout = VMStateLayout(name: name, version: writer.version)
        for field in fields where field.isPresent(state, writer.version) {
            field.save(state, &writer, &layout.fields)
        }
        for subsection in subsections where subsection.isNeeded(state, writer.dialect) {
            writer.output.uint8(0x05)
            writer.output.string8(subsection.name)
            let outer = writer.version
            writer.version = subsection.version(writer.dialect)
            writer.output.uint32(writer.version)
            layout.subsections.append(subsection.save(state, &writer))
            writer.version = outer
        }
        return layout
    }
}

/// An optional part of a description, sent only when the state or the receiver needs it.
public struct VMStateSubsection<State: Sendable>: Sendable {
    public let name: String
    let isNeeded: @Sendable (State, Dialect) -> Bool
    let version: @Sendable (Dialect) -> UInt32
    let load: @Sendable (inout State, VMStateReader) throws(VMStateError) -> Void
    let save: @Sendable (State, inout VMStateWriter) -> VMStateLayout

    /// - Parameter needed: whether to send it; a receiver takes it whenever it comes.
    public init(
        _ description: VMStateDescription<State>, needed: @escaping @Sendable (State, Dialect) -> Bool
    ) {
        name = description.name
        isNeeded = needed
        version = { description.version(for: $0) }
        load = { (state, reader) throws(VMStateError) in try description.load(&state, from: reader) }
        save = { state, writer in description.save(state, to: &writer) }
    }

    /// A subsection whose fields live in a part of the state.
    public init<Part: Sendable>(
        _ part: any WritableKeyPath<State, Part> & Sendable, _ description: VMStateDescription<Part>,
        needed: @escaping @Sendable (State, Dialect) -> Bool
    ) {
        name = description.name
        isNeeded = needed
        version = { description.version(for: $0) }
        load = { (state, reader) throws(VMStateError) in
            try description.load(&state[keyPath: part], from: reader)
        }
        save = { state, writer in description.save(state[keyPath: part], to: &writer) }
    }
}
