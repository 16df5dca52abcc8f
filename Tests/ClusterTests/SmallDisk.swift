// SPDX-License-Identifier: Apache-2.0
//
// A disk that can be filled without harm.

import Foundation
import Testing

/// A tmpfs of a few MiB that is there for the programs of a test alone, in a mount namespace of their own. Gone
/// when the object is.
final class SmallDisk {
    private let holder = Process()
    /// Where its programs see it.
    let path: String
    /// Starts a program that sees it.
    let launcher: [String]
    /// Where this process sees it.
    let view: String

    /// Why this machine allows none; nil if it does.
    static let obstacle: String? = {
        do {
            let folder = try ScratchFolder()
            _ = try SmallDisk(mebibytes: 1, in: folder.path)
            return nil
        } catch { return "no disk of a test's own: \(error)" }
    }()

    init(mebibytes: Int, in folder: String) throws {
        path = folder + "/disk"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
        let ready = Pipe()
        holder.executableURL = URL(fileURLWithPath: "/bin/bash")
        holder.arguments = [
            "-c",
            "exec unshare --user --map-root-user --mount bash -c "
                + "'mount -t tmpfs -o size=\(mebibytes)m convoy-test \(path) && echo mounted && exec cat'"
                + " 2>&1",
        ]
        holder.standardInput = Pipe()  // open as long as this object lives
        holder.standardOutput = ready
        try holder.run()
        let said = String(
            decoding: ready.fileHandleForReading.availableData, as: UTF8.self)
        launcher = [
            "/usr/bin/env", "nsenter", "--target", "\(holder.processIdentifier)", "--user",
            "--mount", "--preserve-credentials",
        ]
        view = "/proc/\(holder.processIdentifier)/root\(path)"
        guard said == "mounted\n" else { throw Refusal(description: said) }
    }

    deinit {
        // It may have been born with other signals blocked.
        kill(holder.processIdentifier, SIGKILL)
        holder.waitUntilExit()
    }

    /// Leaves no room, until `empty`.
    func fill() {
        _ = FileManager.default.createFile(atPath: ballast, contents: nil)
        guard let file = FileHandle(forWritingAtPath: ballast) else { return }
        let bytes = Data(count: 4096)
        while (try? file.write(contentsOf: bytes)) != nil {}
    }

    func empty() throws { try FileManager.default.removeItem(atPath: ballast) }

    private var ballast: String { view + "/ballast" }

    private struct Refusal: Error, CustomStringConvertible { let description: String }
}
