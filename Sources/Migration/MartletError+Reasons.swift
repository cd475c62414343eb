import MigrationStream
import QAPI

extension MartletError {
    /// Why a side gave up.
    ///
    /// - Parameter phase: how far the migration was; what the error itself knows goes first.
    init(_ error: MigrationError, at side: StreamError.Side, _ phase: StreamError.Phase) {
        let stream = error.stream
        self.init(
            side: MartletSide(rawValue: (stream?.side ?? side).rawValue) ?? .destination,
            phase: MartletPhase(rawValue: (stream?.phase ?? phase).rawValue) ?? .setup,
            text: error.description, section: stream?.section?.name, instance: stream?.section?.instance,
            path: stream?.path, offset: stream?.offset, expected: stream?.expected, found: stream?.found,
            cause: stream?.cause, remedy: stream?.remedy)
    }

    /// What a destination says of its failure: its ``json``, or a text alone.
    init(said text: String) {
        if let json = try? JSONValue(parsing: text), let error = try? MartletError(json: json) {
            self = error
            side = .destination
        } else {
            self.init(side: .destination, phase: .returnPath, text: text)
        }
    }
}
