// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Commands of a shell.
enum Shell {
    static func run(
        _ script: String, input: String = "", environment: [String: String]? = nil
    ) throws -> (status: Int32, text: String) {
        let process = Process()
        let file = NSTemporaryDirectory() + "convoy-shell-\(UUID().uuidString.prefix(8))"
        defer { try? FileManager.default.removeItem(atPath: file) }
        _ = FileManager.default.createFile(atPath: file, contents: nil)
        let standardInput = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", script]
        process.environment = environment ?? ProcessInfo.processInfo.environment
        process.standardInput = standardInput
        // A file, since daemons that a script starts may hold a pipe open for ever.
        process.standardOutput = FileHandle(forWritingAtPath: file)
        process.standardError = process.standardOutput
        try process.run()
        // What it is told is shorter than a pipe is long.
        standardInput.fileHandleForWriting.write(Data(input.utf8))
        try standardInput.fileHandleForWriting.close()
        process.waitUntilExit()
        return (
            process.terminationStatus, (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
        )
    }
}
