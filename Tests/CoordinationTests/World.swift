// SPDX-License-Identifier: Apache-2.0
//
// A cluster that is a value: coordinator, network and workers around one step machine.

import Coordination

/// Plays a run and checks at every turn what the step machine promises.
///
/// It does only what it is told to (`perform`): a test chooses what happens next, at random or one
/// after the other. Vectors are symbolic (`Sums`); a promise that is broken is noted in `broken`.
struct World {
    struct Step { let shards, chunks: Int }

    struct Packet {
        let contribution: Contribution
        let value: Int
        /// Its sender computed something else.
        var isWrong = false
    }

    struct Actor {
        enum State { case working, frozen, leaving, dead }
        let id: WorkerID
        var state = State.working
        /// What the coordinator believes: a worker that died unnoticed is still a member.
        var isMember = true
        var isLeaving = false
        /// It computes something else than all others, and always will.
        var isFaulty = false
        /// The first step that it has computed wrong.
        var firstWrong: StepID?
        /// In the order in which they came.
        var leases: [Lease] = []
        /// What is left to send of the lease it is at, last first.
        var outbox: [Packet] = []

        /// The lease to begin with: the first of the earliest step. Work on the current step that was
        /// taken over from others must not queue behind the next step.
        var next: Int? { leases.indices.min { leases[$0].step < leases[$1].step } }
    }

    /// Something that happens.
    enum Event {
        case joins
        /// A worker sends its next vector, after computing the lease if it has to.
        case sends(Int)
        case arrives(Int)
        case arrivesTwice(Int)
        case isLost(Int)
        case applied(Int)
        /// The connection breaks, which the coordinator sees.
        case dies(Int)
        /// Nobody notices before the heartbeats fail to come.
        case diesUnnoticed(Int)
        case leaves(Int)
        case saysGoodbye(Int)
        case freezes(Int)
        case thaws(Int)
        case goesBad(Int)
        case timePasses(Duration)
    }

    let steps: [Step]
    let sums: Sums
    var machine: StepMachine
    var now = Duration.zero
    var actors: [Actor] = []
    var network: [Packet] = []
    var toApply: [(step: StepID, chunk: Int)] = []
    var committed = 0
    var planned = 0
    var inputs = 0
    var leased = 0
    var stragglers = 0
    var evictions = 0
    var convictions = 0
    /// The machine waits for another worker to decide.
    var isUndecided = false
    /// What no second worker was there to check has been added up.
    var isTainted = false
    var broken: [String] = []
    /// What the coordinator keeps. Few at a time, so searched from end to end.
    private var stored: [(name: Vector, value: Int)] = []
    /// The chunks of the current step whose roots it has taken out to apply them.
    private var reduced: [Int] = []
    private var actions: [Action] = []

    private struct Vector: Equatable { let step: StepID, chunk: Int, node: TreeNode }

    init(
        _ steps: [Step], sums: Sums,
        _ configuration: MachineConfiguration = .init(firstDeadline: .seconds(5))
    ) {
        self.steps = steps
        self.sums = sums
        machine = StepMachine(configuration)
        plan()
        plan()
    }

    var isFinished: Bool { committed == steps.count }
    var living: Int { actors.count { $0.state == .working } }

    /// Members that the machine may give work to.
    var hasActive: Bool { actors.contains { $0.isMember && !$0.isLeaving } }

    /// Whether a worker has something to send. It needs the weights of the current step; one that is
    /// out of its mind does not wait for them.
    func canSend(_ actor: Actor, isMad: Bool = false) -> Bool {
        switch actor.state {
        case .working, .leaving:
            !actor.outbox.isEmpty
                || (actor.next.map { isMad || actor.leases[$0].step.raw <= committed } ?? false)
        case .frozen, .dead:
            false
        }
    }

    mutating func perform(_ event: Event) {
        switch event {
        case .joins:
            let id = WorkerID(raw: UInt64(actors.count))
            actors.append(Actor(id: id))
            isUndecided = false
            machine.workerJoined(id, threads: 1 + actors.count % 3, at: now, into: &actions)
            carryOut(nil)
        case .sends(let index):
            if actors[index].outbox.isEmpty { compute(index) }
            if let packet = actors[index].outbox.popLast() { network.append(packet) }
        case .arrives(let index):
            let packet = network.remove(at: index)
            arrive(packet)
        case .arrivesTwice(let index):
            arrive(network[index])
        case .isLost(let index):
            network.remove(at: index)
        case .applied(let index):
            let done = toApply.remove(at: index)
            machine.chunkApplied(step: done.step, chunk: done.chunk, at: now, into: &actions)
            carryOut(nil)
        case .dies(let index), .saysGoodbye(let index):
            actors[index].state = .dead
            lose(index)
        case .diesUnnoticed(let index):
            actors[index].state = .dead
        case .leaves(let index):
            actors[index].state = .leaving
            actors[index].isLeaving = true
            machine.workerLeaving(actors[index].id, at: now, into: &actions)
            carryOut(nil)
        case .freezes(let index):
            actors[index].state = .frozen
        case .thaws(let index):
            actors[index].state = .working
        case .goesBad(let index):
            actors[index].isFaulty = true
        case .timePasses(let time):
            now += time
            for actor in actors where actor.state == .working || actor.state == .leaving {
                machine.heard(from: actor.id, at: now)
            }
            if let deadline = machine.nextDeadline, deadline <= now {
                machine.deadlinePassed(at: now, into: &actions)
                carryOut(nil)
            }
        }
    }

    // MARK: - Workers

    private mutating func compute(_ index: Int) {
        guard let next = actors[index].next else { return }
        let lease = actors[index].leases.remove(at: next)
        let step = steps[Int(lease.step.raw)]
        let tree = ReductionTree(leaves: step.shards)
        for chunk in 0..<step.chunks {
            for node in tree.nodes(covering: lease.shards) {
                var value = sums.canonical(
                    from: node.index << node.level, size: 1 << node.level, shards: step.shards)
                let isFaulty = actors[index].isFaulty
                if isFaulty {
                    value = -1000 * value - 2 - index
                    actors[index].firstWrong = min(
                        actors[index].firstWrong ?? lease.step, lease.step)
                }
                let contribution = Contribution(
                    worker: lease.worker, step: lease.step, chunk: chunk, node: node,
                    lease: lease.id, fingerprint: UInt64(bitPattern: Int64(value)))
                actors[index].outbox.append(
                    Packet(contribution: contribution, value: value, isWrong: isFaulty))
            }
        }
    }

    private mutating func arrive(_ packet: Packet) {
        machine.contributionArrived(packet.contribution, at: now, into: &actions)
        carryOut(packet)
    }

    private mutating func lose(_ index: Int) {
        actors[index].isMember = false
        actors[index].leases.removeAll()
        actors[index].outbox.removeAll()
        machine.workerLost(actors[index].id, at: now, into: &actions)
        carryOut(nil)
    }

    // MARK: - The coordinator

    private mutating func plan() {
        guard planned < steps.count else { return }
        let step = steps[planned]
        machine.stepPlanned(
            StepID(raw: UInt64(planned)), shards: step.shards, chunks: step.chunks, at: now,
            into: &actions)
        planned += 1
        carryOut(nil)
    }

    /// Does as the machine says, with `packet` in hand if one has just arrived.
    private mutating func carryOut(_ packet: Packet?) {
        inputs += 1
        let actions = self.actions
        self.actions.removeAll(keepingCapacity: true)
        for action in actions {
            switch action {
            case .lease(let lease):
                leased += 1
                let actor = Int(lease.worker.raw)
                if !actors[actor].isMember {
                    broken.append("lease to a lost worker: \(lease)")
                }
                if actors[actor].isLeaving {
                    broken.append("lease to a worker that is leaving: \(lease)")
                }
                actors[actor].leases.append(lease)
            case .evict(let worker):
                evictions += 1
                // The caller tells the machine what it knows already: that must not matter.
                actors[Int(worker.raw)].state = .dead
                lose(Int(worker.raw))
            case .straggler(let worker, _):
                stragglers += 1
                if !actors[Int(worker.raw)].isMember {
                    broken.append("straggler \(worker) is lost")
                }
            case .corrupt(let worker, let since):
                convictions += 1
                let actor = Int(worker.raw)
                if !actors[actor].isFaulty { broken.append("honest worker \(worker) is put out") }
                if let wrong = actors[actor].firstWrong, wrong < since {
                    broken.append("\(worker) was wrong in \(wrong), trusted until \(since)")
                }
                actors[actor].state = .dead
                if actors[actor].isMember { lose(actor) }
            case .undecided(let step, let shard):
                isUndecided = true
                if !actors.contains(where: \.isFaulty) {
                    broken.append("shard \(shard) of step \(step) is undecided, but all are honest")
                }
            case .drop(.held):
                // Nobody could be held to account for a copy of a worker that is gone.
                let isMember = packet.map { actors[Int($0.contribution.worker.raw)].isMember }
                if packet.map(isAudited) != true || isCovered(packet) && isMember == true {
                    broken.append("held in vain: \(String(describing: packet))")
                }
            case .drop(.refuted):
                let isFaulty = packet.map { actors[Int($0.contribution.worker.raw)].isFaulty }
                if isFaulty != true {
                    broken.append("refuted, but right: \(String(describing: packet))")
                }
            case .drop(.covered):
                if !isCovered(packet) {
                    broken.append("dropped, but not covered: \(String(describing: packet))")
                }
            case .drop(.stale):
                if packet?.contribution.step.raw ?? .max >= committed {
                    broken.append("dropped, but not stale: \(String(describing: packet))")
                }
            case .drop(let reason):
                broken.append("\(String(describing: packet)) dropped: \(reason)")
            case .discard(let step, let chunk, let node):
                _ = take(Vector(step: step, chunk: chunk, node: node))
            case .store(let step, let chunk, let node):
                put(Vector(step: step, chunk: chunk, node: node), packet?.value ?? -1)
                if let packet, packet.isWrong {
                    isTainted = true
                    if isAudited(packet), actors.count(where: { $0.isMember && !$0.isLeaving }) > 1
                    {
                        broken.append("wrong, but added up: \(packet)")
                    }
                }
            case .merge(let step, let chunk, let left, let right, let node):
                let sum = sums.sum(
                    take(Vector(step: step, chunk: chunk, node: left)),
                    take(Vector(step: step, chunk: chunk, node: right)))
                put(Vector(step: step, chunk: chunk, node: node), sum)
            case .pass(let step, let chunk, let node, let parent):
                let value = take(Vector(step: step, chunk: chunk, node: node))
                put(Vector(step: step, chunk: chunk, node: parent), value)
            case .reduced(let step, let chunk):
                if step.raw != committed {
                    broken.append("step \(step) reduced, but \(committed) is current")
                }
                let shards = steps[committed].shards
                let root = take(
                    Vector(step: step, chunk: chunk, node: ReductionTree(leaves: shards).root))
                if root != sums.root(shards: shards), !isTainted {
                    broken.append("wrong sum of chunk \(chunk), step \(step)")
                }
                reduced.append(chunk)
                toApply.append((step, chunk))
            case .commit(let step):
                if step.raw != committed {
                    broken.append("step \(step) committed, but \(committed) is current")
                }
                if reduced.count < steps[committed].chunks || !toApply.isEmpty {
                    broken.append("\(step) too early")
                }
                if stored.contains(where: { $0.name.step == step }) {
                    broken.append("vectors of step \(step) are left")
                }
                reduced.removeAll()
                committed += 1
                // The workers see the new weights and forget what they are for no longer.
                for actor in actors.indices {
                    actors[actor].leases.removeAll { $0.step == step }
                }
                plan()
            case .waiting:
                if hasActive {
                    broken.append("waiting, but not alone")
                }
            }
        }
    }

    private mutating func put(_ name: Vector, _ value: Int) {
        if stored.contains(where: { $0.name == name }) {
            broken.append("\(name) is stored twice")
        }
        stored.append((name, value))
    }

    private mutating func take(_ name: Vector) -> Int {
        guard let index = stored.firstIndex(where: { $0.name == name }) else {
            broken.append("\(name) is not stored")
            return -1
        }
        return stored.remove(at: index).value
    }

    private func isAudited(_ packet: Packet) -> Bool {
        let name = packet.contribution
        let range = ReductionTree(leaves: steps[Int(name.step.raw)].shards).range(of: name.node)
        return range.count == 1
            && machine.configuration.audit.chooses(range.lowerBound, of: name.step)
    }

    private func isCovered(_ packet: Packet?) -> Bool {
        guard let name = packet?.contribution else { return false }
        let tree = ReductionTree(leaves: steps[Int(name.step.raw)].shards)
        let isStored = stored.contains {
            $0.name.step == name.step && $0.name.chunk == name.chunk
                && tree.range(of: $0.name.node).contains(tree.range(of: name.node))
        }
        return isStored || (name.step.raw == committed && reduced.contains(name.chunk))
    }

    /// The shards that the current step lacks in any chunk, as the coordinator's memory says.
    private var missing: Set<Int> {
        let tree = ReductionTree(leaves: steps[committed].shards)
        var counts = Array(repeating: reduced.count, count: tree.leaves)
        for (name, _) in stored where name.step.raw == committed {
            for shard in tree.range(of: name.node) { counts[shard] += 1 }
        }
        return Set(counts.indices.filter { counts[$0] < steps[committed].chunks })
    }

    /// Whether somebody is asked for every shard that is missing, and nobody for any other.
    mutating func checkDiagnosis() {
        guard !isFinished, hasActive, !isUndecided else { return }
        let wanted = missing
        var asked: Set<Int> = []
        for (worker, shards) in machine.waitingFor {
            if !actors[Int(worker.raw)].isMember {
                broken.append("waiting for \(worker), which is lost")
            }
            asked.formUnion(shards)
        }
        if asked != wanted {
            broken.append("\(wanted.sorted()) are missing, \(asked.sorted()) are asked for")
        }
    }
}
