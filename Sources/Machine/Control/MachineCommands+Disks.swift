import BlockImages
import CPlatform
import Devices
import Glibc
public import QAPI

/// The guest's disks and the images behind them.
extension MachineCommands {
    public func queryBlock() async throws(QAPIError) -> [BlockInfo] {
        disks.map { disk in
            BlockInfo(
                device: disk.drive.isNode ? "" : disk.drive.id, qdev: disk.given.objectPath, type: "unknown",
                removable: false, locked: false, inserted: node(disk.drive), ioStatus: .ok)
        }
    }

    public func queryNamedBlockNodes(
        _ arguments: QueryNamedBlockNodesArguments
    ) async throws(QAPIError) -> [BlockDeviceInfo] {
        machine.configuration.drives.reversed().map(node)
    }

    public func queryBlockstats(
        _ arguments: QueryBlockstatsArguments
    ) async throws(QAPIError) -> [BlockStats] {
        let disks = disks
        if arguments.queryNodes == true {
            return machine.configuration.drives.reversed().map { drive in
                let user = disks.first { $0.device.image.path == drive.path }
                return BlockStats(
                    nodeName: drive.isNode ? drive.id : nil, stats: .init(user?.device.statistics ?? .init()))
            }
        }
        return disks.map { disk in
            BlockStats(
                device: disk.drive.isNode ? "" : disk.drive.id,
                // Not the id, as QEMU has it for a disk on virtio-mmio: libvirt looks for this name on any bus.
                qdev: disk.given.id.map { "/machine/peripheral/\($0)/virtio-backend" },
                nodeName: disk.drive.isNode ? disk.drive.id : nil, stats: .init(disk.device.statistics))
        }
    }

    private struct Disk {
        var given: MachineConfiguration.Device
        var drive: MachineConfiguration.Drive
        var device: VirtioBlk
    }

    private var disks: [Disk] {
        zip(machine.deviceConfigurations, machine.board.virtio).compactMap { given, device in
            guard case .block(let id, _) = given.kind, let device = device as? VirtioBlk,
                let drive = machine.configuration.drives.first(where: { $0.id == id })
            else { return nil }
            return Disk(given: given, drive: drive, device: device)
        }
    }

    private func node(_ drive: MachineConfiguration.Drive) -> BlockDeviceInfo {
        let sectors = machine.board.images.first { $0.path == drive.path }?.sectorCount ?? 0
        var status = stat()
        let isThere = unsafe stat(drive.path, &status) == 0
        let image = ImageInfo(
            filename: drive.path, format: drive.driver, dirtyFlag: false,
            actualSize: isThere ? Int64(status.st_blocks) * 512 : nil,
            virtualSize: Int64(clamping: sectors &* 512))
        return BlockDeviceInfo(
            file: drive.path, nodeName: drive.isNode ? drive.id : nil, ro: drive.isReadOnly,
            drv: drive.driver,
            backingFileDepth: 0, encrypted: false, detectZeroes: .off, bps: 0, bpsRd: 0, bpsWr: 0, iops: 0,
            iopsRd: 0, iopsWr: 0, image: image,
            cache: BlockdevCacheInfo(writeback: true, direct: false, noFlush: false), writeThreshold: 0)
    }
}

extension MachineConfiguration.Device {
    /// What names the device to clients that ask for disks.
    fileprivate var objectPath: String? {
        id.map { isOnPCI ? "/machine/peripheral/\($0)/virtio-backend" : $0 }
    }
}

extension BlockDeviceStats {
    fileprivate init(_ disk: DiskStatistics) {
        func number(_ value: UInt64) -> Int64 { Int64(clamping: value) }
        self.init(
            rdBytes: number(disk.read.bytes), wrBytes: number(disk.write.bytes),
            unmapBytes: number(disk.unmap.bytes), rdOperations: number(disk.read.operations),
            wrOperations: number(disk.write.operations), flushOperations: number(disk.flush.operations),
            unmapOperations: number(disk.unmap.operations), rdTotalTimeNs: number(disk.read.nanoseconds),
            wrTotalTimeNs: number(disk.write.nanoseconds), flushTotalTimeNs: number(disk.flush.nanoseconds),
            unmapTotalTimeNs: number(disk.unmap.nanoseconds), wrHighestOffset: number(disk.highestOffset),
            rdMerged: 0, wrMerged: 0, unmapMerged: 0, failedRdOperations: number(disk.read.failed),
            failedWrOperations: number(disk.write.failed), failedFlushOperations: number(disk.flush.failed),
            failedUnmapOperations: number(disk.unmap.failed), invalidRdOperations: number(disk.read.invalid),
            invalidWrOperations: number(disk.write.invalid),
            invalidFlushOperations: number(disk.flush.invalid),
            invalidUnmapOperations: number(disk.unmap.invalid), accountInvalid: true, accountFailed: true,
            timedStats: [])
    }
}
