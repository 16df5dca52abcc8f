// SPDX-License-Identifier: Apache-2.0

import Foundation
import Runtime
import Testing

@Suite struct CoresTests {
    @Test func coresAreSharedOutAmongWorkers() {
        #expect(Cores.shared(workers: nil, threads: nil, cores: 4) == [1, 1, 1, 1])
        #expect(Cores.shared(workers: 3, threads: nil, cores: 8) == [3, 3, 2])
        #expect(Cores.shared(workers: 5, threads: nil, cores: 2) == [1, 1, 1, 1, 1])
        #expect(Cores.shared(workers: nil, threads: 4, cores: 9) == [4, 4])
        #expect(Cores.shared(workers: nil, threads: 4, cores: 2) == [4])
        #expect(Cores.shared(workers: 2, threads: 3, cores: 1) == [3, 3])
    }

    /// A container of 2.5 cores in a slice of 4, as both versions of control groups say it.
    @Test(arguments: ["0::/pod.slice/container\n", "5:cpu,cpuacct:/pod.slice/container\n"])
    func theLeastQuotaOfAllGroupsAboveHolds(_ groups: String) throws {
        let root = FileManager.default.temporaryDirectory.path + "/convoy-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: root) }
        func write(_ text: String, _ name: String) throws {
            let path = root + "/" + name
            try FileManager.default.createDirectory(
                atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path,
                withIntermediateDirectories: true)
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        }
        #expect(Cores.quota(root: root, groups: groups) == Int.max)
        try write("max 100000\n", "pod.slice/container/cpu.max")
        try write("-1\n", "cpu/pod.slice/container/cpu.cfs_quota_us")
        try write("100000\n", "cpu/pod.slice/container/cpu.cfs_period_us")
        #expect(Cores.quota(root: root, groups: groups) == Int.max)
        try write("400000 100000\n", "pod.slice/cpu.max")
        try write("400000\n", "cpu/pod.slice/cpu.cfs_quota_us")
        try write("100000\n", "cpu/pod.slice/cpu.cfs_period_us")
        #expect(Cores.quota(root: root, groups: groups) == 4)
        try write("250000 100000\n", "pod.slice/container/cpu.max")
        try write("250000\n", "cpu/pod.slice/container/cpu.cfs_quota_us")
        #expect(Cores.quota(root: root, groups: groups) == 3)
    }
}
