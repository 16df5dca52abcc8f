// SPDX-License-Identifier: Apache-2.0
//
// Where a worker's socket thread and its compute threads meet: leases, samples and weights go in, sums of
// gradients come out.

import Coordination
import Layers
import Tensors
import Wire

/// One lease on its way through a worker. Recycled, with its memory.
final class LeaseWork {
    fileprivate(set) var lease: Message.Lease
    fileprivate var samples: AlignedBuffer<UInt8>
    fileprivate var received = 0
    fileprivate var cursor = 0
    fileprivate var nextShard = 0
    /// Shards that were begun and given back.
    fileprivate var returned: [ShardTask] = []
    fileprivate var unfinished = 0
    fileprivate var ledger = GradientLedger(stepShards: 1, lease: 0..<1)

    fileprivate init() {
        samples = AlignedBuffer(count: 1 << 16)
        lease = Message.Lease(
            session: 0, lease: 0, step: 0, kind: .train, epoch: 0, firstShard: 0, shardCount: 0,
            firstPosition: 0, sampleCount: 0, batchSamples: 0, weightsVersion: 0, sampleBytes: 0)
    }

    /// A shard of it can be computed, as far as the samples go.
    fileprivate var isWaiting: Bool {
        received == lease.sampleBytes && (nextShard < shards.upperBound || !returned.isEmpty)
    }

    var version: UInt64 { lease.weightsVersion }
    var step: StepID { StepID(raw: lease.step) }
    fileprivate var shards: Range<Int> {
        lease.firstShard..<lease.firstShard + lease.shardCount
    }
}

/// One shard to compute.
struct ShardTask {
    let work: LeaseWork
    let shard: Int
    /// Positions in the epoch's order.
    let positions: Range<Int>
    /// Its records; empty where the worker reads its own files.
    let records: UnsafeRawBufferPointer
}

/// All state that a worker's threads share, under one lock.
final class WorkQueue: @unchecked Sendable {
    // Every property below is touched with `monitor` locked, but for the numbers in the buffers: those
    // belong to whoever the state says they belong to.
    private let monitor = Monitor()
    private let model: WorkerModel
    private let doorbell: Doorbell
    private let shardSize: Int

    private var leases: [LeaseWork] = []
    private var spares: [LeaseWork] = []
    /// The version of each chunk in the buffer of even and of odd versions.
    private var arrived: [[UInt64]]
    private var preparedVersions: [UInt64]
    private var isPreparing: [Bool]
    private var runningVersion: UInt64 = 0
    private var runningThreads = 0
    private var gradients: FlightPool<Float>
    private var outgoing: [Outgoing] = []
    private var failure: WorkFailure?
    private var isClosed = false

    /// A sum of gradients that is ready to leave.
    struct Outgoing {
        let lease: UInt64
        let step: UInt64
        let chunk: Int
        let node: TreeNode
        let metrics: NodeMetrics
        /// Nil in an evaluation. Retained once for this message.
        let gradient: FlightBuffer<Float>?
    }

    struct WorkFailure {
        let step: UInt64
        let shard: Int
        let layer: String
        let message: String
    }

    /// Versions count from 0; this is none of them.
    private static let never = UInt64.max

    init(model: WorkerModel, doorbell: Doorbell) {
        self.model = model
        self.doorbell = doorbell
        shardSize = model.job.training.shardSize
        let chunks = model.chunks.chunks.count
        arrived = Array(repeating: Array(repeating: Self.never, count: chunks), count: 2)
        preparedVersions = Array(repeating: Self.never, count: model.stageCount)
        isPreparing = Array(repeating: false, count: model.stageCount)
        gradients = FlightPool(count: model.chunks.count)
        outgoing.reserveCapacity(4 * chunks + 64)
        leases.reserveCapacity(8)
        spares = (0..<4).map { _ in LeaseWork() }
    }

    // MARK: The socket thread's side

    /// A lease has come; its samples follow, or are read here.
    func add(_ lease: Message.Lease) {
        monitor.withLock {
            // At most two steps are open, so those before are committed: what is not begun never will be.
            leases.removeAll { old in
                guard old.lease.step + 1 < lease.step, old.nextShard == old.shards.lowerBound
                else { return false }
                spares.append(old)
                return true
            }
            let work = spares.popLast() ?? LeaseWork()
            work.lease = lease
            work.received = 0
            work.cursor = 0
            work.nextShard = lease.firstShard
            work.returned.removeAll(keepingCapacity: true)
            work.unfinished = lease.shardCount
            if work.samples.count < lease.sampleBytes {
                work.samples = AlignedBuffer(count: lease.sampleBytes * 9 / 8)
            }
            work.ledger.reset(
                stepShards: (lease.batchSamples + shardSize - 1) / shardSize, lease: work.shards)
            leases.append(work)
            monitor.broadcast()
        }
    }

    /// - Returns: False if no lease here waits for these bytes.
    func addSamples(lease: UInt64, offset: Int, _ bytes: UnsafeRawBufferPointer) -> Bool {
        monitor.lock()
        defer { monitor.unlock() }
        guard let work = leases.first(where: { $0.lease.lease == lease }) else { return false }
        guard offset == work.received, offset + bytes.count <= work.lease.sampleBytes else {
            return false
        }
        UnsafeMutableRawBufferPointer(work.samples[offset..<offset + bytes.count])
            .copyMemory(from: bytes)
        work.received += bytes.count
        if work.received == work.lease.sampleBytes { monitor.broadcast() }
        return true
    }

    /// A chunk of weights has come. Waits while somebody still computes with the version that it replaces:
    /// one two steps back, so only ever a shard that the run no longer needs.
    func addWeights(version: UInt64, chunk: Int, _ bytes: UnsafeRawBufferPointer) {
        let parity = Int(version & 1)
        let range = model.chunks.chunks[chunk].range
        monitor.lock()
        while runningThreads > 0, runningVersion & 1 == version & 1, runningVersion != version,
            !isClosed
        {
            monitor.wait()
        }
        arrived[parity][chunk] = Self.never
        monitor.unlock()
        UnsafeMutableRawBufferPointer(model.weights[parity][range]).copyMemory(from: bytes)
        monitor.withLock {
            arrived[parity][chunk] = version
            monitor.broadcast()
        }
    }

    /// Everything that is ready to leave, appended to `list`.
    func takeOutgoing(into list: inout [Outgoing]) {
        monitor.withLock {
            list.append(contentsOf: outgoing)
            outgoing.removeAll(keepingCapacity: true)
        }
    }

    func takeFailure() -> WorkFailure? {
        monitor.withLock {
            defer { failure = nil }
            return failure
        }
    }

    /// True when nothing is leased: a worker that is told to stop may go.
    var isIdle: Bool { monitor.withLock { leases.isEmpty && outgoing.isEmpty } }

    /// The session is over: what is being computed is thrown away.
    func close() {
        monitor.withLock {
            isClosed = true
            monitor.broadcast()
        }
    }

    // MARK: The compute threads' side

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
            if let first { return first.returned.popLast() ?? take(from: first) }
            monitor.waitAwake()
        }
        return nil
    }

    private func take(from work: LeaseWork) -> ShardTask? {
        let lease = work.lease
        let shard = work.nextShard
        work.nextShard += 1
        let first = lease.firstPosition + (shard - lease.firstShard) * shardSize
        let last = min(first + shardSize, lease.firstPosition + lease.sampleCount)
        let start = work.cursor
        if lease.sampleBytes > 0 {
            let bytes = UnsafeRawBufferPointer(work.samples[0..<lease.sampleBytes])
            for _ in first..<last {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[work.cursor...])
                guard let record = SampleRecord.first(of: rest) else { break }
                work.cursor = bytes.count - record.rest.count
            }
        }
        return ShardTask(
            work: work, shard: shard, positions: first..<last,
            records: UnsafeRawBufferPointer(work.samples[start..<work.cursor]))
    }

    /// Waits until no thread computes with another version, then counts this one in.
    ///
    /// - Returns: False if the version is gone: the lease is of a step that is long committed.
    func enter(version: UInt64) -> Bool {
        monitor.lock()
        defer { monitor.unlock() }
        while runningThreads > 0, runningVersion != version, !isClosed { monitor.wait() }
        let newer = arrived[Int(version & 1)].contains { $0 != Self.never && $0 > version }
        guard !isClosed, !newer else { return false }
        runningVersion = version
        runningThreads += 1
        return true
    }

    func leave() {
        monitor.withLock {
            runningThreads -= 1
            if runningThreads == 0 { monitor.broadcast() }
        }
    }

    /// Waits until the weights of a stage are there, and prepared for the kernels by this thread or another.
    ///
    /// - Throws: `interrupted` when the session is over, or when work for an earlier step has come: these
    ///   weights may be waiting for it.
    func prepare(stage: Int, of work: LeaseWork) throws(LayerError) {
        let version = work.version
        let parity = Int(version & 1)
        monitor.lock()
        while preparedVersions[stage] != version {
            let isOvertaken = leases.contains { $0.step < work.step && $0.unfinished > 0 }
            guard !isClosed, !isOvertaken else {
                monitor.unlock()
                throw LayerError(code: .interrupted, detail: "given up for an earlier step")
            }
            let isThere = model.chunksOfStage[stage].allSatisfy { arrived[parity][$0] == version }
            guard isThere, !isPreparing[stage] else {
                monitor.waitAwake()
                continue
            }
            isPreparing[stage] = true
            monitor.unlock()
            model.prepared.prepare(stage: stage, from: model.weights(version: version))
            monitor.lock()
            isPreparing[stage] = false
            preparedVersions[stage] = version
            monitor.broadcast()
        }
        monitor.unlock()
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
                        lease: work.lease.lease, step: work.lease.step, chunk: ready.chunk,
                        node: ready.node, metrics: ready.metrics, gradient: ready.gradient))
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
