// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Engines
import Foundation
import Jobs
import Reporting
import Runtime

/// Where a run keeps its files and what it shows.
struct RunOptions: ParsableArguments {
    @Option(
        name: [.short, .long],
        help: ArgumentHelp(
            "The run folder. The same command on the same folder goes on where it stood.",
            discussion: "The default is runs/NAME, with the name of the job.",
            valueName: "folder"), completion: .directory)
    var output: String?

    @Flag(name: [.short, .long], help: "Show nothing but errors and the result.")
    var quiet = false

    @Flag(name: [.short, .long], help: "Log every message that goes wrong, too.")
    var verbose = false

    @Option(
        name: .customLong("log-json"),
        help: ArgumentHelp(
            "Append each step, epoch and event as a line of JSON.", valueName: "file"),
        completion: .file())
    var logJSON: String?

    @Option(
        help: ArgumentHelp(
            "Serve /healthz, /metrics and /status by HTTP, on 127.0.0.1 unless an address is given.",
            valueName: "[address:]port"))
    var http: String?

    @Option(
        help: ArgumentHelp(
            "Write what everybody does, and when, to a file that ui.perfetto.dev draws.",
            valueName: "file"), completion: .file(extensions: ["json"]))
    var trace: String?

    /// The address and port of `--http`.
    func httpPlace() throws -> (address: String, port: UInt16)? {
        guard let http else { return nil }
        var address = "127.0.0.1"
        var port = http[...]
        if let colon = http.lastIndex(of: ":") {
            address = http[..<colon].trimmingCharacters(in: ["[", "]"])
            port = http[http.index(after: colon)...]
        }
        guard let number = UInt16(port), !address.isEmpty else {
            throw ValidationError(
                "--http \(http) is no port; expected PORT or ADDRESS:PORT, as in 9090 or 0.0.0.0:9090"
            )
        }
        return (address, number)
    }

    func validate() throws { _ = try httpPlace() }

    func folder(of job: Job) -> String { output ?? "runs/\(Self.fileName(job.name))" }

    /// A job's name as that of a folder.
    private static func fileName(_ name: String) -> String {
        let text = String(name.map { $0 == "/" || $0.isWhitespace || $0 == "\0" ? "-" : $0 })
        return text.isEmpty || text.hasPrefix(".") ? "job\(text)" : text
    }
}

/// Accidents on purpose, for tests.
struct FaultOptions: ParsableArguments {
    @Option(
        name: .customLong("fault-plan"),
        help: ArgumentHelp(
            "Let happen what this YAML file says.", valueName: "file", visibility: .hidden),
        completion: .file(extensions: ["yaml", "yml"]))
    var file: String?

    /// - Parameter workers: All that the plan may name; nil where others may share the file.
    func load(workers: [String]? = nil) throws -> FaultPlan? {
        guard let file else { return nil }
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            throw RuntimeError(.system, "\(file): no such file; --fault-plan takes a YAML file")
        }
        let plan = try FaultPlan.parse(yaml: text, file: file)
        let names = workers.map { [FaultPlan.coordinator] + $0 }
        if let names, let fault = plan.faults.first(where: { !names.contains($0.worker) }) {
            throw RuntimeError(
                .system,
                "\(file): worker '\(fault.worker)' is none of this run; expected "
                    + names.joined(separator: ", "))
        }
        return plan
    }
}

/// Which kernels compute; every choice gives the same bits.
struct EngineOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Instruction set: auto, portable, avx2, avx512. All give the same bits.",
            visibility: .hidden))
    var engine = "auto"

    func validate() throws {
        let names = ["auto"] + Engine.available.map(\.name)
        guard names.contains(engine) else {
            throw ValidationError(
                "--engine \(engine) is not among those of this machine: "
                    + names.joined(separator: ", "))
        }
    }

    var name: String? { engine == "auto" ? nil : engine }
}
