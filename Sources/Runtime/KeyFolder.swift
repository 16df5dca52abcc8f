// SPDX-License-Identifier: Apache-2.0
//
// What `convoy keygen` makes: a folder for the coordinator, and one for each key of workers, each ready to
// be copied to where it is used.

import Foundation
import Glibc
import ZeroMQ

public struct KeyFolder {
    static let coordinatorSecret = "coordinator.secret"
    static let coordinatorPublic = "coordinator.public"
    static let workerSecret = "worker.secret"
    static let workerPublic = "worker.public"
    static let allowed = "workers.allowed"

    public let path: String
    public var coordinator: String { path + "/coordinator" }
    public func worker(_ name: String) -> String { path + "/" + name }
    /// The list of keys that the coordinator admits.
    public var allowed: String { coordinator + "/" + Self.allowed }

    public init(_ path: String) { self.path = path }

    /// Makes the keys of workers, and those of the coordinator where there are none yet.
    ///
    /// - Throws: `keys`, before anything is made, if a worker's folder is there already.
    public func make(workers: [String]) throws(RuntimeError) {
        guard zeroMQHasCurve() else {
            throw RuntimeError(
                .keys,
                "this libzmq \(zeroMQVersion()) was built without CURVE; install one that has it, as "
                    + "Debian's libzmq5 does")
        }
        for name in workers {
            guard !name.isEmpty, name != "coordinator", !name.hasPrefix("."),
                name.allSatisfy({ $0.isLetter || $0.isNumber || "-_.".contains($0) })
            else {
                throw RuntimeError(
                    .keys,
                    "'\(name)' is no name for a worker's key; use letters, digits, '-', '_' and '.', and "
                        + "not 'coordinator'")
            }
            guard !exists(worker(name)) else {
                throw RuntimeError(
                    .keys,
                    "\(worker(name)) is there already; choose another name with --worker NAME, or delete "
                        + "it, and its line in \(allowed), when its key is not used any more")
            }
        }
        let coordinatorKey: CurveKey
        if exists(coordinator) {
            coordinatorKey = try KeyText.secret(file: coordinator + "/" + Self.coordinatorSecret)
                .publicKey
        } else {
            try makeFolder(path)
            try makeFolder(coordinator)
            let secret = try generate()
            coordinatorKey = secret.publicKey
            try write(
                coordinator + "/" + Self.coordinatorSecret, secret: true,
                "# The coordinator's secret key. Only the coordinator needs it.\n\(secret.hex)\n")
            try write(
                coordinator + "/" + Self.coordinatorPublic, secret: false, text(of: coordinatorKey))
            try write(
                allowed, secret: false,
                "# Who may work for this coordinator: a public key and a name, a line each.\n"
                    + "# Read again whenever it changes. Whose line is deleted is put out at once.\n"
            )
        }
        for name in workers {
            let secret = try generate()
            let folder = worker(name)
            try makeFolder(folder)
            try write(
                folder + "/" + Self.workerSecret, secret: true,
                "# A secret key of workers. Only they need it.\n\(secret.hex)\n")
            try write(
                folder + "/" + Self.workerPublic, secret: false,
                "# The public key of \(Self.workerSecret).\n\(secret.publicKey)\n")
            try write(
                folder + "/" + Self.coordinatorPublic, secret: false, text(of: coordinatorKey))
            try append("\(secret.publicKey) \(name)\n")
        }
    }

    private func text(of coordinator: CurveKey) -> String {
        "# The public key of the coordinator. Workers need it.\n\(coordinator)\n"
    }

    private func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    private func generate() throws(RuntimeError) -> CurveSecret {
        do throws(ZeroMQError) { return try CurveSecret.generate() } catch {
            throw RuntimeError(.keys, error.description)
        }
    }

    /// Nobody else may look in.
    private func makeFolder(_ path: String) throws(RuntimeError) {
        guard mkdir(path, 0o700) != 0 else { return }
        let code = errno
        guard code != EEXIST || path != self.path else { return }
        throw RuntimeError(call: "mkdir \(path)", errno: code)
    }

    /// Never over a file that is there.
    private func write(_ path: String, secret: Bool, _ text: String) throws(RuntimeError) {
        try put(text, path, O_CREAT | O_EXCL, mode: secret ? 0o600 : 0o644)
    }

    private func append(_ line: String) throws(RuntimeError) {
        try put(line, allowed, O_APPEND, mode: 0o644)
    }

    private func put(
        _ text: String, _ path: String, _ flags: CInt, mode: mode_t
    ) throws(RuntimeError) {
        let file = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | flags, mode)
        guard file >= 0 else { throw RuntimeError(call: "open \(path)", errno: errno) }
        defer { close(file) }
        // What the umask took away is of no use to anybody, and what it left is not more than asked for.
        let bytes = Array(text.utf8)
        guard Glibc.write(file, bytes, bytes.count) == bytes.count, fsync(file) == 0 else {
            throw RuntimeError(call: "write \(path)", errno: errno)
        }
    }
}
