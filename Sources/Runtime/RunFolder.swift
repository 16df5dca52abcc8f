// SPDX-License-Identifier: Apache-2.0
//
// The folder that holds everything a run leaves behind.

import Datasets
import Digests
import Foundation
import Glibc
import Jobs

/// `job.yaml` (resolved), `run.log`, `checkpoints/`, `model.safetensors`, `best.safetensors`,
/// `starting_weights.safetensors`, and a lock while a coordinator works on it.
///
/// The same command on the same folder goes on from the last checkpoint.
public final class RunFolder: Sendable {
    public let path: String
    private let lock: CInt

    public var jobPath: String { path + "/job.yaml" }
    public var modelPath: String { path + "/model.safetensors" }
    /// Of the best epoch, if the job keeps it.
    public var bestModelPath: String { path + "/best.safetensors" }
    public var logPath: String { path + "/run.log" }
    var checkpointFolder: String { path + "/checkpoints" }
    /// Weights that the run started from, if they are another's.
    var startingWeightsPath: String { path + "/starting_weights.safetensors" }

    /// Opens or makes the folder, and holds it for this process alone.
    ///
    /// - Throws: `runFolder` if it cannot be made, or another coordinator works on it.
    public init(_ path: String) throws(RuntimeError) {
        self.path = path
        do {
            try FileManager.default.createDirectory(
                atPath: path + "/checkpoints", withIntermediateDirectories: true)
        } catch {
            throw RuntimeError(
                .runFolder,
                "cannot make the run folder \(path): \(error.localizedDescription); "
                    + "choose another --output")
        }
        lock = open(path + "/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard lock >= 0 else { throw RuntimeError(call: "open \(path)/.lock", errno: errno) }
        // A process that is being started shares the lock until it runs its program: that passes.
        var attempts = 0
        while flock(lock, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            attempts += 1
            if code == EINTR || (code == EWOULDBLOCK && attempts < 50) {
                usleep(20_000)
                continue
            }
            let holder = Self.holder(of: lock)
            close(lock)
            guard code == EWOULDBLOCK else {
                throw RuntimeError(
                    call: "flock \(path)/.lock", errno: code,
                    cure: "choose an --output on a file system with locks")
            }
            throw RuntimeError(
                .runFolder,
                "another coordinator (\(holder)) is working on \(path); "
                    + "wait for it to end, stop it, or choose another --output")
        }
        let holder = Array(
            "process \(getpid()) on \(ProcessInfo.processInfo.hostName)\n".utf8)
        // Only for the message above: a disk that has no room for it may still have some for less.
        if ftruncate(lock, 0) == 0 { _ = pwrite(lock, holder, holder.count, 0) }
    }

    /// "process 4711 on node7", as whoever holds the lock wrote it.
    private static func holder(of lock: CInt) -> String {
        var bytes = [UInt8](repeating: 0, count: 300)
        let count = pread(lock, &bytes, bytes.count, 0)
        let line = bytes.prefix(max(0, count)).prefix { $0 >= 0x20 && $0 < 0x7f }
        return line.isEmpty ? "which has not said who it is" : String(decoding: line, as: UTF8.self)
    }

    // The kernel gives the lock back when the descriptor closes, however the process ends.
    deinit { close(lock) }

    /// How often a coordinator has started on this folder, with this start; and what sets the folder's run
    /// apart from others of its name.
    func countIncarnation() throws(RuntimeError) -> (number: UInt32, run: String) {
        let file = path + "/incarnation"
        let words = ((try? String(contentsOfFile: file, encoding: .utf8)) ?? "")
            .split(whereSeparator: \.isWhitespace)
        let last = words.first.flatMap { UInt32($0) } ?? 0
        let run =
            words.count > 1
            ? String(words[1]) : String(UInt64.random(in: 1...UInt64.max), radix: 16)
        try AtomicFile.write(text: "\(last + 1) \(run)\n", to: file)
        return (last + 1, run)
    }

    func checkpointPath(step: UInt64) -> String {
        let digits = String(step)
        return checkpointFolder + "/step-"
            + String(repeating: "0", count: max(0, 10 - digits.count))
            + digits + ".safetensors"
    }

    /// Newest first.
    var checkpoints: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: checkpointFolder)) ?? []
        return names.filter { $0.hasPrefix("step-") && $0.hasSuffix(".safetensors") }
            .sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }.reversed()
            .map { checkpointFolder + "/" + $0 }
    }

    /// Keeps the newest ones and deletes the others.
    ///
    /// - Parameter step: The run may have to be done again from this step on; nil if not.
    func pruneCheckpoints(keep: Int = 2, needed step: UInt64? = nil) {
        let all = checkpoints
        let reach = step.map { step in
            1 + (all.firstIndex { Self.step(of: $0) ?? 0 <= step } ?? all.count)
        }
        for old in all.dropFirst(max(keep, reach ?? 0)) { unlink(old) }
    }

    /// Deletes the checkpoints that hold what was done from a step on.
    ///
    /// - Returns: The step with which the run goes on.
    func dropCheckpoints(from step: UInt64) -> UInt64 {
        for path in checkpoints {
            guard let next = Self.step(of: path), next > step else { continue }
            unlink(path)
        }
        return checkpoints.first.flatMap(Self.step) ?? 0
    }

    /// The step after a checkpoint, by its name.
    private static func step(of path: String) -> UInt64? {
        guard let digits = path.split(separator: "-").last?.prefix(while: \.isNumber) else {
            return nil
        }
        return UInt64(digits)
    }

    /// What the run that is here has found of its training images, if they are those of a fingerprint.
    func statistics(of training: Digest) -> ChannelStatistics? {
        resolution(of: training)?.statistics
    }

    private var whiteningPath: String { path + "/zca_whitening.safetensors" }

    /// The matrix that the run which is here whitens its images by, if they are those of a fingerprint and
    /// the file or a checkpoint still has it.
    func whitening(of training: Digest) -> Whitening? {
        guard let digest = resolution(of: training)?.whitening else { return nil }
        for path in [whiteningPath] + checkpoints {
            if let file = try? Safetensors.read(from: path), let found = Whitening(in: file),
                found.digest == digest
            {
                return found
            }
        }
        return nil
    }

    /// Keeps it, as long as it cannot be found again to the bit.
    func save(_ whitening: Whitening) throws(RuntimeError) {
        var file = Safetensors()
        file.metadata = ["format": "convoy-whitening-1"]
        file.tensors = [whitening.tensor]
        try file.write(to: whiteningPath)
    }

    private func resolution(of training: Digest) -> Resolution? {
        guard let found = begun?.resolution, found.trainingData == training else { return nil }
        return found
    }

    /// The job of the run that is here; nil if there is none, or it cannot be read.
    var begun: Job? {
        guard let text = try? String(contentsOfFile: jobPath, encoding: .utf8) else { return nil }
        return try? Job.parse(yaml: text, file: jobPath)
    }

    /// Makes sure that the run that is here, if there is one, is of the same job and data.
    ///
    /// - Throws: `runFolder`, with the fields that are not as they were.
    func check(_ job: Job) throws(RuntimeError) {
        guard let text = try? String(contentsOfFile: jobPath, encoding: .utf8) else { return }
        let begun: Job
        do throws(JobError) { begun = try Job.parse(yaml: text, file: jobPath) } catch {
            throw RuntimeError(
                .runFolder,
                "\(path) holds a run whose job cannot be read (\(error)); choose another --output, or "
                    + "delete the folder to start anew")
        }
        let differences = job.differences(from: begun) + job.dataDifferences(from: begun)
        guard !differences.isEmpty else { return }
        let shown = differences.prefix(3).joined(separator: "; ")
        let more = differences.count > 3 ? "; and \(differences.count - 3) more" : ""
        throw RuntimeError(
            .runFolder,
            "\(path) holds a run of another job (\(shown)\(more)); choose another --output, or "
                + "delete the folder to start anew")
    }

    /// Writes the resolved job, if the folder is not another's.
    func claim(_ job: Job) throws(RuntimeError) {
        try check(job)
        try AtomicFile.write(text: job.resolvedYAML, to: jobPath)
    }
}
