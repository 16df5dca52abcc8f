// SPDX-License-Identifier: Apache-2.0
//
// "What is this step waiting for?"

extension StepMachine: CustomStringConvertible {
    /// The shards that the current step lacks, by the workers that were asked for them, in the order
    /// in which they were. A shard that two were asked for is named twice; one that is not named is in
    /// all sums, or nobody is there.
    public var waitingFor: [(WorkerID, Range<Int>)] {
        guard var current = steps.current else { return [] }
        current.formCovered()
        var answer: [(WorkerID, Range<Int>)] = []
        for lease in current.leases.open {
            var from = lease.shards.lowerBound
            while let gap = current.settled.gap(from: from),
                gap.lowerBound < lease.shards.upperBound
            {
                answer.append((lease.worker, gap.clamped(to: lease.shards)))
                from = gap.upperBound
            }
        }
        return answer
    }

    /// Room in everything that could grow with the steps. It does not: a test sees to that.
    package var capacity: Int {
        steps.ledgers.reduce(planner.capacity) { $0 + $1.capacity }
    }

    public var description: String {
        guard let current = steps.current else {
            return "no step is open, \(membership.workers.count) workers"
        }
        let wanted = waitingFor.map { "shards \($0.1) of worker \($0.0)" }
        return "step \(current.step): \(current.appliedCount) of \(current.chunks) chunks applied, "
            + (wanted.isEmpty
                ? "waiting for no worker" : "waiting for " + wanted.joined(separator: ", "))
    }
}
