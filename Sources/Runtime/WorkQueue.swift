// SPDX-License-Identifier: Apache-2.0
//
// Where a worker's socket thread and its compute threads meet: leases, samples and weights go in, sums of
// gradients come out.

import Coordination
import Digests
import Layers
import Tensors
import Wire

/// All state that a worker's threads share, under one lock.
final class WorkQueue: @unchecked Sendable {
    // Every property below is touched with `monitor` locked, but for the numbers in the buffers: those
    // belong to whoever the state says they belong to.
    let monitor = Monitor()
    let model: WorkerModel
    let doorbell: Doorbell
    private let threads: Int
    let shardSize: Int
    let isTraced: Bool

    var leases: [LeaseWork] = []
    var spares: [LeaseWork] = []
    var versions: WeightVersions
    var preparedVersions: [UInt64]
    var isPreparing: [Bool]
    var runningVersion: UInt64 = 0
    var runningThreads = 0
    /// When the last chunk of a version came, of even and of odd versions.
    var completed: [Int64] = [0, 0]
    var gradients: FlightPool<Float>
    /// What evaluations count. Its messages bring it: no new weights would show that it was read elsewhere.
    var counts: FlightPool<Float>
    /// What data threads wait for: a shard to decode, and room for it.
    let decodable = Condition()
    /// Room for shards that are decoded ahead; none without data threads.
    var room: [ShardPixels]
    var waits = DataWaits()
    /// Of any lease so far.
    private var mostSums = 1
    var outgoing: [Outgoing] = []
    var failure: WorkFailure?
    var isClosed = false
    /// What a coordinator of this machine lets everybody see.
    private let bulletin: WeightBulletin?
    /// What lies where in its memory, as far as messages have told.
    private var flats: [(place: Int, weights: Floats)] = []
    /// Layers that this worker steps itself: of those whose gradients travel as factors all, or none.
    let factored: [FactoredLayer]
    var disagrees = false
    /// What images are whitened by, until all of it is there: before that nothing is computed.
    var whitening: ArrivingWhitening?

    /// A sum of gradients, or of counts, that is ready to leave.
    struct Outgoing {
        let kind: Message.Lease.Kind
        let lease: UInt64
        let step: UInt64
        /// Of the weights it was computed with.
        let version: UInt64
        let chunk: Int
        let node: TreeNode
        let metrics: NodeMetrics
        /// Nil in an evaluation that counts nothing. Retained once for this message.
        let gradient: FlightBuffer<Float>?
        /// When it became so, where somebody draws a timeline.
        let since: UInt64
        /// Where factors of it leave in its place.
        var factors: FactorPart?
    }

    /// A part of the factors of a layer's gradient over one shard.
    struct FactorPart {
        let bucket: Int
        let samples: Int
        let part: Int
        /// Where it lies in the buffer of the gradient.
        let range: Range<Int>
    }

    struct WorkFailure {
        let step: UInt64
        let shard: Int
        let layer: String
        let message: String
    }

    /// - Parameters:
    ///   - memory: Where gradients lie; nil for memory of this process alone.
    ///   - bulletin: Of a coordinator of this machine.
    ///   - stepsLayers: Whether layers whose gradients travel as factors are stepped here.
    init(
        model: WorkerModel, threads: Int, doorbell: Doorbell, memory: SharedMemory?,
        bulletin: Bulletin?, stepsLayers: Bool, isTraced: Bool
    ) {
        self.model = model
        self.isTraced = isTraced
        self.threads = threads
        self.doorbell = doorbell
        shardSize = model.job.training.shardSize
        let chunks = model.chunks.chunks.count
        versions = WeightVersions(chunks: chunks)
        preparedVersions = Array(repeating: WeightVersions.never, count: model.stageCount)
        isPreparing = Array(repeating: false, count: model.stageCount)
        gradients = FlightPool(count: model.chunks.count, in: memory)
        counts = FlightPool(count: model.model.metrics.count, in: nil)
        self.bulletin = bulletin.flatMap { WeightBulletin($0, chunks: chunks) }
        flats.reserveCapacity(8)
        factored = (stepsLayers ? model.factors.layers : []).map {
            FactoredLayer($0, shards: model.factors.shards, model: model, threads: threads)
        }
        // A shard in the hands of each data thread, and as many and two more that wait.
        let ahead = model.decoder.takesTime ? 2 * threads + 2 : 0
        room = (0..<ahead).map { _ in ShardPixels(model) }
        outgoing.reserveCapacity(4 * chunks + 64)
        whitening = ArrivingWhitening(model)
        leases.reserveCapacity(8)
        spares.reserveCapacity(8)
        for _ in 0..<4 { spares.append(LeaseWork()) }
    }

    // What the socket thread asks of the queue; the compute threads' side is an extension.

    /// A lease has come; its samples follow, or are read here.
    func add(_ lease: Message.Lease) {
        monitor.withLock {
            // At most two steps are open, so those before are committed: what is not begun never will be.
            leases.removeAll { old in
                guard old.lease.step + 1 < lease.step, old.isUntouched else { return false }
                clear(old)
                spares.append(old)
                return true
            }
            let work = takeSpare(for: lease)
            work.begin(lease, shardSize: shardSize)
            if lease.kind == .train {
                // The sums of the step before may still be leaving, and the factors of all its shards.
                let isFactored = !model.factors.layers.isEmpty
                mostSums = max(mostSums, isFactored ? lease.shardCount : work.sums)
                gradients.reserve(
                    (isFactored ? lease.shardCount : work.gradients(threads: threads)) + mostSums)
            }
            leases.append(work)
            wakeThreads()
        }
    }

    /// There may be something to decode, or to compute.
    func wakeThreads() {
        monitor.broadcast()
        decodable.broadcast()
    }

    /// Forgets what was decoded.
    private func clear(_ work: LeaseWork) {
        for shard in work.decoded { room.append(shard.pixels) }
        work.decoded.removeAll(keepingCapacity: true)
    }

    /// A spare of the lease's kind: the one with the least memory that is enough, or else with the most. The
    /// leases of evaluations are large: none of training must take their memory, for it would be missed.
    private func takeSpare(for lease: Message.Lease) -> LeaseWork {
        var best: Int?
        for (index, spare) in spares.enumerated() where spare.lease.kind == lease.kind {
            let room = spare.samples.count, other = best.map { spares[$0].samples.count } ?? -1
            let isEnough = room >= lease.sampleBytes
            if other < lease.sampleBytes ? room > other : isEnough && room < other { best = index }
        }
        return best.map { spares.remove(at: $0) } ?? LeaseWork()
    }

    /// Takes them if a lease waits for them and they are what was sent; a lease that goes without is
    /// computed elsewhere.
    func addSamples(lease: UInt64, offset: Int, _ bytes: UnsafeRawBufferPointer, checksum: UInt64) {
        monitor.withLock {
            guard let work = leases.first(where: { $0.lease.lease == lease }),
                offset == work.received, offset + bytes.count <= work.lease.sampleBytes
            else { return }
            // The copy is checked, for the bytes may lie in memory that somebody else writes.
            let copy = UnsafeMutableRawBufferPointer(
                work.samples[offset..<offset + bytes.count])
            copy.copyMemory(from: bytes)
            guard checksum64(UnsafeRawBufferPointer(copy)) == checksum else { return }
            work.received += bytes.count
            if work.received == work.lease.sampleBytes { wakeThreads() }
        }
    }

    /// Where a chunk of weights is to be had.
    enum WeightSource {
        /// In the message that brought it; it is copied, and the copy is checked.
        case message(UnsafeRawBufferPointer, checksum: UInt64)
        /// In the coordinator's memory: the whole flat buffer, of which this chunk is there now.
        case memory(Floats, place: Int)
    }

    /// What becomes of a chunk of weights.
    enum Arrival {
        case stored
        /// Somebody still computes with the version that it replaces: one two steps back, so only ever a
        /// shard that the run no longer needs. To be brought again in a moment.
        case tooEarly
        /// It is not what was sent, and lost.
        case damaged
    }

    /// A chunk of weights has come. Never waits: whoever brings it has to show that this worker lives.
    func addWeights(version: UInt64, chunk: Int, _ source: WeightSource) -> Arrival {
        monitor.lock()
        if isTooEarly(version) || isBeingRenewed(chunk: chunk) {
            monitor.unlock()
            return .tooEarly
        }
        if versions.has(version, chunk..<chunk + 1), case .memory = source {
            // Whoever waited for it has seen it.
            monitor.unlock()
            return .stored
        }
        versions.begin(version, chunk)
        switch source {
        case .memory(let flat, let place):
            model.use(flat, version: version)
            if !flats.contains(where: { $0.place == place }) { flats.append((place, flat)) }
        case .message(let bytes, let checksum):
            let copy = UnsafeMutableRawBufferPointer(
                MutableFloats(
                    rebasing: model.copy(version: version)[model.chunks.chunks[chunk].range]))
            monitor.unlock()
            copy.copyMemory(from: bytes)
            guard checksum64(UnsafeRawBufferPointer(copy)) == checksum else { return .damaged }
            monitor.lock()
        }
        versions.end(version, chunk)
        if versions.has(version) { completed[Int(version & 1)] = Monitor.now }
        // With less than whole layers nobody can do anything.
        let bucket = model.chunks.chunksOfBucket[model.chunks.chunks[chunk].bucket]
        if versions.has(version, bucket) { monitor.broadcast() }
        monitor.unlock()
        return .stored
    }

    /// Whether somebody still computes with the version that this one replaces.
    func isTooEarly(_ version: UInt64) -> Bool {
        runningThreads > 0 && runningVersion & 1 == version & 1 && runningVersion != version
    }

    /// Notes what the coordinator's bulletin says of a version. Called with the lock held.
    ///
    /// - Returns: The number of its changes, to see whether there is more.
    func lookUp(_ version: UInt64) -> UInt64 {
        guard let bulletin else { return 0 }
        let changes = bulletin.changes
        let place = bulletin.place(of: version)
        guard !isTooEarly(version), let flat = flats.first(where: { $0.place == place }) else {
            return changes
        }
        var isNews = false
        for chunk in model.chunks.chunks.indices
        where !versions.has(version, chunk..<chunk + 1) && bulletin.has(chunk, version) {
            versions.begin(version, chunk)
            versions.end(version, chunk)
            isNews = true
        }
        guard isNews else { return changes }
        model.use(flat.weights, version: version)
        if versions.has(version) { completed[Int(version & 1)] = Monitor.now }
        monitor.broadcast()
        return changes
    }

    /// Waits for weights, as for anything else that a broadcast tells of.
    ///
    /// - Parameter changes: What `lookUp` has returned.
    func waitForWeights(since changes: UInt64) {
        monitor.waitAwake { [bulletin] in bulletin.map { $0.changes != changes } ?? false }
    }

    /// A part of the matrix that whitens images has come. Nobody computes before the last one has.
    ///
    /// - Returns: False if it is not what was sent.
    func addWhitening(part: Int, _ bytes: UnsafeRawBufferPointer, checksum: UInt64) -> Bool {
        monitor.withLock {
            guard
                let isWhole = whitening?.add(part, bytes, checksum: checksum, to: model)
            else { return false }
            if isWhole {
                whitening = nil
                monitor.broadcast()
            }
            return true
        }
    }

    /// What threads have waited for since the last call.
    func takeWaits() -> DataWaits {
        monitor.withLock {
            defer { waits = DataWaits() }
            return waits
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
            wakeThreads()
        }
    }
}
