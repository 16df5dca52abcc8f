// SPDX-License-Identifier: Apache-2.0
//
// Keys as files and variables hold them: 64 hexadecimal digits, beside lines of comment.

import Foundation
import Glibc
import ZeroMQ

enum KeyText {
    static let secretVariable = "CONVOY_SECRET_KEY"
    static let coordinatorVariable = "CONVOY_COORDINATOR_KEY"
    static let allowedVariable = "CONVOY_WORKER_KEYS"

    /// Of any file with keys, in bytes.
    private static let largest = 1 << 20

    static func secret(file path: String) throws(RuntimeError) -> CurveSecret {
        try secret(read(path, isSecret: true).text, from: path)
    }

    static func key(file path: String) throws(RuntimeError) -> CurveKey {
        try key(read(path, isSecret: false).text, from: path)
    }

    static func secret(_ text: String, from place: String) throws(RuntimeError) -> CurveSecret {
        if let secret = CurveSecret(hex: try word(in: text, from: place)) { return secret }
        throw noKey(place)
    }

    static func key(_ text: String, from place: String) throws(RuntimeError) -> CurveKey {
        if let key = CurveKey(hex: try word(in: text, from: place)) { return key }
        throw noKey(place)
    }

    /// The one thing that is no comment.
    private static func word(in text: String, from place: String) throws(RuntimeError) -> String {
        let lines = text.split(whereSeparator: \.isNewline)
            .map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty && !$0.hasPrefix("#") }
        guard lines.count == 1 else { throw noKey(place) }
        return lines[0]
    }

    /// Does not repeat what is there: it may be a secret with a slip.
    private static func noKey(_ place: String) -> RuntimeError {
        RuntimeError(
            .keys,
            "\(place) holds no key; expected 64 hexadecimal digits, as 'convoy keygen' writes them")
    }

    /// What tells whether a file has changed.
    struct Stamp: Equatable {
        private let device: UInt
        private let number: UInt
        private let size: Int
        private let seconds: Int
        private let nanoseconds: Int

        init(_ status: stat) {
            device = status.st_dev
            number = status.st_ino
            size = status.st_size
            seconds = status.st_mtim.tv_sec
            nanoseconds = status.st_mtim.tv_nsec
        }

        /// Nil if there is no file.
        init?(path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            self.init(status)
        }
    }

    /// - Parameter isSecret: Nobody else may read it; what is no secret nobody else may change.
    static func read(
        _ path: String, isSecret: Bool
    ) throws(RuntimeError) -> (text: String, stamp: Stamp) {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            throw RuntimeError(
                .keys,
                "cannot open \(path): \(String(cString: strerror(errno))); 'convoy keygen' makes keys"
            )
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else {
            throw RuntimeError(call: "fstat \(path)", errno: errno)
        }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_size <= largest else {
            throw RuntimeError(.keys, "\(path) is no file with keys; 'convoy keygen' makes them")
        }
        let mode = String(status.st_mode & 0o777, radix: 8)
        guard !isSecret || status.st_mode & 0o077 == 0 else {
            throw RuntimeError(
                .keys,
                "the secret key \(path) is open to others (mode \(mode)); if nobody has taken it, "
                    + "chmod 600 '\(path)', else make a new one")
        }
        guard status.st_mode & 0o022 == 0 else {
            throw RuntimeError(
                .keys,
                "\(path) can be changed by others (mode \(mode)); chmod go-w '\(path)' when what it "
                    + "holds is right")
        }
        var bytes = [UInt8](repeating: 0, count: largest + 1)
        var count = 0
        while true {
            let part = bytes[count...].withUnsafeMutableBytes {
                Glibc.read(file, $0.baseAddress, $0.count)
            }
            if part < 0 {
                if errno == EINTR { continue }
                throw RuntimeError(call: "read \(path)", errno: errno)
            }
            if part == 0 { break }
            count += part
        }
        return (String(decoding: bytes.prefix(count), as: UTF8.self), Stamp(status))
    }
}
