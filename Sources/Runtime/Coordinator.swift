// SPDX-License-Identifier: Apache-2.0
//
// The coordinator's one loop: poll, decode, ask the machine, perform.

import Coordination
import Datasets
import Digests
import Engines
import Glibc
import Jobs
import Layers
import Logging
import Tensors
import Wire
import ZeroMQ

/// Leads a run: leases shards to whoever is there, completes the reduction tree, steps the optimizer,
/// sends the new weights.
///
/// One thread does all of it; only the sample feed has another, and large layers are stepped by several. What to
/// do is decided by `StepMachine`, a pure value; here are the sockets, the clock and the numbers.
public final class Coordinator {
    let run: Run
    let options: CoordinatorOptions
    let logger: Logger
    let observer: any RunObserver
    let started = ContinuousClock.now

    let socket: Router
    /// Nil where only this user can come in.
    let door: Door?
    private var poller = Poller(capacity: 5)
    private let sources: (socket: Poller.Source, doorbell: Poller.Source)
    private let doorSources: (gate: Poller.Source, events: Poller.Source)?
    let doorbell: Doorbell
    var header = HeaderBuffer()
    public let endpoint: String
    /// What workers of this machine read where it lies; nil if they may be elsewhere.
    let memory: SharedMemory?
    let proof: Digest

    var machine: StepMachine
    var actions: [Action] = []
    var members: [Member] = []
    var nextNumber: UInt64 = 1
    var nextWorker: UInt64 = 1
    let shelf: WeightShelf
    let crew: ChunkCrew
    /// Large chunks of the first step whose vectors are all there.
    var ripe: [Int] = []
    /// The matrix that whitens images, if any does.
    let whitening: FlightBuffer<Float>?
    let pool: VectorPool
    /// Nil where no gradient travels as factors.
    let factors: FactorExchange?
    var boards: [ReductionBoard] = []
    var spareBoards: [ReductionBoard] = []
    /// Floats of each chunk of a training step, and of an evaluation: what metrics count.
    let trainingChunks: [Int], evaluationChunks: [Int]
    let feed: SampleFeed?
    let saver: CheckpointWriter
    /// Buckets that have been stepped in this turn, for workers of this machine.
    var unsent: [(chunks: Range<Int>, version: UInt64)] = []
    /// Of the steps that have been committed in this turn.
    var reports: [(StepReport, EpochReport?)] = []
    /// Leases whose samples are still being read.
    var waitingLeases: [(lease: Lease, since: Duration)] = []
    var dataWaits = DataWaitMeter()
    var nextStep: StepID
    /// The first step whose samples have not been asked for.
    var nextFed: StepID
    /// One after the last step to do.
    var lastStep: UInt64
    var optimizerSteps: UInt64
    var phase: PhaseProgress
    var callbacks: CallbackState
    var best: BestWeights
    /// Whether the best model is still to be written.
    var hasNewBestModel = false
    /// What callbacks have to say, after the reports of this turn.
    var notes: [RunEvent] = []
    var failure: RuntimeError?
    var isFinished = false
    var lastHeartbeat = Duration.zero
    /// At the allow-list, and at what workers send.
    private var lastLook = Duration.zero
    var aloneSince: Duration?
    var lastCommit = Duration.zero
    var nextStatus = Duration.zero
    private var stopSince: Duration?
    var owedAtDeadline: [(WorkerID, Range<Int>)] = []
    /// How many threads there were when observers were last told that some have no work; 0 if all have.
    var threadsWhenIdle = 0
    var knocks = KnockLog()
    let trace: CoordinatorTrace?
    /// Workers that are gone, with what they contributed.
    var departed: [(id: WorkerID?, name: String, identity: String, contributions: Int)] = []
    /// Workers that have computed wrong: "NAME on HOST".
    public internal(set) var distrusted: Set<String>
    /// Since when an audited shard waits for another worker to decide.
    var undecidedSince: Duration?

    /// Opens the socket; workers may connect from here on.
    public init(
        run: Run, options: CoordinatorOptions, observer: any RunObserver, logger: Logger
    ) throws(RuntimeError) {
        self.run = run
        self.options = options
        self.observer = observer
        self.logger = logger
        distrusted = options.distrusted
        trace = options.trace.map(CoordinatorTrace.init)
        let cluster = run.job.cluster
        do throws(WireError) { try Message.Welcome.check(job: run.job.resolvedYAML) } catch {
            throw RuntimeError(.refused, "the job cannot be sent to workers: \(error.detail)")
        }
        takeShortTurns()
        doorbell = try Doorbell()
        let isRemote = !options.endpoint.hasPrefix("ipc:")
        guard !isRemote || options.trust != nil else {
            throw Trust<CoordinatorKeys>.missing(
                "coordinator", options.endpoint, "coordinator")
        }
        do throws(ZeroMQError) {
            let context = try Context()
            let keys = options.trust?.keys
            var settings = SocketOptions.control
            if isRemote {
                allowManyFiles()
                settings.waitingMessages = Self.waitingMessages
                if let keys { settings.encryption = .server(keys.secret) }
            }
            socket = try Router(context, options: settings)
            door = isRemote ? try Door(of: socket.socket, context, keys) : nil
            endpoint = try socket.bind(options.endpoint)
        } catch { throw RuntimeError(.network, error.description) }
        sources = (
            poller.watch(socket.socket), poller.watch(fileDescriptor: doorbell.descriptor)
        )
        if let stop = options.stop { _ = poller.watch(fileDescriptor: stop.descriptor) }
        if let door {
            doorSources = (poller.watch(door.gate.socket), poller.watch(door.events.socket))
        } else {
            doorSources = nil
        }
        let state = run.start
        // All steps may be done, and only the model be missing.
        isFinished = run.isFinished
        let all = run.isFinished ? state.next.raw : UInt64(run.plan.stepCount)
        lastStep = options.stopAfterSteps.map { min(all, state.next.raw + UInt64($0)) } ?? all
        proof = EngineProof.digest(job: run.job, model: run.model, kernels: run.kernels)
        // Whoever reaches a Unix socket is on this machine.
        memory = options.endpoint.hasPrefix("ipc:") ? try SharedMemory() : nil
        shelf = WeightShelf(
            plan: run.chunks, rule: run.job.training.optimizer, kernels: run.kernels,
            weights: state.weights, slots: state.slots, version: state.optimizerSteps,
            memory: memory)
        crew = ChunkCrew(shelf, run.kernels, threads: min(Self.mostThreads, Cores.available))
        whitening = run.whitening.map { whitening in
            let buffer = FlightBuffer<Float>(count: whitening.matrix.count)
            _ = buffer.memory.elements.update(fromContentsOf: whitening.matrix)
            return buffer
        }
        factors = FactorExchange(
            FactorPlan(
                run.model, run.chunks, shards: Self.factoredShards(run)), run.chunks, run.kernels)
        trainingChunks = run.chunks.chunks.map(\.range.count)
        evaluationChunks = [run.model.metrics.count]
        pool = VectorPool(floats: (trainingChunks + evaluationChunks).max() ?? 0)
        machine = StepMachine(
            MachineConfiguration(
                heartbeatTimeout: cluster.heartbeat * cluster.missedHeartbeats,
                leaseCredits: cluster.leaseCredits,
                // Within a machine a vector is read where it lies.
                unevenness: isRemote ? 3 / 16 : 1 / 16,
                deadlineFactor: cluster.stragglerFactor,
                deadlineFloor: cluster.stragglerFloor, audit: AuditRule(share: cluster.audit)))
        // What is in memory was compared whole before the worker was taken in.
        feed =
            cluster.data == .ship || run.data.encoding == .file
            ? SampleFeed(
                sources: run.sources, plan: run.plan, doorbell: doorbell, memory: memory,
                manifests: cluster.data == .ship
                    ? nil : run.sources.manifests(at: run.job.dataset.path, in: options.cache),
                timeline: trace.map { Timeline($0.recorder, row: TraceRow.feed) })
            : nil
        saver = CheckpointWriter(folder: run.folder, identity: run.identity, doorbell: doorbell)
        nextStep = state.next
        nextFed = state.next
        optimizerSteps = state.optimizerSteps
        phase = PhaseProgress(hasAccuracy: !run.job.loss.isRegression, metrics: run.model.metrics)
        phase.sums = state.epochSums
        phase.counts = state.epochCounts
        phase.training = state.training
        callbacks = state.callbacks
        best = state.best
        actions.reserveCapacity(256)
    }

    var now: Duration { ContinuousClock.now - started }

    /// Runs until the last step is committed.
    ///
    /// - Throws: `stopped` if it was told to stop and has written a checkpoint; the first failure else.
    public func work() throws(RuntimeError) {
        defer {
            crew.dismiss()
            feed?.close()
            saver.close()
        }
        observer.handle(.started(run.info(endpoint: endpoint, workers: options.localWorkers)))
        if let step = run.resumedStep { observer.handle(.resumed(step: step)) }
        try saveBestModel()
        planNextSteps()
        perform()
        while !isFinished, failure == nil {
            try wait()
            do throws(ZeroMQError) {
                if let sources = doorSources,
                    poller.isReady(sources.gate) || poller.isReady(sources.events)
                {
                    try attendDoor()
                }
                // Heartbeats and deadlines do not wait for the end of a flood.
                var turn = 0
                while turn < Self.turn, poller.isReady(sources.socket),
                    let message = try socket.receive()
                {
                    receive(message)
                    turn += 1
                    if ripe.count >= crew.threads { stepRipe() }
                }
                stepRipe()
            } catch { throw RuntimeError(.network, error.description) }
            if let malformed = socket.socket.takeMalformed() {
                logger.debug("message not understood", metadata: ["error": "\(malformed)"])
            }
            if poller.isReady(sources.doorbell) {
                doorbell.answer()
                sendWaitingLeases()
                noteCheckpoints()
            }
            if let deadline = machine.nextDeadline, deadline <= now {
                // An eviction moves the shards on at once: note before who owed what.
                owedAtDeadline = machine.waitingFor
                machine.deadlinePassed(at: now, into: &actions)
                perform()
            }
            tick()
        }
        farewell()
        try endTrace()
        if let failure { throw failure }
    }

    /// How long it stays awake for the next vector.
    private static let awake = Duration.microseconds(300)

    /// That step large layers: memory is not fast enough for more.
    private static let mostThreads = 8

    /// Messages that are read before anything else is looked at.
    private static let turn = 1024
    /// Messages of one worker that may wait to be read: chunks, of 1 MiB at most.
    static let waitingMessages = 64

    private func wait() throws(RuntimeError) {
        var timeout = min(.milliseconds(100), lastHeartbeat + run.job.cluster.heartbeat - now)
        trace?.loop.begin(.wait(.workers), step: boards.first?.step.raw)
        defer { trace?.loop.end() }
        if let pause = door?.pause { timeout = min(timeout, pause) }
        if let deadline = machine.nextDeadline { timeout = min(timeout, deadline - now) }
        do throws(ZeroMQError) {
            guard ripe.isEmpty else {
                try poller.wait(timeout: .zero)
                return
            }
            let start = now
            while options.staysAwake, workersAlive > 0, now - start < Self.awake {
                if try poller.wait(timeout: .zero) { return }
                sched_yield()
            }
            try poller.wait(timeout: max(.zero, timeout))
        } catch { throw RuntimeError(.network, error.description) }
    }

    /// Heartbeats out; silent newcomers and an empty cluster noticed.
    private func tick() {
        let now = now
        if now >= lastHeartbeat + run.job.cluster.heartbeat {
            lastHeartbeat = now
            for member in members {
                send(.heartbeat, to: member.control)
                // It may break alone: then the worker lives and says so, but nothing reaches it.
                guard let data = member.data, !send(.heartbeat, to: data) else { continue }
                send(.goodbye(reason: "your data connection is lost"), to: member.control)
                lose(member.number, reason: "its data connection is lost")
            }
            for member in members where member.phase != .working && now - member.heard > patience {
                lose(member.number, reason: "said hello and then nothing")
            }
        }
        door?.look(at: now, patience: patience)
        if now >= lastLook + .milliseconds(100) {
            lastLook = now
            followAllowList()
            followIntakes()
        }
        options.onTick?(CoordinatorDoor(self))
        publishStatus()
        drawOwnTrace()
        stopIfStuck()
        if let since = undecidedSince, now - since > run.job.cluster.waitForWorkers {
            failure = RuntimeError(
                .noWorkers,
                "no worker came for \(run.job.cluster.waitForWorkers) to decide which one computes "
                    + "right; start another one, on another machine, and run the same command again"
            )
        }
        guard members.isEmpty else {
            aloneSince = nil
            return
        }
        let since = aloneSince ?? now
        aloneSince = since
        if now - since > run.job.cluster.waitForWorkers {
            failure = RuntimeError(
                .noWorkers,
                "no worker for \(run.job.cluster.waitForWorkers); the run can go on from its last "
                    + "checkpoint: start workers with 'convoy worker --connect \(endpoint)' and run the "
                    + "same command again, or raise cluster.wait_for_workers_seconds")
        }
    }

    /// For whoever has come, and is not at work yet.
    var patience: Duration { run.job.cluster.heartbeat * run.job.cluster.missedHeartbeats * 10 }

    /// A step that does not end is not waited for for ever: the last checkpoint is on disk.
    private func stopIfStuck() {
        guard let stop = options.stop, stop.isRung else { return }
        stop.answer()
        let since = stopSince ?? now
        stopSince = since
        guard now - since > .seconds(10) || members.isEmpty, failure == nil else { return }
        failure = RuntimeError(
            .stopped,
            "stopped in the middle of a step (\(machine)); the same command goes on from the "
                + "last checkpoint")
    }

    // MARK: Sending

    /// A control message, or one without payload.
    ///
    /// - Returns: False if the peer is gone.
    @discardableResult
    func send(_ message: Message, to peer: RoutingID) -> Bool {
        message.encode(into: &header)
        do throws(ZeroMQError) {
            return try socket.send(to: peer, header: header.bytes)
        } catch {
            logger.debug("send failed", metadata: ["error": "\(error)"])
            return false
        }
    }

    /// A message with bytes that stay where they are until they have left.
    func send<Element>(
        _ message: Message, _ bytes: UnsafeRawBufferPointer, of buffer: FlightBuffer<Element>,
        to peer: RoutingID
    ) {
        message.encode(into: &header)
        do throws(ZeroMQError) {
            try socket.send(to: peer, header: header.bytes, payload: .lent(bytes, buffer.loan))
        } catch { logger.debug("send failed", metadata: ["error": "\(error)"]) }
    }

    /// After the farewell: takes what comes, for a moment.
    func receiveLastWords() throws(RuntimeError) {
        do throws(ZeroMQError) {
            try poller.wait(timeout: .milliseconds(10))
            while let message = try socket.receive() { receive(message) }
        } catch { throw RuntimeError(.network, error.description) }
    }

    /// Workers from elsewhere stay when the run is only stopped: most likely its coordinator is started
    /// again, and they find it. All stay when it goes back.
    private func farewell() {
        let isPaused =
            failure?.code == .wentBack || failure?.code == .stopped && options.localWorkers == 0
        let reason = failure.map(\.detail) ?? "the run is finished"
        for member in members {
            send(
                isPaused ? .goodbye(reason: reason) : .shutdown(reason: reason), to: member.control)
        }
    }
}

/// What a tick may do to a coordinator.
public struct CoordinatorDoor: ~Copyable {
    private let coordinator: Coordinator
    init(_ coordinator: Coordinator) { self.coordinator = coordinator }

    /// A local worker process has ended: no need to wait for its heartbeats.
    public func processEnded(pid: Int, how: String) {
        guard let member = coordinator.members.first(where: { $0.pid == pid }) else { return }
        coordinator.lose(member.number, reason: how)
    }

    /// A worker that the run has started on another machine has ended, or nobody knows any more.
    public func workerEnded(name: String, how: String) {
        guard let member = coordinator.members.first(where: { $0.name == name }) else { return }
        coordinator.lose(member.number, reason: how)
    }

    /// Whether a local worker has computed wrong: it would not be taken in again.
    public func isDistrusted(name: String) -> Bool {
        coordinator.distrusted.contains("\(name) on \(coordinator.run.host)")
    }

    /// The run cannot go on.
    public func fail(_ error: RuntimeError) {
        if coordinator.failure == nil { coordinator.failure = error }
    }
}
