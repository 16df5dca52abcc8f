// SPDX-License-Identifier: Apache-2.0

import Configuration

/// `cluster:` how the work is spread. Nothing here changes a bit of the result.
public struct ClusterOptions: Sendable, Equatable {
    /// How workers come by their samples.
    public enum Data: String, Sendable, CaseIterable {
        /// The coordinator sends them.
        case ship
        /// The worker reads the same files, proven by the data set's fingerprint.
        case local
    }

    public var data: Data
    /// How often a worker shows that it lives.
    public var heartbeat: Duration
    /// A worker that misses so many is taken for lost.
    public var missedHeartbeats: Int
    /// Leases that a worker may hold at a time.
    public var leaseCredits: Int
    /// A lease that takes this many times the median is computed elsewhere too ...
    public var stragglerFactor: Double
    /// ... but never before this has passed on top.
    public var stragglerFloor: Duration
    /// How long the coordinator waits when no worker is left.
    public var waitForWorkers: Duration
    /// How long a worker looks for its coordinator.
    public var reconnect: Duration
    /// The share of the shards that two workers compute, so that one that computes wrong is found out.
    public var audit: Double

    init(fields: inout Fields) throws(ConfigError) {
        let day = 86_400.0
        data = try fields.choice("data", default: .ship)
        heartbeat = .seconds(try fields.double("heartbeat_seconds", default: 1, in: 0.05...60))
        missedHeartbeats = try fields.int("missed_heartbeats", default: 3, in: 2...100)
        leaseCredits = try fields.int("lease_credits", default: 2, in: 1...2)
        stragglerFactor = try fields.double("straggler_factor", default: 4, in: 1.5...1000)
        stragglerFloor = .seconds(
            try fields.double("straggler_floor_seconds", default: 0.5, in: 0.01...3600))
        waitForWorkers = .seconds(
            try fields.double("wait_for_workers_seconds", default: 600, in: 1...day))
        reconnect = .seconds(try fields.double("reconnect_seconds", default: 120, in: 1...day))
        audit = try fields.double("audit", default: 0, in: 0...1)
    }

    func encoded() -> ConfigValue {
        .map([
            .init("data", .scalar(data.rawValue)),
            .init("heartbeat_seconds", .scalar(heartbeat / .seconds(1))),
            .init("missed_heartbeats", .scalar(missedHeartbeats)),
            .init("lease_credits", .scalar(leaseCredits)),
            .init("straggler_factor", .scalar(stragglerFactor)),
            .init("straggler_floor_seconds", .scalar(stragglerFloor / .seconds(1))),
            .init("wait_for_workers_seconds", .scalar(waitForWorkers / .seconds(1))),
            .init("reconnect_seconds", .scalar(reconnect / .seconds(1))),
            .init("audit", .scalar(audit)),
        ])
    }
}
