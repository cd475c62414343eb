public import QAPI

extension RunState {
    /// True when the guest's harts execute.
    public var isRunning: Bool { self == .running }

    /// What a destination makes of the state in the stream's `globalstate`: a live guest is started, any other
    /// state is taken as it is.
    static func incoming(_ source: RunState, autostart: Bool) -> RunState {
        switch source {
        case .running, .suspended: autostart ? .running : .paused
        case .inmigrate, .finishMigrate, .postmigrate, .restoreVm, .saveVm: .paused
        default: source
        }
    }
}
