import Foundation

/// How long the devices of a stream are, from its own description: what lets a test skip devices it cannot load.
struct DeviceSizes {
    private var sizes: [String: Int] = [:]

    init(json: [UInt8]) throws {
        let root = try JSONSerialization.jsonObject(with: Data(json)) as? [String: Any]
        for device in root?["devices"] as? [[String: Any]] ?? [] {
            guard let name = device["name"] as? String, let instance = device["instance_id"] as? Int else {
                continue
            }
            sizes["\(name) \(instance)"] = Self.size(device)
        }
    }

    /// Bytes of the section's body.
    subscript(name: String, instance: UInt32) -> Int? { sizes["\(name) \(instance)"] }

    private static func size(_ item: [String: Any]) -> Int {
        let fields = item["fields"] as? [[String: Any]] ?? []
        let subsections = item["subsections"] as? [[String: Any]] ?? []
        return fields.reduce(0) { $0 + ($1["size"] as? Int ?? 0) * ($1["array_len"] as? Int ?? 1) }
            + subsections.reduce(0) { $0 + 6 + (($1["vmsd_name"] as? String)?.utf8.count ?? 0) + size($1) }
    }
}
