/// Options about the harts.
extension MachineOptions {
    /// `-cpu rv64` with properties: the hart is what it is, so each of them has to say what holds anyway.
    mutating func readCPU(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        let model = try option.takeName("model", usual: "rv64", title: "Harts", of: ["rv64"])
        guard model == "rv64" else {
            throw OptionError(
                option.option, "'\(model)': only 'rv64' is built" + hint(model, among: ["rv64"]))
        }
        for name in VirtBoard.extensions + ["s", "u", "mmu", "pmp", "sv39", "sv48", "sv57"] {
            try option.expectBool(name, true, reason: "the hart always has it")
        }
        for block in ["cbom", "cbop", "cboz"] {
            try option.expect("\(block)_blocksize", "64", reason: "the hart's blocks have 64 bytes")
        }
        for name in Self.absentExtensions {
            try option.expectBool(name, false, reason: "the hart does not have it")
        }
        try option.finish()
    }

    /// Names by which QEMU 10.0 switches on what the hart does not have.
    private static let absentExtensions = """
        e h v b smaia smcdeleg smcntrpmf smcsrind smctr smdbltrp smepmp smmpm smnpm smrnmi smstateen
        sha ssaia ssccfg sscofpmf sscsrind ssctr ssdbltrp ssnpm sspm ssstateen supm svade svinval
        svnapot svpbmt x-svukte zabha zacas zama16b zbkb zbkc zbkx zcb zce zcf zcmop zcmp zcmt zdinx
        zfbfmin zfh zfhmin zfinx zhinx zhinxmin zicfilp zicfiss zicond zimop zk zkn zknd zkne zknh
        zkr zks zksed zksh zkt ztso zvbb zvbc zve32f zve32x zve64d zve64f zve64x zvfbfmin zvfbfwma
        zvfh zvfhmin zvkb zvkg zvkn zvknc zvkned zvkng zvknha zvknhb zvks zvksc zvksed zvksg zvksh
        zvkt rva22s64 rva22u64 rva23s64 rva23u64 xtheadba xtheadbb xtheadbs xtheadcmo xtheadcondmov
        xtheadfmemidx xtheadfmv xtheadmac xtheadmemidx xtheadmempair xtheadsync xventanacondops
        """.split { $0.isWhitespace }.map(String.init)

    mutating func readHarts(_ given: KeyValueOption) throws(OptionError) {
        var option = given
        for level in ["drawers", "books", "dies", "clusters", "modules"] {
            try option.expect(level, "1", reason: "the board has sockets, cores and threads")
        }
        var product: UInt64 = 1
        var isComplete = true
        for level in ["sockets", "cores", "threads"] {
            guard let count = try option.takeInteger(level) else {
                isComplete = false
                continue
            }
            guard (1...8).contains(count) else {
                throw OptionError(option.option, "'\(level)=\(count)': 1 to 8")
            }
            product *= count
        }
        let maximum = try option.takeInteger("maxcpus")
        let harts = try option.takeInteger("cpus") ?? maximum ?? product
        guard (1...8).contains(harts) else { throw OptionError(option.option, "1 to 8 harts, not \(harts)") }
        if let maximum, maximum != harts {
            throw OptionError(option.option, "'maxcpus=\(maximum)': harts cannot be added later")
        }
        guard isComplete ? product == harts : harts % product == 0 else {
            throw OptionError(
                option.option, "sockets, cores and threads make \(product) harts, but there are \(harts)")
        }
        configuration.harts = Int(harts)
        try option.finish()
    }
}
