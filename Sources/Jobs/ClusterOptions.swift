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

    public init(
        data: Data = .ship, heartbeat: Duration = .seconds(1), missedHeartbeats: Int = 3,
        leaseCredits: Int = 2, stragglerFactor: Double = 4,
        stragglerFloor: Duration = .seconds(0.5), waitForWorkers: Duration = .seconds(600),
        reconnect: Duration = .seconds(120), audit: Double = 0
    ) {
        self.data = data
        self.heartbeat = heartbeat
        self.missedHeartbeats = missedHeartbeats
        self.leaseCredits = leaseCredits
        self.stragglerFactor = stragglerFactor
        self.stragglerFloor = stragglerFloor
        self.waitForWorkers = waitForWorkers
        self.reconnect = reconnect
        self.audit = audit
    }

    init(fields: inout Fields) throws(ConfigError) {
        self.init()
        func seconds(
            _ name: String, _ usual: Duration, in range: ClosedRange<Double>
        ) throws(ConfigError) -> Duration {
            .seconds(try fields.double(name, default: usual / .seconds(1), in: range))
        }
        let day = 86_400.0
        data = try fields.choice("data", default: data)
        heartbeat = try seconds("heartbeat_seconds", heartbeat, in: 0.05...60)
        missedHeartbeats = try fields.int(
            "missed_heartbeats", default: missedHeartbeats, in: 2...100)
        leaseCredits = try fields.int("lease_credits", default: leaseCredits, in: 1...2)
        stragglerFactor = try fields.double(
            "straggler_factor", default: stragglerFactor, in: 1.5...1000)
        stragglerFloor = try seconds("straggler_floor_seconds", stragglerFloor, in: 0.01...3600)
        waitForWorkers = try seconds("wait_for_workers_seconds", waitForWorkers, in: 1...day)
        reconnect = try seconds("reconnect_seconds", reconnect, in: 1...day)
        audit = try fields.double("audit", default: audit, in: 0...1)
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
