// SPDX-License-Identifier: Apache-2.0
//
// A network of its own for the coordinator and for each worker, in the kernel of this machine.

import Foundation
import Testing

/// Network namespaces, each worker's joined to the coordinator's by a cable. Gone when the object is.
///
/// Needs root, and ip, tc and nft of the packages iproute2 and nftables.
final class Namespaces {
    private let prefix: String
    private let workers: Int

    /// Why this machine allows none; nil if it does.
    static let obstacle: String? = {
        guard getuid() == 0 else { return "network namespaces need root" }
        for tool in ["ip", "tc", "nft"] where (try? run("command -v \(tool)")) == nil {
            return "no \(tool) here; install iproute2 and nftables"
        }
        do {
            let probe = try Namespaces(workers: 1)
            try probe.inWorker(0, "nft add table inet probe")
            return nil
        } catch { return "network namespaces cannot be made here: \(error)" }
    }()

    init(workers: Int) throws {
        prefix = "convoy-\(UUID().uuidString.prefix(4).lowercased())"
        self.workers = workers
        try Self.run("ip netns add \(coordinator)")
        try inCoordinator("ip link set lo up")
        for worker in 0..<workers {
            try Self.run(
                """
                ip netns add \(name(worker)) &&
                ip -n \(coordinator) link add cable\(worker) type veth \
                    peer name eth0 netns \(name(worker)) &&
                ip -n \(coordinator) addr add 10.77.\(worker).1/24 dev cable\(worker) &&
                ip -n \(coordinator) link set cable\(worker) up &&
                ip -n \(name(worker)) addr add 10.77.\(worker).2/24 dev eth0 &&
                ip -n \(name(worker)) link set eth0 up &&
                ip -n \(name(worker)) link set lo up
                """)
        }
    }

    deinit {
        for name in [coordinator] + (0..<workers).map(name) {
            _ = try? Self.run("ip netns del \(name)")
        }
    }

    var coordinator: String { "\(prefix)-c" }

    func name(_ worker: Int) -> String { "\(prefix)-\(worker)" }

    /// Where a worker finds the coordinator.
    ///
    /// - Parameter isSlow: By the way that `lengthen` has made.
    func endpoint(of worker: Int, isSlow: Bool = false) -> String {
        "tcp://10.\(isSlow ? 78 : 77).\(worker).1:7070"
    }

    /// What starts a program in one of the networks.
    static func launcher(in name: String) -> [String] {
        ["/usr/bin/env", "PATH=/usr/sbin:/sbin:/usr/bin:/bin", "ip", "netns", "exec", name]
    }

    func inCoordinator(_ command: String) throws {
        try Self.run("ip netns exec \(coordinator) \(command)")
    }

    func inWorker(_ worker: Int, _ command: String) throws {
        try Self.run("ip netns exec \(name(worker)) \(command)")
    }

    /// Pulls a worker's cable, or puts it back.
    func setCable(_ worker: Int, _ state: String) throws {
        try inCoordinator("ip link set cable\(worker) \(state)")
    }

    /// Makes another way between a worker and the coordinator, on which packets are so many seconds.
    func lengthen(_ worker: Int, delay: Double) throws -> SlowLine {
        let device = "slow\(worker)"
        let line = try SlowLine(device, between: (coordinator, name(worker)), delay: delay)
        for (name, end) in [(coordinator, 1), (name(worker), 2)] {
            try Self.run(
                "ip -n \(name) addr add 10.78.\(worker).\(end)/24 dev \(device) && "
                    + "ip -n \(name) link set \(device) up")
        }
        return line
    }

    /// Limits both directions of a worker's cable.
    ///
    /// - Parameter burst: What may pass at once; the kernel needs some of it to reach a high rate.
    func limit(_ worker: Int, to rate: String, burst: String = "64kb") throws {
        let queue = "root tbf rate \(rate) burst \(burst) latency 50ms"
        try inCoordinator("tc qdisc add dev cable\(worker) \(queue)")
        try inWorker(worker, "tc qdisc add dev eth0 \(queue)")
    }

    /// Bytes that have gone by a worker's cable, up to the coordinator and down to the worker.
    func traffic(of worker: Int) throws -> (up: Int, down: Int) {
        let counters = try ["tx", "rx"].map { way in
            try Self.run(
                "ip netns exec \(name(worker)) cat /sys/class/net/eth0/statistics/\(way)_bytes")
        }.compactMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        return (counters[0], counters[1])
    }

    /// Drops that share of the packets that a worker receives, in percent; 0 for none.
    func lose(_ worker: Int, percent: Int) throws {
        try inWorker(worker, "nft 'flush ruleset'")
        guard percent > 0 else { return }
        let chance = percent < 100 ? "numgen random mod 100 < \(percent)" : ""
        try inWorker(
            worker,
            "nft 'add table inet t; "
                + "add chain inet t in { type filter hook input priority 0; }; "
                + "add rule inet t in \(chance) drop'")
    }

    @discardableResult private static func run(_ command: String) throws -> String {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", "PATH=$PATH:/usr/sbin:/sbin; " + command]
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let text = String(
            decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw ShellError(description: text) }
        return text
    }

    private struct ShellError: Error, CustomStringConvertible { let description: String }
}
