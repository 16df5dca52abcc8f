// SPDX-License-Identifier: Apache-2.0
//
// What the machine decides, performed: leases out, vectors added, weights stepped and published.

import Coordination
import Digests
import Layers
import Tensors
import Wire
import ZeroMQ

extension Coordinator {
    /// Steps that are open at a time.
    private static let openSteps = 2

    /// Plans what can be planned. An epoch that the one before it decides about waits for that.
    func planNextSteps() {
        while boards.count < Self.openSteps, nextStep.raw < lastStep {
            let step = run.plan.step(nextStep)
            let isFirst = step.kind == .train && step.stepInPhase == 0
            if isFirst, run.job.training.callbacks.steer, !boards.isEmpty { return }
            plan(step)
        }
    }

    private func plan(_ step: PlannedStep) {
        nextStep = nextStep.advanced(by: 1)
        let chunks = step.kind == .train ? trainingChunks : evaluationChunks
        let board = spareBoards.popLast() ?? ReductionBoard(pool: pool, maker: factors)
        board.begin(step.id, shards: step.shards, chunks: chunks)
        boards.append(board)
        read(until: nextStep)
        // Where there are several workers, one of them will soon be waiting for the others.
        if workersAlive <= 1 { readAhead() }
        machine.stepPlanned(
            step.id, shards: step.shards, chunks: chunks.count, at: now, into: &actions)
    }

    /// Has the samples of one step more than is planned read, so that its leases can go out at once.
    private func readAhead() { read(until: nextStep.advanced(by: 1)) }

    private func read(until end: StepID) {
        while let feed, nextFed < end, nextFed.raw < lastStep {
            feed.request(nextFed)
            nextFed = nextFed.advanced(by: 1)
        }
    }

    /// Performs the machine's actions, and those that performing them brings about.
    func perform() {
        var index = 0
        while index < actions.count {
            perform(actions[index])
            index += 1
        }
        endTurn()
    }

    /// What can wait goes last: messages about weights that workers of this machine have seen by now, and
    /// reports.
    private func endTurn() {
        actions.removeAll(keepingCapacity: true)
        for bucket in unsent { publish(bucket.chunks, bucket.version) }
        unsent.removeAll(keepingCapacity: true)
        guard !reports.isEmpty else { return }
        for (step, epoch) in reports {
            observer.handle(.step(step))
            if let epoch { observer.handle(.epoch(epoch)) }
        }
        reports.removeAll(keepingCapacity: true)
        for note in notes { observer.handle(note) }
        notes.removeAll()
        drawOwnTrace()
        noteCheckpoints()
    }

    private func perform(_ action: Action) {
        switch action {
        case .lease(let lease):
            waitingLeases.append((lease, now))
            sendWaitingLeases()
        case .evict(let id):
            guard let index = members.firstIndex(where: { $0.id == id }) else { return }
            let patience = run.job.cluster.heartbeat * run.job.cluster.missedHeartbeats
            send(.goodbye(reason: "silent for \(patience)"), to: members[index].control)
            forget(index, reason: "silent for \(patience)", owing: owedAtDeadline)
        case .straggler(let id, _):
            if let member = members.first(where: { $0.id == id }) {
                observer.handle(.straggler(name: member.name))
            }
        case .corrupt(let id, let step): distrust(id, since: step)
        case .undecided(let step, let shard):
            undecidedSince = now
            observer.handle(.undecided(place: run.describe(step, shard: shard)))
        case .drop, .store: break  // dealt with where the vector is at hand
        case .discard(let step, let chunk, let node): board(step).discard(chunk, node)
        case .merge(let step, let chunk, let left, let right, let parent):
            board(step).merge(chunk, left: left, right: right, into: parent, run.kernels)
        case .pass(let step, let chunk, let node, let parent):
            board(step).pass(chunk, node, into: parent)
        case .reduced(let step, let chunk): apply(step, chunk)
        case .commit(let step): commit(step)
        case .waiting: observer.handle(.waitingForWorkers)
        }
    }

    private func board(_ step: StepID) -> ReductionBoard {
        guard let board = boards.first(where: { $0.step == step }) else {
            preconditionFailure("no board for step \(step); open are \(boards.map(\.step))")
        }
        return board
    }

    // MARK: Leases

    /// Sends the leases whose samples are there.
    func sendWaitingLeases() {
        guard !waitingLeases.isEmpty, failure == nil else { return }
        var index = 0
        while index < waitingLeases.count {
            let (lease, since) = waitingLeases[index]
            do throws(RuntimeError) {
                let samples = try feed?.samples(of: lease.step)
                guard feed == nil || samples != nil else {
                    index += 1
                    continue
                }
                waitingLeases.remove(at: index)
                send(lease, samples, waited: feed == nil ? .zero : now - since)
            } catch {
                failure = error
                return
            }
        }
    }

    private func send(_ lease: Lease, _ samples: StepSamples?, waited: Duration) {
        guard let index = members.firstIndex(where: { $0.id == lease.worker }),
            let peer = members[index].data
        else { return }
        let step = run.plan.step(lease.step)
        let first = run.plan.samples(ofShard: lease.shards.lowerBound, in: step).lowerBound
        let end = run.plan.samples(ofShard: lease.shards.upperBound - 1, in: step).upperBound
        let bytes = samples?.bytes(ofShards: lease.shards) ?? 0..<0
        let version = UInt64(step.trainingStep)
        let part = samples.map { UnsafeRawBufferPointer($0.buffer.memory[bytes]) }
        let place = members[index].readsMemory ? samples?.buffer.place : nil
        send(
            .lease(
                .init(
                    session: members[index].session, lease: lease.id.raw, step: lease.step.raw,
                    kind: step.kind == .train ? .train : .evaluate, epoch: step.pass,
                    firstShard: lease.shards.lowerBound, shardCount: lease.shards.count,
                    firstPosition: first, sampleCount: end - first,
                    batchSamples: step.samples.count,
                    weightsVersion: version, sampleBytes: bytes.count,
                    place: place.map { $0 + bytes.lowerBound },
                    checksum: place == nil ? 0 : part.map(checksum64) ?? 0,
                    waited: UInt64(max(0, waited / .nanoseconds(1))))), to: peer)
        if let samples, place == nil {
            var offset = bytes.lowerBound
            while offset < bytes.upperBound {
                let upper = min(offset + WireLimits.chunkBytes, bytes.upperBound)
                let part = UnsafeRawBufferPointer(samples.buffer.memory[offset..<upper])
                send(
                    .samples(
                        .init(
                            session: members[index].session, lease: lease.id.raw,
                            offset: offset - bytes.lowerBound,
                            checksum: checksum64(part))), part, of: samples.buffer, to: peer)
                offset = upper
            }
        }
        members[index].wants.removeAll { $0 + 1 < version }
        if !members[index].wants.contains(version) { members[index].wants.append(version) }
        for chunk in run.chunks.chunks.indices { publish(chunk, version, to: index) }
    }

    // MARK: Sums

    /// A vector that lies in its worker's memory has come.
    func contribute(_ message: Message.Contribution, at place: Int, from index: Int) {
        guard trainingChunks.indices.contains(message.chunk), let lender = members[index].memory,
            place % MemoryLayout<Float>.alignment == 0,
            let bytes = lender.bytes(at: place, count: trainingChunks[message.chunk] * 4)
        else { return loseSender(of: message, index) }
        contribute(message, .bytes(bytes, lender: lender), from: index)
    }

    /// A vector has come with its message.
    func contribute(
        _ message: Message.Contribution, _ payload: UnsafeRawBufferPointer, from index: Int
    ) {
        guard checksum64(payload) == message.checksum else { return loseSender(of: message, index) }
        contribute(message, .bytes(payload, lender: nil), from: index)
    }

    private func loseSender(of message: Message.Contribution, _ index: Int) {
        lose(members[index].number, reason: "sent a damaged gradient (chunk \(message.chunk))")
    }

    /// The machine says what becomes of a vector, the board does it.
    func contribute(
        _ message: Message.Contribution, _ vector: ArrivedVector, from index: Int
    ) {
        let step = StepID(raw: message.step)
        let node = TreeNode(level: message.level, index: message.index)
        let waits = DataWaits(
            samples: message.waitedForSamples, decoding: message.waitedForDecoding)
        members[index].waits = members[index].waits + waits
        dataWaits.add(waits)
        guard let board = boards.first(where: { $0.step == step }), let id = members[index].id
        else { return }
        guard message.chunk < board.chunks.count else { return loseSender(of: message, index) }
        var fingerprint: UInt64 = 0
        let sums = NodeMetrics(
            lossSum: message.lossSum, correct: UInt64(message.correct),
            samples: UInt64(message.samples))
        if case .bytes(let bytes, _) = vector {
            guard bytes.count == board.chunks[message.chunk] * 4 else {
                return loseSender(of: message, index)
            }
            // Nobody compares it otherwise.
            if run.job.cluster.audit > 0 { fingerprint = sums.fingerprint(checksum64(bytes)) }
        }
        if options.onStatus != nil, step == boards.first?.step { members[index].arrived = now }
        machine.contributionArrived(
            Contribution(
                worker: id, step: step, chunk: message.chunk, node: node,
                lease: LeaseID(raw: message.lease), fingerprint: fingerprint), at: now,
            into: &actions)
        var next = 0
        while next < actions.count {
            let action = actions[next]
            next += 1
            guard case .store(_, let chunk, let stored) = action else {
                perform(action)
                continue
            }
            members[index].contributions += 1
            // Where the vector completes a pair it is added straight from the message.
            if next < actions.count,
                case .merge(_, _, let left, let right, let parent) = actions[next],
                left == stored || right == stored
            {
                board.add(
                    chunk, vector, sums, to: left == stored ? right : left, into: parent,
                    run.kernels)
                next += 1
            } else {
                board.store(chunk, stored, vector, sums)
                // It waits for its sibling, so somebody may have nothing to do now: a core to read ahead on.
                if chunk == 0, next == actions.count { readAhead() }
            }
        }
        endTurn()
    }

    /// The vectors of a chunk are all there. A large one waits for others to be stepped at the same time.
    private func apply(_ id: StepID, _ chunk: Int) {
        let isTraining = run.plan.step(id).kind == .train
        if isTraining, 4 * trainingChunks[chunk] >= ReductionBoard.largeBytes {
            ripe.append(chunk)
        } else if isTraining {
            trace?.loop.interrupt(.update, step: id.raw, part: chunk)
            renew(CollectionOfOne(chunk), of: id)
            trace?.loop.resume()
        } else {
            let board = board(id)
            board.keepCounts()
            board.release(chunk)
            machine.chunkApplied(step: id, chunk: chunk, at: now, into: &actions)
        }
    }

    /// Steps large chunks, front layers first: in one turn so many that messages do not wait for long.
    func stepRipe() {
        guard !ripe.isEmpty, failure == nil, let step = boards.first?.step else { return }
        ripe.sort()
        let turn = min(ripe.count, 4 * crew.threads)
        trace?.loop.begin(.update, step: step.raw, part: ripe[0])
        renew(ripe[..<turn], of: step)
        trace?.loop.end()
        ripe.removeFirst(turn)
        perform()
    }

    /// Sum up, average, step, publish.
    private func renew<Chunks: Collection<Int>>(_ chunks: Chunks, of id: StepID) {
        let planned = run.plan.step(id), board = board(id)
        let step = UpdateRule.Step(
            planned.trainingStep + 1, samples: planned.samples.count, rate: callbacks.learningRate)
        let seals = crew.perform(chunks, of: board, step)
        if let failed = factors?.failed {
            let place = run.describe(failed.step, shard: failed.shard)
            failure =
                failure
                ?? RuntimeError(
                    .notFinite,
                    "\(place): \(run.model.name(ofStage: failed.stage)): the gradient is not finite; "
                        + "training diverges: lower the learning rate, or check the images")
            return
        }
        for (chunk, seal) in seals {
            for renewed in shelf.renew(chunk, seal, step) {
                publish(renewed, shelf.versions[renewed])
            }
            board.release(chunk)
            machine.chunkApplied(step: id, chunk: chunk, at: now, into: &actions)
        }
    }

    /// A chunk has been stepped: it goes out to all that want it. Where nothing has to travel, a bucket's chunks
    /// go together, and after all else: whoever is awake has seen them already, and each message wakes half
    /// a dozen threads.
    private func publish(_ chunk: Int, _ version: UInt64) {
        for index in members.indices where !members[index].readsMemory {
            guard members[index].wants.contains(version) || makesItself(chunk, version, index)
            else { continue }
            publish(chunk, version, to: index)
        }
        let bucket = run.chunks.chunksOfBucket[run.chunks.chunks[chunk].bucket]
        let isWhole = shelf.versions[bucket].allSatisfy { $0 == version }
        if memory != nil, isWhole { unsent.append((bucket, version)) }
    }

    /// A bucket has been stepped: to workers of this machine.
    private func publish(_ bucket: Range<Int>, _ version: UInt64) {
        for index in members.indices
        where members[index].readsMemory && members[index].wants.contains(version) {
            for chunk in bucket { publish(chunk, version, to: index) }
        }
    }

    /// A version of a chunk, if it is there already, to a worker that has a lease for it and not got it yet.
    private func publish(_ chunk: Int, _ version: UInt64, to index: Int) {
        let parity = Int(version & 1)
        guard members[index].sentVersions[parity][chunk] != version,
            let peer = members[index].data,
            let weights = shelf.chunk(chunk, version: version)
        else { return }
        // New weights tell who has lent factors of them that these have been read: for the whole bucket.
        let bucket = run.chunks.chunksOfBucket[run.chunks.chunks[chunk].bucket]
        guard !members[index].readsMemory || shelf.versions[bucket].allSatisfy({ $0 >= version })
        else { return }
        if makesItself(chunk, version, index), sendRenewal(chunk, version, to: index) { return }
        members[index].sentVersions[parity][chunk] = version
        noteLeaving(chunk, version, to: index)
        var message = Message.Weights(
            session: members[index].session, version: version, chunk: chunk,
            checksum: weights.checksum, digest: digestIfLast(version, to: index))
        if members[index].readsMemory, let place = weights.place {
            message.place = place
            send(.weights(message), to: peer)
        } else {
            send(.weights(message), weights.bytes, of: weights.buffer, to: peer)
        }
        sendSlots(chunk, version, to: index)
    }

    /// What all chunks of a version come to, if the last one is leaving for a worker.
    func digestIfLast(_ version: UInt64, to index: Int) -> UInt64? {
        let sent = members[index].sentVersions[Int(version & 1)]
        let isLast =
            shelf.versions.allSatisfy { $0 == version } && sent.allSatisfy { $0 == version }
        return isLast ? shelf.digest : nil
    }

    // MARK: Commit

    private func commit(_ id: StepID) {
        guard let position = boards.firstIndex(where: { $0.step == id }) else { return }
        let step = run.plan.step(id)
        let board = boards.remove(at: position)
        board.clear()
        feed?.forget(id)
        if step.kind == .train {
            optimizerSteps = UInt64(step.trainingStep + 1)
            noteArrivals()
        }
        dataWaits.advance(to: now, threads: threadsAlive)
        var sums = board.rootMetrics
        let counts = board.counts
        // A training step's loss is that of the weights before it.
        sums.lossSum += shelf.penalty(beforeStep: step.kind == .train) * Double(sums.samples)
        spareBoards.append(board)
        // At once, unless this step ends an epoch and what that was like is still to be judged.
        if !step.isLastOfEpoch || !run.job.training.callbacks.steer { planNextSteps() }
        var (stepReport, epochReport) = phase.commit(
            step, sums, counts: counts, plan: run.plan, digest: shelf.digest,
            workers: workersAlive, now: now, lastCommit: lastCommit)
        if epochReport != nil { epochReport?.dataWait = dataWaits.endEpoch() }
        lastCommit = now
        reports.append((stepReport, epochReport))
        if step.kind == .train { reportIdle() }
        if let epochReport {
            judge(epochReport, after: id)
            planNextSteps()
        }
        let isLast = id.raw + 1 == lastStep
        let isStopped = options.stop?.isRung == true
        // What a run goes back behind is not worth keeping.
        if failure?.code != .wentBack, step.checkpointAfter || isLast || isStopped {
            saver.write(
                checkpoint(next: id.advanced(by: 1)), best: takeBestModel(),
                neededFrom: run.job.cluster.audit > 0 ? machine.auditHorizon?.raw : nil)
            if isLast || isStopped { saver.flush() }
        }
        if isStopped, !isLast, failure == nil {
            failure = RuntimeError(
                .stopped,
                "stopped after step \(id.raw + 1) of \(run.plan.stepCount) with a "
                    + "checkpoint; the same command goes on from there")
        }
        isFinished = isLast
    }

    /// Tells when there are more threads than a whole batch has shards, once per change.
    private func reportIdle() {
        let batch = min(run.plan.batchSize, run.plan.trainingSamples)
        let shards = (batch + run.plan.shardSize - 1) / run.plan.shardSize
        let threads = threadsAlive
        let idle = threads > shards ? threads : 0
        guard idle != threadsWhenIdle else { return }
        threadsWhenIdle = idle
        if idle > 0 { observer.handle(.idleWorkers(active: shards, workers: threads)) }
    }

    private func checkpoint(next: StepID) -> Checkpoint {
        Checkpoint(
            next: next, optimizerSteps: optimizerSteps, epochSums: phase.sums,
            epochCounts: phase.counts, weights: currentWeights,
            slots: shelf.optimizerState.map(Array.init),
            training: phase.training, callbacks: callbacks, best: best, whitening: run.whitening)
    }

    /// A copy of the weights. All chunks must be of one version.
    var currentWeights: [Float] {
        [Float](unsafeUninitializedCapacity: run.chunks.count) { buffer, count in
            shelf.gather(into: buffer)
            count = buffer.count
        }
    }

    /// Tells of checkpoints that have come to disk; one that cannot be written ends the run.
    func noteCheckpoints() {
        do throws(RuntimeError) {
            for path in try saver.takeWritten() { observer.handle(.checkpoint(path: path)) }
        } catch { failure = failure ?? error }
    }
}
