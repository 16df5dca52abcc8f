// SPDX-License-Identifier: Apache-2.0
//
// What compute threads ask of the queue.

import Coordination
import Layers
import Tensors

extension WorkQueue {
    /// The next shard, in the order of the leases; waits for one. Nil when the session is over.
    func nextShard() -> ShardTask? {
        monitor.lock()
        defer { monitor.unlock() }
        while !isClosed {
            // By step, not by arrival: what is taken over for the current step comes before the next
            // one, whose weights wait for it.
            var first: LeaseWork?
            for work in leases where work.isWaiting && work.lease.step < first?.lease.step ?? .max {
                first = work
            }
            if whitening == nil, let first {
                return first.returned.popLast() ?? first.takeShard(of: shardSize)
            }
            monitor.waitAwake()
        }
        return nil
    }

    /// Waits until no thread computes with another version and it is known where the weights of this one
    /// lie, since a chunk of them is there; then counts this thread in. While another thread still has a
    /// shard of an earlier step, there is nothing to begin: these weights wait for it.
    func enter(_ work: LeaseWork) -> Entry {
        let version = work.version
        monitor.lock()
        defer { monitor.unlock() }
        while !isClosed {
            if leases.contains(where: { $0.isWaiting && $0.step < work.step }) { return .overtaken }
            let newest = arrived[Int(version & 1)].lazy.filter { $0 != Self.never }.max()
            if let newest, newest > version { return .outdated }
            if newest == version, !isOvertaken(work),
                runningThreads == 0 || runningVersion == version
            {
                runningVersion = version
                runningThreads += 1
                return .counted
            }
            monitor.waitAwake()
        }
        return .outdated
    }

    /// How a thread fares that wants to compute a shard.
    enum Entry {
        /// It may; it says so when it leaves.
        case counted
        /// A shard of an earlier step is there to be computed first.
        case overtaken
        /// The weights are gone: the lease is of a step that is long committed.
        case outdated
    }

    /// Weights that a lease waits for can wait for an earlier one in turn, if it is of other weights.
    private func isOvertaken(_ work: LeaseWork) -> Bool {
        leases.contains {
            $0.unfinished > 0 && $0.step < work.step && $0.version != work.version
        }
    }

    func leave() {
        monitor.withLock {
            runningThreads -= 1
            if runningThreads == 0 { monitor.broadcast() }
        }
    }

    /// Waits until the weights of a stage are there, and prepared for the kernels by this thread or another;
    /// meanwhile prepares those of later ones.
    ///
    /// - Throws: `interrupted` when the session is over, or when work for an earlier step has come: these
    ///   weights may be waiting for it.
    func prepare(stage: Int, of work: LeaseWork) throws(LayerError) {
        let version = work.version
        monitor.lock()
        while preparedVersions[stage] != version {
            guard !isClosed, !isOvertaken(work) else {
                monitor.unlock()
                throw LayerError(code: .interrupted, detail: "given up for an earlier step")
            }
            // The last layers' weights tend to come first: no need to be idle until the first ones' do.
            let next = (stage..<model.stageCount).first { canPrepare($0, version) }
            guard let next else {
                monitor.waitAwake()
                continue
            }
            isPreparing[next] = true
            monitor.unlock()
            model.prepared.prepare(stage: next, from: model.weights(version: version))
            monitor.lock()
            isPreparing[next] = false
            preparedVersions[next] = version
            monitor.broadcast()
        }
        monitor.unlock()
    }

    /// Whether the stage's weights are there, and nobody has prepared them or is about to.
    private func canPrepare(_ stage: Int, _ version: UInt64) -> Bool {
        guard preparedVersions[stage] != version, !isPreparing[stage] else { return false }
        return model.chunksOfStage[stage].allSatisfy { arrived[Int(version & 1)][$0] == version }
    }

    /// A buffer for one shard's gradient, used once for each of its chunks.
    func takeGradient() -> FlightBuffer<Float> {
        monitor.withLock { gradients.take(owners: model.chunks.chunks.count) }
    }

    /// The shard ended before that many of its chunks were deposited.
    func giveBack(_ gradient: FlightBuffer<Float>, chunks: Int) {
        for _ in 0..<chunks { gradient.release() }
    }

    /// The sum of a chunk over one shard is there: adds it along the tree as far as the lease reaches, and
    /// sends what cannot be added further.
    func deposit(
        _ work: LeaseWork, shard: Int, chunk: Int, gradient: FlightBuffer<Float>?,
        metrics: NodeMetrics
    ) {
        var item = GradientLedger.Ready(
            chunk: chunk, node: TreeNode(level: 0, index: shard), gradient: gradient,
            metrics: metrics)
        while true {
            monitor.lock()
            switch work.ledger.deposit(item) {
            case .kept:
                monitor.unlock()
                return
            case .send(let ready):
                outgoing.append(
                    Outgoing(
                        lease: work.lease.lease, step: work.lease.step, version: work.version,
                        chunk: ready.chunk, node: ready.node, metrics: ready.metrics,
                        gradient: ready.gradient))
                monitor.unlock()
                doorbell.ring()
                return
            case .add(let left, let right, let parent):
                monitor.unlock()
                if let sum = left.gradient, let added = right.gradient {
                    let range = model.chunks.chunks[chunk].range
                    model.kernels.add(
                        UnsafeRawBufferPointer(added.memory[range]), to: sum.memory[range])
                    added.release()
                }
                item = GradientLedger.Ready(
                    chunk: chunk, node: parent, gradient: left.gradient,
                    metrics: left.metrics + right.metrics)
            }
        }
    }

    /// A shard was interrupted: it is taken up again later.
    func giveBack(_ task: ShardTask) { monitor.withLock { task.work.returned.append(task) } }

    /// A shard's last sum has been deposited, or nobody needs it any more.
    func finishShard(_ work: LeaseWork) {
        monitor.withLock {
            work.unfinished -= 1
            guard work.unfinished == 0, let index = leases.firstIndex(where: { $0 === work }) else {
                return
            }
            spares.append(leases.remove(at: index))
            monitor.broadcast()
        }
    }

    func fail(_ work: LeaseWork, shard: Int, layer: String, message: String) {
        monitor.withLock {
            guard !isClosed, failure == nil else { return }
            failure = WorkFailure(
                step: work.lease.step, shard: shard, layer: layer, message: message)
        }
        doorbell.ring()
    }
}
