// SPDX-License-Identifier: Apache-2.0
//
// Workers coming, proving themselves, contributing and going.

import Coordination
import Digests
import Jobs
import Tensors
import Wire
import ZeroMQ

extension Coordinator {
    /// Workers send both kinds of messages to the one socket; none has a long header.
    private static let limits = WireLimits(
        headerBytes: 16 << 10, payloadBytes: WireLimits.chunkBytes)

    func receive(_ message: borrowing Router.Received) {
        let peer = message.peer
        let decoded: Message
        let payload = message.payload.byteCount
        do throws(WireError) {
            decoded = try message.header.withBytes { bytes throws(WireError) in
                try Message.decode(
                    header: bytes, payload: payload, limits: Self.limits)
            }
        } catch {
            logger.debug(
                "message not understood", metadata: ["peer": "\(peer)", "error": "\(error)"])
            if let index = memberIndex(control: peer) ?? memberIndex(data: peer) {
                lose(members[index].number, reason: error.description)
            } else {
                send(.refused(reason: error.description), to: peer)
                if error.code == .versionMismatch {
                    observer.handle(.workerRefused(reason: error.detail))
                }
            }
            return
        }
        switch decoded {
        case .contribution(let contribution):
            guard contribution.session == session, let index = memberIndex(data: peer) else {
                return
            }
            heard(index)
            if let place = contribution.place {
                contribute(contribution, at: place, from: index)
            } else {
                message.payload.withPayload { contribute(contribution, $0, from: index) }
            }
        case .heartbeat, .ready, .leaving, .goodbye, .failure:
            guard let index = memberIndex(control: peer) else {
                // Counted as lost, or of an earlier start of this run.
                send(.goodbye(reason: "this coordinator does not know you; say hello"), to: peer)
                return
            }
            heard(index)
            control(decoded, from: index)
        case .hello(let hello): welcome(hello, peer)
        case .attach(let attach):
            guard attach.session == session,
                let index = members.firstIndex(where: { $0.number == attach.worker })
            else { return }
            members[index].data = peer
            heard(index)
            startIfComplete(index)
        case .welcome, .refused, .shutdown, .lease, .samples, .weights:
            logger.debug(
                "a worker's peer sent a coordinator's message", metadata: ["peer": "\(peer)"])
        }
    }

    private func control(_ message: Message, from index: Int) {
        let member = members[index]
        switch message {
        case .ready(let ready): prove(ready, index)
        case .leaving:
            guard let id = member.id else { return }
            machine.workerLeaving(id, at: now, into: &actions)
            perform()
        case .goodbye(let reason): lose(member.number, reason: reason)
        case .failure(let report):
            fail(report, worker: member.name)
        default: break
        }
    }

    private func memberIndex(control peer: RoutingID) -> Int? {
        members.firstIndex { $0.control == peer }
    }

    private func memberIndex(data peer: RoutingID) -> Int? {
        members.firstIndex { $0.data == peer }
    }

    private func heard(_ index: Int) {
        members[index].heard = now
        if let id = members[index].id { machine.heard(from: id, at: now) }
    }

    private func welcome(_ hello: Message.Hello, _ peer: RoutingID) {
        guard hello.numerics == numericsID else {
            let reason =
                "worker \(hello.name) computes '\(hello.numerics)', this run '\(numericsID)'; deploy "
                + "one convoy build on all nodes"
            send(.refused(reason: reason), to: peer)
            observer.handle(.workerRefused(reason: reason))
            return
        }
        let identity = "\(hello.name) on \(hello.host)"
        guard !distrusted.contains(identity) else {
            let reason =
                "worker \(identity) has computed wrong in this run; check that "
                + "machine's memory and processor, or leave it out"
            send(.refused(reason: reason), to: peer)
            observer.handle(.workerRefused(reason: reason))
            return
        }
        if let index = memberIndex(control: peer) {
            lose(members[index].number, reason: "said hello again")
        }
        let number = nextNumber
        nextNumber += 1
        let view = memory == nil ? nil : hello.memory.flatMap(SharedView.init)
        members.append(
            Member(
                number: number, name: distinct(hello.name), identity: identity,
                pid: hello.host == run.host ? hello.pid : -1,
                control: peer,
                heard: now, memory: view,
                sentVersions: Array(
                    repeating: Array(repeating: nil, count: run.chunks.chunks.count), count: 2)))
        send(
            .welcome(
                .init(
                    worker: number, session: session, run: run.id,
                    incarnation: Int(run.incarnation),
                    job: run.job.resolvedYAML, localData: run.job.cluster.data == .local,
                    fingerprint: run.fingerprint.bytes, memory: memory?.name,
                    readsMemory: view != nil)), to: peer)
    }

    /// Two workers may go by one name; messages tell them apart all the same.
    private func distinct(_ name: String) -> String {
        var result = name
        var namesakes = 1
        while members.contains(where: { $0.name == result }) {
            namesakes += 1
            result = "\(name)#\(namesakes)"
        }
        return result
    }

    private func prove(_ ready: Message.Ready, _ index: Int) {
        let member = members[index]
        guard member.phase == .proving else { return }
        func refuse(_ reason: String) {
            send(.refused(reason: reason), to: member.control)
            observer.handle(.workerRefused(reason: reason))
            lose(member.number, reason: reason)
        }
        guard ready.digest == proof.bytes else {
            return refuse(
                "worker \(member.name) computes other bits than this coordinator (proof "
                    + "\(Digest(bytes: ready.digest).description.prefix(12)), expected "
                    + "\(proof.description.prefix(12))); run 'convoy doctor' on that machine")
        }
        if run.job.cluster.data == .local, ready.fingerprint != run.fingerprint.bytes {
            return refuse(
                "worker \(member.name) has other data than this coordinator; give it the same files, or "
                    + "use cluster.data: ship")
        }
        members[index].threads = ready.threads
        members[index].readsMemory = ready.readsMemory
        members[index].phase = .ready
        startIfComplete(index)
    }

    /// Both connections are there and the proof is right: give it work.
    private func startIfComplete(_ index: Int) {
        guard members[index].phase == .ready, members[index].data != nil else { return }
        let id = WorkerID(raw: nextWorker)
        nextWorker += 1
        dataWaits.advance(to: now, threads: threadsAlive)
        members[index].phase = .working
        members[index].joined = now
        members[index].id = id
        let member = members[index]
        observer.handle(
            .workerJoined(
                name: member.name, threads: member.threads, alive: workersAlive,
                missing: machine.waitingFor.reduce(0) { $0 + $1.1.count }))
        logger.info("worker joined", metadata: ["worker": "\(member.name)", "id": "\(id)"])
        sendWhitening(to: index)
        undecidedSince = nil
        machine.workerJoined(id, threads: member.threads, at: now, into: &actions)
        perform()
    }

    /// What images are whitened by; nobody computes without it.
    private func sendWhitening(to index: Int) {
        guard let whitening, let peer = members[index].data else { return }
        for (part, range) in WhiteningParts.ranges(whitening.memory.count).enumerated() {
            let bytes = UnsafeRawBufferPointer(whitening.memory[range])
            let message = Message.Weights(
                session: session, version: WhiteningParts.version, chunk: part,
                checksum: checksum64(bytes))
            send(.weights(message), bytes, of: whitening, to: peer)
        }
    }

    var threadsAlive: Int {
        members.reduce(0) { $0 + ($1.phase == .working ? $1.threads : 0) }
    }

    var workersAlive: Int { members.count { $0.phase == .working } }

    /// The worker is gone: what it owes is leased to others, what it delivered stays.
    func lose(_ number: UInt64, reason: String) {
        guard let index = members.firstIndex(where: { $0.number == number }) else { return }
        if let id = forget(index, reason: reason).id {
            machine.workerLost(id, at: now, into: &actions)
            perform()
        }
    }

    /// Takes a member off the list, and says so.
    @discardableResult
    func forget(
        _ index: Int, reason: String, owing: [(WorkerID, Range<Int>)]? = nil
    ) -> Member {
        let owing = owing ?? machine.waitingFor
        dataWaits.advance(to: now, threads: threadsAlive)
        let member = members.remove(at: index)
        waitingLeases.removeAll { $0.lease.worker == member.id }
        departed.append((member.id, member.name, member.identity, member.contributions))
        if let id = member.id {
            observer.handle(
                .workerLost(
                    name: member.name, reason: reason, alive: workersAlive,
                    owed: owing.reduce(0) { $0 + ($1.0 == id ? $1.1.count : 0) }))
        }
        logger.info("worker lost", metadata: ["worker": "\(member.name)", "reason": "\(reason)"])
        return member
    }

    private func fail(_ report: Message.Failure, worker: String) {
        let step = StepID(raw: report.step)
        // Of a step that is over it means nothing: the weights may have been those of a later one.
        guard failure == nil, boards.contains(where: { $0.step == step }) else { return }
        let place = run.describe(step, shard: report.shard)
        guard report.layer.isEmpty else {
            failure = RuntimeError(.notFinite, "\(place), worker \(worker): \(report.message)")
            return
        }
        // A worker that was sent the bytes cannot say whose they are.
        let sample =
            run.job.cluster.data == .ship ? run.undecodable(step, shard: report.shard) : nil
        failure = RuntimeError(
            sample == nil ? .workerFailed : .dataset,
            "\(place), worker \(worker): \(sample?.description ?? report.message)")
    }
}
