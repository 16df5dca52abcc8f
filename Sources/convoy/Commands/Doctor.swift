// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Datasets
import Digests
import Engines
import Foundation
import Glibc
import Jobs
import Reporting
import Runtime
import Wire
import ZeroMQ

/// `convoy doctor`
struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What this machine offers, and whether Convoy computes right on it.",
        discussion: """
            Names the instruction set that will be used, lets every available one compute the same \
            few layers and compares the bits, checks the floating-point mode, and lists the versions \
            of the libraries. Put its output into a bug report. It fails if any check does.

            Example:
              convoy doctor
            """)

    func run() throws {
        var isWell = true
        func line(_ name: String, _ text: String) {
            print(name + String(repeating: " ", count: max(1, 15 - name.count)) + text)
        }
        func check(_ name: String, _ holds: Bool, _ good: String, _ bad: String) {
            line(name, holds ? good : "FAILED: \(bad)")
            isWell = isWell && holds
        }

        line("convoy", "\(convoyVersion), numerics \(numericsID)")
        line("system", Self.system())
        let machine = ProcessInfo.processInfo
        line(
            "machine",
            "\(Figures.count(machine.activeProcessorCount, "core")) of \(Self.processor()), "
                + "\(SummaryTable.size(Int(clamping: machine.physicalMemory))) of memory")

        line(
            "engine",
            "\(Engine.best().name), of \(Engine.available.map(\.name).joined(separator: ", "))")
        let digests = Engine.available.map { Engine.selfCheck($0) }
        for (kernels, digest) in zip(Engine.available, digests) {
            check(
                "  \(kernels.name)", digest == digests[0],
                "same bits (\(String(digest, radix: 16)))",
                "\(String(digest, radix: 16)) differs from \(Engine.available[0].name)'s "
                    + "\(String(digests[0], radix: 16)); do not train on this machine")
        }
        Engine.enableFlushToZero()
        check(
            "subnormals", Engine.isFlushingToZero, "are flushed to zero",
            "are not flushed to zero; results would differ from other machines'")

        line("libzmq", zeroMQVersion() + (zeroMQHasCurve() ? " with CURVE" : " without CURVE"))
        line("protobuf-c", protobufCVersion())
        for (name, version) in imageCodecVersions() + digestVersions() { line(name, version) }
        let fashion = DatasetConfiguration(format: .fashionMNIST)
        line(
            "fashion-mnist",
            FileManager.default.fileExists(atPath: fashion.path)
                ? fashion.path
                : "not installed; 'apt install dataset-fashion-mnist', or train with --dataset shapes"
        )
        guard isWell else { throw ExitCode(Failure.failure) }
    }

    private static func system() -> String {
        var names = utsname()
        guard uname(&names) == 0 else { return "unknown" }
        func text<T>(_ field: T) -> String {
            withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        }
        return "\(text(names.sysname)) \(text(names.release)) \(text(names.machine))"
    }

    private static func processor() -> String {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
        return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
            ?? "an unnamed processor"
    }
}
