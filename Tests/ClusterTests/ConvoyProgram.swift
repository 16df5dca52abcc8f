// SPDX-License-Identifier: Apache-2.0
//
// The real program, as a user starts it: the binary that was built beside these tests.

import Foundation
import Testing

/// One `convoy` process. Ended, if need be by force, before it is forgotten.
final class ConvoyProgram {
    private let process = Process()
    private let output: String

    /// Beside the test bundle's executable.
    static let path: String = {
        let own =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: own).deletingLastPathComponent().path + "/convoy"
    }()

    /// - Parameters:
    ///   - folder: Where its output goes, to a file of its own.
    ///   - launcher: A command that starts it, by its path, in a network or with limits of its own.
    ///   - variables: Of its environment, in place of those of this process; nil takes one away.
    init(
        _ arguments: [String], in folder: String, launcher: [String] = [],
        variables: [String: String?] = [:]
    ) throws {
        output = folder + "/output-\(UUID().uuidString.prefix(8)).txt"
        #expect(FileManager.default.createFile(atPath: output, contents: nil))
        let file = try #require(FileHandle(forWritingAtPath: output))
        let command = launcher + [Self.path] + arguments
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        var environment = ProcessInfo.processInfo.environment
        for (name, value) in variables { environment[name] = value }
        process.environment = environment
        process.standardOutput = file
        process.standardError = file
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }

    deinit { end(SIGKILL) }

    /// Foundation has been seen to miss the end of a process that was stopped and continued: so the system is
    /// asked, too.
    var isRunning: Bool { process.isRunning && !isZombie }

    private var isZombie: Bool {
        let line = try? String(
            contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8)
        return line?.split(separator: ")").last?.hasPrefix(" Z") ?? false
    }

    var identifier: Int32 { process.processIdentifier }
    /// All that it has printed.
    var text: String { (try? String(contentsOfFile: output, encoding: .utf8)) ?? "" }

    /// Sends a signal, and does not wait for what comes of it.
    func send(_ signal: Int32) {
        guard isRunning else { return }
        kill(process.processIdentifier, signal)
    }

    func end(_ signal: Int32) {
        guard isRunning else { return }
        kill(process.processIdentifier, signal)
        #expect(
            ClusterTests.wait(within: 120) { !isRunning },
            "process \(process.processIdentifier) goes on after signal \(signal)")
    }

    /// Waits for it to exit by itself.
    ///
    /// - Returns: Its exit status; a signal's number plus 128.
    func status(within seconds: Double = 120) -> Int32 {
        guard wait(within: seconds, until: { !self.process.isRunning }) else {
            end(SIGKILL)
            return -1
        }
        return process.terminationReason == .exit
            ? process.terminationStatus : 128 + process.terminationStatus
    }

    /// Runs the program to its end.
    static func run(
        _ arguments: [String], in folder: String, within seconds: Double = 120
    ) throws -> (status: Int32, text: String) {
        let program = try ConvoyProgram(arguments, in: folder)
        let status = program.status(within: seconds)
        return (status, program.text)
    }
}

extension ConvoyProgram {
    /// Arguments of a coordinator and of workers that know each other by keys, made in `folder`.
    static func keys(in folder: String) throws -> (coordinator: [String], worker: [String]) {
        let result = try run(["keygen", folder + "/keys"], in: folder)
        #expect(result.status == 0, "\(result.text)")
        return (
            ["--keys", folder + "/keys/coordinator"], ["--keys", folder + "/keys/worker"]
        )
    }
}

/// Polls until something holds.
func wait(within seconds: Double, until isTrue: () -> Bool) -> Bool {
    let end = Date().addingTimeInterval(seconds)
    while !isTrue() {
        if Date() > end { return false }
        usleep(2000)
    }
    return true
}

/// A folder that is gone when the object is.
final class ScratchFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "convoy-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
