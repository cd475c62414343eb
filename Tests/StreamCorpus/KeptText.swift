import Foundation

/// The paragraphs of a text beside those that are kept in Fixtures/damaged. With MARTLET_UPDATE set, the text is kept
/// from now on.
public func paragraphs(_ text: String, keptIn name: String) throws -> (found: [String], kept: [String]) {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../Fixtures/damaged/\(name)").standardizedFileURL
    if ProcessInfo.processInfo.environment["MARTLET_UPDATE"] != nil {
        try text.write(to: file, atomically: true, encoding: .utf8)
    }
    let kept = try String(contentsOf: file, encoding: .utf8)
    return (text.components(separatedBy: "\n\n"), kept.components(separatedBy: "\n\n"))
}
