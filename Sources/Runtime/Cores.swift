// SPDX-License-Identifier: Apache-2.0
//
// How many cores there are for this process, and who gets them.

import Foundation

/// Cores, shared among workers.
public enum Cores {
    /// Those that this process may run on, and that its container pays for.
    public static let available: Int = {
        // Counts the cores of the affinity mask, which taskset, mpirun and Slurm set.
        let allowed = ProcessInfo.processInfo.activeProcessorCount
        return min(
            allowed, max(1, quota(root: "/sys/fs/cgroup", groups: text("/proc/self/cgroup"))))
    }()

    /// Threads of each worker: as many in all as there are cores, as evenly as can be.
    ///
    /// - Parameters:
    ///   - workers: As many as asked for; nil for as many as keep all cores busy.
    ///   - threads: Of each worker; nil to share the cores out.
    public static func shared(
        workers: Int?, threads: Int?, cores: Int = available
    ) -> [Int] {
        guard threads == nil, let workers else {
            let threads = threads ?? 1
            return Array(repeating: threads, count: workers ?? max(1, cores / threads))
        }
        return (0..<workers).map {
            min(256, max(1, cores / workers + ($0 < cores % workers ? 1 : 0)))
        }
    }

    /// Whole cores that the CPU quota of this process's control group allows, of version 2 or 1; `Int.max`
    /// without one. The limits of the groups above it hold, too.
    package static func quota(root: String, groups: String) -> Int {
        var least = Int.max
        for line in groups.split(separator: "\n") {
            // "0::/path" or "1:cpu,cpuacct:/path"
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let isSecond = parts[1].isEmpty
            guard isSecond || parts[1].split(separator: ",").contains("cpu") else { continue }
            var path = parts[2].split(separator: "/")
            while true {
                let folder = ([root + (isSecond ? "" : "/cpu")] + path.map(String.init))
                    .joined(separator: "/")
                let words =
                    isSecond
                    ? text(folder + "/cpu.max")
                    : text(folder + "/cpu.cfs_quota_us") + " " + text(folder + "/cpu.cfs_period_us")
                let numbers = words.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
                if numbers.count == 2, numbers[0] > 0, numbers[1] > 0 {
                    // Half a core more is worth a thread.
                    least = min(least, max(1, (2 * numbers[0] + numbers[1]) / (2 * numbers[1])))
                }
                guard path.popLast() != nil else { break }
            }
        }
        return least
    }

    private static func text(_ path: String) -> String {
        (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }
}
