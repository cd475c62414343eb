import Devices
import Files
import Glibc
import Migration
public import QAPI

/// Descriptors for the whole process, connections that can be broken, and jobs, of which there are none.
extension MachineCommands {
    // MARK: Sets of descriptors

    public func addFd(
        _ arguments: AddFdArguments, descriptors: any PassedDescriptors
    ) async throws(QAPIError) -> AddfdInfo {
        let descriptor = try descriptors.takeArrived()
        var number: Int?
        if let given = arguments.fdsetId {
            guard given >= 0, given <= Int64(Int32.max) else {
                close(descriptor)
                throw .generic("Parameter 'fdset-id' expects a non-negative value")
            }
            number = Int(given)
        }
        guard let set = DescriptorSets.shared.add(descriptor, to: number, note: arguments.opaque) else {
            close(descriptor)
            throw .generic(
                "There are \(DescriptorSets.limit) file descriptors in sets already; remove-fd makes room")
        }
        return AddfdInfo(fdsetId: Int64(set), fd: Int64(descriptor))
    }

    public func removeFd(_ arguments: RemoveFdArguments) async throws(QAPIError) {
        var name = "fdset-id:\(arguments.fdsetId)"
        if let descriptor = arguments.fd { name += ", fd:\(descriptor)" }
        let number = Int(exactly: arguments.fdsetId)
        // One that is no descriptor is none of the set's.
        let descriptor = arguments.fd.map { Int32(exactly: $0) ?? -1 }
        guard let number, DescriptorSets.shared.remove(descriptor, from: number) else {
            throw .generic("File descriptor named '\(name)' not found")
        }
    }

    public func queryFdsets() async throws(QAPIError) -> [FdsetInfo] {
        DescriptorSets.shared.all.map { set in
            FdsetInfo(
                fdsetId: Int64(set.number),
                fds: set.members.map { FdsetFdInfo(fd: Int64($0.descriptor), opaque: $0.note) })
        }
    }

    // MARK: Connections that can be broken

    /// Those of character devices, and of a migration under way.
    private var yankable: [(instance: YankInstance, yank: () -> Void)] {
        var result: [(instance: YankInstance, yank: () -> Void)] = []
        for open in machine.board.characters where open.backend.isSocket {
            result.append((.chardev(YankInstanceChardev(id: open.label)), { open.backend.yank() }))
        }
        if controller.isUnderWay { result.append((.migration, { controller.yank() })) }
        return result
    }

    public func queryYank() async throws(QAPIError) -> [YankInstance] { yankable.map(\.instance) }

    /// All or none of them.
    public func yank(_ arguments: YankArguments) async throws(QAPIError) {
        let present = yankable
        let found = arguments.instances.map { wanted in present.first { $0.instance == wanted } }
        guard !found.contains(where: { $0 == nil }) else {
            throw QAPIError(.deviceNotFound, "Instance not found")
        }
        for item in found { item?.yank() }
    }

    // MARK: Jobs

    public func queryJobs() async throws(QAPIError) -> [JobInfo] { [] }
    public func jobPause(_ arguments: JobPauseArguments) async throws(QAPIError) { throw Self.noJob }
    public func jobResume(_ arguments: JobResumeArguments) async throws(QAPIError) { throw Self.noJob }
    public func jobCancel(_ arguments: JobCancelArguments) async throws(QAPIError) { throw Self.noJob }
    public func jobComplete(_ arguments: JobCompleteArguments) async throws(QAPIError) { throw Self.noJob }
    public func jobDismiss(_ arguments: JobDismissArguments) async throws(QAPIError) { throw Self.noJob }
    public func jobFinalize(_ arguments: JobFinalizeArguments) async throws(QAPIError) { throw Self.noJob }

    private static let noJob = QAPIError.generic("Job not found")
}
