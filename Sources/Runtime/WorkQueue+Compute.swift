// SPDX-License-Identifier: Apache-2.0
//
// What compute and data threads ask of the queue.

import Coordination
import Datasets
import Layers
import Tensors

extension WorkQueue {
    /// The next shard, in the order of the leases; waits for one. Nil when the session is over.
    ///
    /// - Parameter pixels: Exchanged for those of the shard if they are there.
    /// - Returns: The shard; if its pixels are not there, also the lease that has to wait meanwhile.
    func nextShard(
        _ pixels: inout ShardPixels, _ timeline: Timeline?
    ) -> (ShardTask, undecoded: LeaseWork?)? {
        monitor.lock()
        defer { monitor.unlock() }
        var idle: Int64 = 0
        while !isClosed {
            if whitening == nil, let work = first(where: \.isWaiting) {
                work.computing += 1
                waits.samples &+= min(UInt64(idle), work.lease.waited)
                guard !work.decoded.isEmpty else {
                    let late = first { $0.step < work.step && $0.decoding > 0 }
                    return (work.takeShard(of: shardSize), late ?? work)
                }
                let shard = work.decoded.removeFirst()
                room.append(pixels)
                decodable.broadcast()
                pixels = shard.pixels
                return (shard.task, nil)
            }
            if makePiece(timeline) { continue }
            let start = Monitor.now
            let late = first { $0.decoding > 0 || $0.received < $0.lease.sampleBytes }
            let isDecoding = late.map { $0.decoding > 0 } ?? false
            timeline?.begin(.wait(late == nil ? .work : .data), step: late?.lease.step)
            monitor.waitAwake()
            if let late {
                noteWaitLocked(for: late, since: start, isDecoding: isDecoding)
            } else {
                idle += Monitor.now - start
            }
        }
        return nil
    }

    /// The earliest lease that is so: by step, not by arrival, for what is taken over for the current step
    /// comes before the next one, whose weights wait for it.
    private func first(where isSo: (LeaseWork) -> Bool) -> LeaseWork? {
        var first: LeaseWork?
        for work in leases where work.lease.step < first?.lease.step ?? .max && isSo(work) {
            first = work
        }
        return first
    }

    /// The next shard for a data thread, with room for its pixels; waits for both. Nil when the session is
    /// over.
    func nextToDecode() -> DecodedShard? {
        monitor.lock()
        defer { monitor.unlock() }
        while !isClosed {
            if !room.isEmpty, let work = first(where: \.canDecode) {
                work.decoding += 1
                return DecodedShard(
                    task: work.takeShard(of: shardSize), pixels: room.removeLast())
            }
            monitor.wait(for: decodable)
        }
        return nil
    }

    /// A data thread has decoded it.
    func add(_ shard: DecodedShard) {
        monitor.withLock {
            shard.task.work.decoding -= 1
            shard.task.work.decoded.append(shard)
            monitor.broadcast()
        }
    }

    /// A data thread could not decode it.
    func discard(_ shard: DecodedShard) {
        monitor.withLock {
            shard.task.work.decoding -= 1
            shard.task.work.computing += 1
            room.append(shard.pixels)
        }
    }

    /// A compute thread has decoded what it wants to compute.
    func noteWait(for work: LeaseWork, since start: Int64) {
        monitor.withLock { noteWaitLocked(for: work, since: start, isDecoding: true) }
    }

    /// Of a wait for data that counts in which the weights were there.
    private func noteWaitLocked(for work: LeaseWork, since start: Int64, isDecoding: Bool) {
        guard versions.has(work.version) else { return }
        let time = Monitor.now - max(start, completed[Int(work.version & 1)])
        guard time > 0 else { return }
        if isDecoding { waits.decoding &+= UInt64(time) } else { waits.samples &+= UInt64(time) }
    }

    /// Waits until no thread computes with another version and it is known where the weights of this one
    /// lie, since a chunk of them is there; then counts this thread in. While another thread still has a
    /// shard of an earlier step, there is nothing to begin: these weights wait for it.
    func enter(_ work: LeaseWork, _ timeline: Timeline?) -> Entry {
        let version = work.version
        monitor.lock()
        defer { monitor.unlock() }
        while !isClosed {
            if leases.contains(where: { $0.isWaiting && $0.step < work.step }) { return .overtaken }
            let changes = lookUp(version)
            switch versions.standing(of: version) {
            case .gone: return .outdated
            case .awaited: break
            case .current:
                guard !isOvertaken(work), runningThreads == 0 || runningVersion == version
                else { break }
                runningVersion = version
                runningThreads += 1
                return .counted
            }
            if makePiece(timeline) { continue }
            timeline?.begin(.wait(.weights), step: work.lease.step)
            waitForWeights(since: changes)
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
    func prepare(
        stage: Int, of work: LeaseWork, _ timeline: Timeline?
    ) throws(LayerError) {
        let version = work.version
        monitor.lock()
        while preparedVersions[stage] != version {
            guard !isClosed, !isOvertaken(work) else {
                monitor.unlock()
                throw LayerError(code: .interrupted, detail: "given up for an earlier step")
            }
            let changes = lookUp(version)
            // The last layers' weights tend to come first: no need to be idle until the first ones' do.
            let next = (stage..<model.stageCount).first { canPrepare($0, version) }
            guard let next else {
                if makePiece(timeline) { continue }
                timeline?.interrupt(.wait(.weights))
                waitForWeights(since: changes)
                timeline?.resume()
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
        return versions.has(version, model.chunksOfStage[stage])
    }

    /// A buffer for one shard's gradient, used once for each of its chunks.
    func takeGradient() -> FlightBuffer<Float> {
        monitor.withLock { gradients.take(owners: model.chunks.chunks.count) }
    }

    /// A buffer for what one shard's evaluation counts; nil if that is nothing.
    func takeCounts() -> FlightBuffer<Float>? {
        guard model.model.metrics.count > 0 else { return nil }
        return monitor.withLock { counts.take() }
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
                        kind: work.lease.kind, lease: work.lease.lease, step: work.lease.step,
                        version: work.version,
                        chunk: ready.chunk, node: ready.node, metrics: ready.metrics,
                        gradient: ready.gradient,
                        since: isTraced ? UInt64(Monitor.now) : 0))
                monitor.unlock()
                doorbell.ring()
                return
            case .add(let left, let right, let parent):
                monitor.unlock()
                if let sum = left.gradient, let added = right.gradient {
                    let range = model.range(ofChunk: chunk, of: work.lease.kind)
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

    /// A shard was interrupted: it is taken up again later, with its pixels if there is room for them.
    ///
    /// - Parameter pixels: Of the shard; exchanged for others.
    func giveBack(_ task: ShardTask, _ pixels: inout ShardPixels) {
        monitor.withLock {
            task.work.computing -= 1
            if let spare = room.popLast() {
                task.work.decoded.append(DecodedShard(task: task, pixels: pixels))
                pixels = spare
            } else {
                task.work.returned.append(task)
            }
        }
    }

    /// A shard's last sum has been deposited, or nobody needs it any more.
    func finishShard(_ work: LeaseWork) {
        monitor.withLock {
            work.unfinished -= 1
            work.computing -= 1
            guard work.unfinished == 0, let index = leases.firstIndex(where: { $0 === work }) else {
                return
            }
            spares.append(leases.remove(at: index))
            monitor.broadcast()
        }
    }

    /// Nothing is made of pixels that are not there: the step waits, and the run ends.
    func fail(_ task: ShardTask, _ error: DatasetError) {
        fail(task.work, shard: task.shard, layer: "", message: error.description)
        finishShard(task.work)
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
