public import Bytes
public import MigrationStream

/// Takes one thing out of a stream.
public enum StreamExtractor {
    /// What is taken out.
    public enum Target: Sendable {
        /// The contents of a RAM block as the stream leaves it.
        case ram(block: String)
        /// The body of a device's section.
        case device(name: String, instance: UInt32)
        /// The JSON at the stream's end.
        case description
        /// The guest as an ELF core; guest physical addresses of RAM blocks by name.
        case core(addresses: [String: UInt64])
    }

    /// Why nothing was taken out.
    public enum Failure: Error, CustomStringConvertible {
        case stream(StreamError)
        case file(ByteSourceError)
        /// The stream does not have it; what it has instead.
        case absent(String, available: [String])

        public var description: String {
            switch self {
            case .stream(let error): "\(error)"
            case .file(let error): "\(error)"
            case .absent(let what, let available):
                "the stream has no \(what)"
                    + (available.isEmpty
                        ? "" : "; it has \(available.map(printable).joined(separator: ", "))")
            }
        }
    }

    /// Reads `reader` to its end and writes the target to `file`.
    ///
    /// - Parameter progress: called for each event.
    public static func extract(
        _ target: Target, from reader: StreamEventReader, to file: OutputFile,
        progress: (StreamEvent) -> Void = { _ in }
    ) throws(Failure) {
        do {
            let found = try run(target, reader, file, progress)
            if let missing = found { throw missing }
        } catch let error as StreamError {
            throw .stream(error)
        } catch let error as ByteSourceError {
            throw .file(error)
        } catch let error as Failure {
            throw error
        } catch {
            preconditionFailure("no other errors")
        }
    }

    private static func run(
        _ target: Target, _ reader: StreamEventReader, _ file: OutputFile,
        _ progress: (StreamEvent) -> Void
    ) throws -> Failure? {
        var image: RAMImage?
        var core: ELFCore?
        var available: [String] = []
        var isFound = false
        while let event = try reader.next() {
            progress(event)
            switch event.content {
            case .configuration:
                switch target {
                case .ram(let wanted):
                    image = RAMImage(pageSize: reader.pageSize) { block throws(ByteSourceError) in
                        block.name == wanted ? .init(descriptor: try file.duplicate()) : nil
                    }
                case .core(let addresses):
                    let new = ELFCore(file, addresses: addresses)
                    core = new
                    image = RAMImage(pageSize: reader.pageSize) { block throws(ByteSourceError) in
                        try new.place(block)
                    }
                case .device, .description: break
                }
            case .ram(let record):
                if case .block(let block, _) = record, image != nil {
                    available.append(block.name)
                    if case .ram(let wanted) = target, wanted == block.name { isFound = true }
                }
                try image?.apply(record)
            case .device(let device):
                core?.take(device)
                guard case .device(let name, let instance) = target else { break }
                available.append("\(device.header.name):\(device.header.instance)")
                guard device.header.name == name, device.header.instance == instance else { break }
                isFound = true
                try file.append(device.bytes)
            case .description(let text):
                guard case .description = target else { break }
                isFound = true
                try file.append(text)
            default: break
            }
        }
        switch target {
        case .ram(let block): return isFound ? nil : .absent("RAM block '\(block)'", available: available)
        case .device(let name, let instance):
            return isFound ? nil : .absent("device '\(name):\(instance)'", available: available)
        case .description: return isFound ? nil : .absent("description", available: [])
        case .core:
            guard let core, core.blockCount > 0 else {
                return .absent("RAM block with a known address (see --address)", available: available)
            }
            try core.finish()
            return nil
        }
    }
}
