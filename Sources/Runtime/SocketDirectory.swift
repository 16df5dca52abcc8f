// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// A directory for sockets that only this user can enter, removed with what is in it.
public final class SocketDirectory {
    public let path: String

    public init() throws {
        let environment = ProcessInfo.processInfo.environment
        // The path of a socket has at most 107 bytes.
        let parents = [environment["XDG_RUNTIME_DIR"], environment["TMPDIR"], "/tmp"]
        var reason = "no directory"
        for parent in parents.compactMap({ $0 }) where !parent.isEmpty && parent.utf8.count < 80 {
            var template = Array("\(parent)/convoy-XXXXXX".utf8CString)
            if mkdtemp(&template) != nil {
                let bytes = template.dropLast().map(UInt8.init(bitPattern:))
                path = String(decoding: bytes, as: UTF8.self)
                return
            }
            reason = "\(parent): \(String(cString: strerror(errno)))"
        }
        throw RuntimeError(
            .system, "cannot make a directory for sockets (\(reason)); set TMPDIR to one with room")
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
