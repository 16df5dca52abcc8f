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

    /// Workers that there may be.
    private static let mostMembers = 1024
    /// Among them those that have not proved themselves.
    private static let mostNewcomers = 256

    func receive(_ message: borrowing Router.Received) {
        let peer = message.peer
        if let door, door.isDismissed(message.header) { return }
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
                dismiss(message, .refused(reason: error.description))
                if error.code == .versionMismatch { knocked(error.detail) }
            }
            return
        }
        switch decoded {
        case .contribution(let contribution):
            guard let index = memberIndex(data: peer),
                contribution.session == members[index].session
            else { return dismissStranger(message) }
            members[index].intakes.data.took()
            heard(index)
            noteArrival(contribution, from: index)
            trace?.loop.begin(.reduce, step: contribution.step, part: contribution.chunk)
            defer { trace?.loop.end() }
            if let place = contribution.place {
                contribute(contribution, at: place, from: index)
            } else {
                message.payload.withPayload { contribute(contribution, $0, from: index) }
            }
        case .factors(let factors):
            guard let index = memberIndex(data: peer), factors.session == members[index].session
            else { return dismissStranger(message) }
            members[index].intakes.data.took()
            heard(index)
            noteArrival(factors, from: index)
            trace?.loop.begin(.reduce, step: factors.step)
            defer { trace?.loop.end() }
            if let place = factors.place {
                contribute(factors, at: place, from: index)
            } else {
                message.payload.withPayload { contribute(factors, $0, from: index) }
            }
        case .heartbeat, .ready, .leaving, .goodbye, .failure, .trace:
            guard let index = memberIndex(control: peer) else {
                // Counted as lost, or of an earlier start of this run.
                return dismiss(
                    message, .goodbye(reason: "this coordinator does not know you; say hello"))
            }
            members[index].intakes.control.took()
            heard(index)
            control(decoded, from: index)
        case .hello(let hello): welcome(hello, message)
        case .attach(let attach):
            guard let index = members.firstIndex(where: { $0.number == attach.worker }),
                attach.session == members[index].session, members[index].data == nil,
                members[index].key == message.header.sender
            else { return dismissStranger(message) }
            members[index].data = peer
            let connection = door?.connection(of: message.header)
            members[index].connections.append(connection)
            door?.welcomed(connection)
            heard(index)
            startIfComplete(index)
        case .welcome, .refused, .shutdown, .lease, .samples, .weights, .slot, .renewal:
            dismissStranger(message)
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
            // Who has no work yet cannot fail at it.
            if member.phase == .working { fail(report, worker: member.name) }
        case .trace(let trace): tell(trace, from: index)
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

    private func welcome(_ hello: Message.Hello, _ message: borrowing Router.Received) {
        let peer = message.peer
        let key = message.header.sender
        guard hello.numerics == numericsID else {
            let reason =
                "worker \(hello.name) computes '\(hello.numerics)', this run '\(numericsID)'; deploy "
                + "one convoy build on all nodes"
            knocked(reason)
            return dismiss(message, .refused(reason: reason))
        }
        let identity = "\(hello.name) on \(hello.host)"
        guard !distrusted.contains(identity) else {
            let reason =
                "worker \(identity) has computed wrong in this run; check that "
                + "machine's memory and processor, or leave it out"
            knocked(reason)
            return dismiss(message, .refused(reason: reason))
        }
        // The gate has asked already; what it has not let in does not come in by another way.
        if let keys = door?.keys, key.map(keys.allowed.admits) != true {
            return dismiss(message, .refused(reason: "this key is not in the coordinator's list"))
        }
        if let index = memberIndex(control: peer) {
            return lose(members[index].number, reason: "said hello again")
        }
        guard members.count < Self.mostMembers,
            members.count(where: { $0.phase != .working }) < Self.mostNewcomers
        else {
            knocked("worker \(identity) for the moment: there are too many of them")
            return dismiss(message, .goodbye(reason: "too many workers come at once"))
        }
        let connection = door?.connection(of: message.header)
        door?.welcomed(connection)
        let session = UInt64.random(in: 1...UInt64.max)
        let number = nextNumber
        nextNumber += 1
        let view = memory == nil ? nil : hello.memory.flatMap(SharedView.init)
        members.append(
            Member(
                number: number, name: distinct(hello.name), identity: identity,
                pid: hello.host == run.host ? hello.pid : -1, session: session, key: key,
                control: peer, connections: [connection], heard: now, memory: view,
                sentVersions: Array(
                    repeating: Array(repeating: nil, count: run.chunks.chunks.count), count: 2),
                factored: factors.map { factors in
                    factors.plan.layers.map { _ in FactoredState(shards: factors.plan.shards) }
                } ?? []))
        send(
            .welcome(
                .init(
                    worker: number, session: session, run: run.id,
                    incarnation: Int(run.incarnation),
                    job: run.job.resolvedYAML, localData: run.job.cluster.data == .local,
                    fingerprint: run.fingerprint.bytes, memory: memory?.name,
                    readsMemory: view != nil, wantsTrace: trace != nil,
                    factoredShards: factors?.plan.shards ?? 0)), to: peer)
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
            knocked(reason)
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
        door?.works(members[index].connections)
        let member = members[index]
        observer.handle(
            .workerJoined(
                name: member.name, threads: member.threads, alive: workersAlive,
                missing: machine.waitingFor.reduce(0) { $0 + $1.1.count }))
        logger.info("worker joined", metadata: ["worker": "\(member.name)", "id": "\(id)"])
        beginTrace(index)
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
                session: members[index].session, version: WhiteningParts.version, chunk: part,
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
        door?.dismiss(member.connections, at: now)
        // Who never worked leaves no trace: there may be many of them.
        guard let id = member.id else {
            logger.debug(
                "newcomer lost", metadata: ["worker": "\(member.name)", "reason": "\(reason)"])
            return member
        }
        waitingLeases.removeAll { $0.lease.worker == id }
        departed.append((id, member.name, member.identity, member.contributions))
        observer.handle(
            .workerLost(
                name: member.name, reason: reason, alive: workersAlive,
                owed: owing.reduce(0) { $0 + ($1.0 == id ? $1.1.count : 0) }))
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
