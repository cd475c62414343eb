import QAPI

extension HumanCommand {
    /// How fast the guest dirties its memory, and how fast harts may.
    static let dirtyRate: [HumanCommand] = [
        .init(
            "calc_dirty_rate", take: .flag("r"), .flag("b"), .number("second"),
            .optionalNumber("sample_pages_per_GB"),
            help: "measure how fast the guest dirties memory (-r: each hart, -b: every page that is written)"
        ) { monitor, arguments in
            if arguments.has("r"), arguments.has("b") {
                throw HumanMistake("Either dirty ring or dirty bitmap can be specified!")
            }
            let seconds = arguments[number: "second"]
            if seconds == 0 { throw HumanMistake("Incorrect period length specified!") }
            try await monitor.commands.calcDirtyRate(
                CalcDirtyRateArguments(
                    calcTime: seconds, samplePages: arguments[optionalNumber: "sample_pages_per_GB"],
                    mode: arguments.has("r") ? .dirtyRing : arguments.has("b") ? .dirtyBitmap : .pageSampling)
            )
            return "Starting dirty rate measurement with period \(seconds) seconds\n"
                + "[Please use 'info dirty_rate' to check results]\n"
        },
        .init("info dirty_rate", help: "how fast the guest dirties memory") { monitor, _ in
            let info = try await monitor.commands.queryDirtyRate(QueryDirtyRateArguments())
            var text = "Status: \(info.status.rawValue)\nStart Time: \(info.startTime) (ms)\n"
            if info.mode == .pageSampling { text += "Sample Pages: \(info.samplePages) (per GB)\n" }
            text += "Period: \(info.calcTime) (sec)\nMode: \(info.mode.rawValue)\n"
            guard let rate = info.dirtyRate else { return text + "Dirty rate: (not ready)\n" }
            text += "Dirty rate: \(rate) (MB/s)\n"
            for hart in info.vcpuDirtyRate ?? [] {
                text += "vcpu[\(hart.id)], Dirty rate: \(hart.dirtyRate) (MB/s)\n"
            }
            return text
        },
        .init(
            "set_vcpu_dirty_limit", take: .number("dirty_rate"), .optionalNumber("cpu_index"),
            help: "limit how fast harts, or one, dirty memory, in MiB/s"
        ) { monitor, arguments in
            let rate = arguments[number: "dirty_rate"]
            guard rate >= 0 else { throw QAPIError.generic("invalid dirty page limit \(rate)") }
            try await monitor.commands.setVcpuDirtyLimit(
                SetVcpuDirtyLimitArguments(
                    cpuIndex: arguments[optionalNumber: "cpu_index"], dirtyRate: UInt64(rate)))
            return howToQuery
        },
        .init("cancel_vcpu_dirty_limit", take: .optionalNumber("cpu_index"), help: "end that limit") {
            monitor, arguments in
            try await monitor.commands.cancelVcpuDirtyLimit(
                CancelVcpuDirtyLimitArguments(cpuIndex: arguments[optionalNumber: "cpu_index"]))
            return howToQuery
        },
        .init("info vcpu_dirty_limit", help: "limits of dirtying") { monitor, _ in
            let limits = try await monitor.commands.queryVcpuDirtyLimit()
            guard !limits.isEmpty else { return "Dirty page limit not enabled!\n" }
            return limits.map {
                "vcpu[\($0.cpuIndex)], limit rate \($0.limitRate) (MB/s), current rate \($0.currentRate) (MB/s)\n"
            }.joined()
        },
    ]

    private static let howToQuery =
        "[Please use 'info vcpu_dirty_limit' to query dirty limit for virtual CPU]\n"
}
