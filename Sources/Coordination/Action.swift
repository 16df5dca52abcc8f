// SPDX-License-Identifier: Apache-2.0
//
// What goes into a step machine from the network, and what it answers.

/// A range of shards of one step, entrusted to one worker.
public struct Lease: Hashable, Sendable {
    public let id: LeaseID
    public let worker: WorkerID
    public let step: StepID
    public let shards: Range<Int>

    public init(id: LeaseID, worker: WorkerID, step: StepID, shards: Range<Int>) {
        self.id = id
        self.worker = worker
        self.step = step
        self.shards = shards
    }
}

/// The name of a vector that has come: one chunk of the sum over one node's shards.
///
/// Step, chunk and node alone decide what becomes of it. Whoever sent it, under whatever lease, sent
/// the same bytes; worker and lease only tell who is how fast.
public struct Contribution: Hashable, Sendable {
    public let worker: WorkerID
    public let step: StepID
    public let chunk: Int
    public let node: TreeNode
    public let lease: LeaseID
    /// Of all that it says; equal for equal vectors. Only the copies of an audited shard are compared.
    public let fingerprint: UInt64

    public init(
        worker: WorkerID, step: StepID, chunk: Int, node: TreeNode, lease: LeaseID,
        fingerprint: UInt64 = 0
    ) {
        self.worker = worker
        self.step = step
        self.chunk = chunk
        self.node = node
        self.lease = lease
        self.fingerprint = fingerprint
    }
}

/// Why a vector that has come is not needed. Each is something that honest or broken peers can cause.
public enum DropReason: Hashable, Sendable {
    /// Its step is committed.
    case stale
    /// Its shards are already in the sum of this chunk.
    case covered
    /// Its step is not planned yet.
    case unknownStep
    /// Its step has fewer chunks.
    case unknownChunk
    /// Its step has no such node.
    case notANode
    /// It is the sum of an audited shard and others: nobody was asked for that.
    case mixed
    /// It is the first copy of an audited shard: its fingerprint is kept, until another is equal.
    case held
    /// It is a copy of an audited shard that cannot be right.
    case refuted
}

/// What the caller of a `StepMachine` has to do, in this order.
public enum Action: Hashable, Sendable {
    /// Send this lease to its worker, which does the leases of earlier steps first: what it takes over
    /// in the current step must not queue behind the next step, for which it waits.
    case lease(Lease)
    /// The worker was silent for too long. The machine has already counted it as lost.
    case evict(WorkerID)
    /// The lease is overdue and its step waits for it. Said once for each lease; its shards are leased
    /// to others too where there are others.
    case straggler(WorkerID, LeaseID)
    /// Others agree on what this worker has computed otherwise. What it has sent since that step began
    /// may be wrong, and has been added up. The machine has already counted it as lost.
    case corrupt(WorkerID, since: StepID)
    /// All workers have computed this shard, no two of them alike: the step waits for another worker.
    case undecided(StepID, Int)
    /// Forget the vector that just arrived.
    case drop(DropReason)
    /// Forget this stored vector: a bigger node that holds it has come.
    case discard(StepID, Int, TreeNode)
    /// Keep the vector that just arrived under this node.
    case store(StepID, Int, TreeNode)
    /// `into` = `left` + `right`, element by element; both are forgotten.
    case merge(StepID, Int, left: TreeNode, right: TreeNode, into: TreeNode)
    /// Rename: the node has no sibling, so it is its parent.
    case pass(StepID, Int, TreeNode, into: TreeNode)
    /// The root of this chunk is stored: average, step, publish; then report `chunkApplied`.
    case reduced(StepID, Int)
    /// Every chunk of the step is applied. The step after the next may be planned.
    case commit(StepID)
    /// There is work and nobody to lease it to. Said once until a worker joins.
    case waiting
}
