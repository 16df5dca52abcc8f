// SPDX-License-Identifier: Apache-2.0
//
// The leases of one step: who owes which shards since when.

/// A lease that is not complete.
struct OpenLease: Equatable, Sendable {
    enum Standing: Equatable, Sendable {
        /// Its worker is relied upon for its shards.
        case onTime
        /// It had its time; what it still brings counts, but others are asked too.
        case overdue
    }

    let lease: Lease
    var standing = Standing.onTime
    /// Whether the caller was told that its worker is a straggler.
    var isReported = false
    /// Its deadlines are that many times later. Doubles where there is nobody else to ask.
    var patience: Int
    /// Since when its worker can work on it; `nil` until its step is the current one.
    var start: Duration?
    /// Shards of the step that its worker owed at `start`, these included.
    var load = 0

    /// Contributions still to come, and where they are ticked off.
    fileprivate(set) var missing: Int
    fileprivate let ticks: Int

    var shards: Range<Int> { lease.shards }
    var worker: WorkerID { lease.worker }
}

/// The open leases of one step in the order in which they were granted.
///
/// No worker holds two that overlap, so none ever owes more than the shards of the step.
struct LeaseBook: Sendable {
    private(set) var tree = ReductionTree(leaves: 1)
    private(set) var chunks = 0
    var open: [OpenLease] = []
    /// For every lease one bit a contribution, so that one that comes twice counts once.
    private var ticked = BitSet()

    /// Forgets all leases and takes the shape of another step; keeps its memory.
    mutating func reset(tree: ReductionTree, chunks: Int) {
        self.tree = tree
        self.chunks = chunks
        open.removeAll(keepingCapacity: true)
        ticked.reset(count: 0)
    }

    var capacity: Int { open.capacity + ticked.capacity }

    /// - Precondition: The worker holds no lease that overlaps this one.
    mutating func add(_ lease: Lease, patience: Int, start: Duration?) {
        precondition(
            !owes(lease.worker, anyOf: lease.shards),
            "worker \(lease.worker) holds some of \(lease) already: \(open)")
        let messages = tree.nodeCount(covering: lease.shards) * chunks
        open.append(
            OpenLease(
                lease: lease, patience: patience, start: start, missing: messages,
                ticks: ticked.count))
        open[open.count - 1].load = load(of: lease.worker)
        ticked.extend(by: messages)
    }

    /// The step is now the current one: its workers can begin.
    mutating func start(at now: Duration) {
        for index in open.indices {
            open[index].start = now
            open[index].load = load(of: open[index].worker)
        }
    }

    /// Ticks off a contribution. Returns the lease if it was its last one; it is then closed.
    mutating func tick(_ contribution: Contribution) -> OpenLease? {
        guard let index = open.firstIndex(where: { $0.lease.id == contribution.lease }),
            open[index].worker == contribution.worker,
            tick(index, chunk: contribution.chunk, node: contribution.node)
        else { return nil }
        return open.remove(at: index)
    }

    private mutating func tick(_ index: Int, chunk: Int, node: TreeNode) -> Bool {
        var bit = open[index].ticks + chunk
        for expected in CoveringNodes(of: open[index].shards, in: tree) {
            if expected == node {
                if ticked.contains(bit) { return false }
                ticked.insert(bit)
                open[index].missing -= 1
                return open[index].missing == 0
            }
            bit += chunks
        }
        return false
    }

    /// The shards of this step that a worker owes.
    func load(of worker: WorkerID) -> Int {
        var shards = 0
        for lease in open where lease.worker == worker { shards += lease.shards.count }
        return shards
    }

    /// Whether a worker was asked for any of these shards.
    func owes(_ worker: WorkerID, anyOf shards: Range<Int>) -> Bool {
        open.contains { $0.worker == worker && $0.shards.overlaps(shards) }
    }

    mutating func removeAll(of worker: WorkerID) {
        open.removeAll { $0.worker == worker }
    }

    /// Removes the leases of a worker that overlap `shards`. Returns the patience it was shown, or 1.
    mutating func removeAll(of worker: WorkerID, overlapping shards: Range<Int>) -> Int {
        var patience = 1
        for lease in open where lease.worker == worker && lease.shards.overlaps(shards) {
            patience = max(patience, lease.patience)
        }
        open.removeAll { $0.worker == worker && $0.shards.overlaps(shards) }
        return patience
    }
}
