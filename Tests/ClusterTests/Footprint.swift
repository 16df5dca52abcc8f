// SPDX-License-Identifier: Apache-2.0
//
// What a process holds, as the kernel tells it.

import Foundation

/// Memory, descriptors and threads of a process at one moment.
struct Footprint: CustomStringConvertible {
    /// Resident, in KiB.
    let memory: Int
    /// The most that ever was, in KiB.
    let peak: Int
    /// But for the file of a checkpoint that is just being written.
    let descriptors: Int
    let threads: Int

    init(of process: Int32) throws {
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        func field(_ name: String) -> Int {
            let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") }
            return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
                ?? -1
        }
        memory = field("VmRSS")
        peak = field("VmHWM")
        threads = field("Threads")
        let folder = "/proc/\(process)/fd"
        descriptors = try FileManager.default.contentsOfDirectory(atPath: folder).count {
            let file = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")
            return file?.contains("/checkpoints") != true
        }
    }

    var description: String {
        "\(memory) KiB, \(descriptors) descriptors, \(threads) threads"
    }
}
