// SPDX-License-Identifier: Apache-2.0
//
// "What is this run waiting for?", as a value.

import Coordination

/// What a coordinator knows of its workers at one moment.
public struct ClusterStatus: Sendable, Equatable, Codable {
    public struct Worker: Sendable, Equatable, Codable {
        public var name: String
        public var threads: Int
        /// How long after the first worker its last sum of a training step comes: a mean over the last ten
        /// steps or so, in seconds.
        public var arrivalLag: Double
        /// Shards of the step in progress that it was asked for and has not delivered.
        public var owedShards: Int
        /// Why they are not there yet; nil where it owes none.
        public var reason: String?
        /// Seconds since anything came from it.
        public var silence: Double
        /// Vectors of which it delivered the first copy.
        public var contributions: Int

        public init(
            name: String, threads: Int, arrivalLag: Double = 0, owedShards: Int = 0,
            reason: String? = nil, silence: Double = 0, contributions: Int = 0
        ) {
            self.name = name
            self.threads = threads
            self.arrivalLag = arrivalLag
            self.owedShards = owedShards
            self.reason = reason
            self.silence = silence
            self.contributions = contributions
        }
    }

    public var workers: [Worker]
    /// What holds the whole run up; nil where it is its workers' computing alone.
    public var obstacle: String?

    public init(workers: [Worker] = [], obstacle: String? = nil) {
        self.workers = workers
        self.obstacle = obstacle
    }
}

extension Coordinator {
    /// Once a second, if anybody asks.
    func publishStatus() {
        guard let onStatus = options.onStatus, now >= nextStatus else { return }
        nextStatus = now + .seconds(1)
        onStatus(status)
    }

    private var status: ClusterStatus {
        let waitingFor = machine.waitingFor
        let now = now
        let workers = members.compactMap { member -> ClusterStatus.Worker? in
            guard let id = member.id else { return nil }
            let owed = waitingFor.reduce(0) { $0 + ($1.0 == id ? $1.1.count : 0) }
            let silence = now - member.heard
            let reason: String? =
                if owed == 0 {
                    nil
                } else if silence > run.job.cluster.heartbeat * 2 {
                    "is silent"
                } else if waitingLeases.contains(where: { $0.lease.worker == id }) {
                    "waits for samples that are being read"
                } else {
                    "computes"
                }
            return .init(
                name: member.name, threads: member.threads,
                arrivalLag: member.arrivalLag / .seconds(1), owedShards: owed, reason: reason,
                silence: max(0, silence / .seconds(1)), contributions: member.contributions)
        }
        let obstacle: String? =
            if workers.isEmpty {
                "no worker is there"
            } else if undecidedSince != nil {
                "workers disagree; another one has to decide"
            } else {
                nil
            }
        return ClusterStatus(workers: workers, obstacle: obstacle)
    }

    /// A training step is committed: who was how late?
    func noteArrivals() {
        guard options.onStatus != nil else { return }
        let first = members.compactMap(\.arrived).min()
        for index in members.indices {
            guard let first, let arrived = members[index].arrived else { continue }
            members[index].arrivalLag = (members[index].arrivalLag * 9 + (arrived - first)) / 10
            members[index].arrived = nil
        }
    }
}
