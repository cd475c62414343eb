import MigrationStream
import QAPI

extension MigrationSettings {
    /// How many multifd channels there shall be; 0 without the capability.
    var multifdCount: Int { self[.multifd] ? Int(multifdChannels) : 0 }

    /// How multifd channels pack their pages, and the level.
    var multifdPacking: (MultifdPacket.Compression, level: UInt8) {
        switch multifdCompression {
        case .none: (.none, 0)
        case .zlib: (.zlib, multifdZlibLevel)
        case .zstd: (.zstd, multifdZstdLevel)
        }
    }
}
