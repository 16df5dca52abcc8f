// SPDX-License-Identifier: Apache-2.0
//
// A worker's time with one start of one coordinator.

import Coordination
import Datasets
import Digests
import Foundation
import Glibc
import Jobs
import Layers
import Logging
import Tensors
import Wire
import ZeroMQ

/// From hello to goodbye. Owns the two connections, and the threads that compute.
final class WorkerSession {
    enum End {
        case finished(String)
        /// The two do not fit together, and will not when they try again.
        case refused(String)
        /// There is a coordinator, but not one to work for as things are.
        case outside(String)
        /// The coordinator is gone, or has forgotten this worker: say hello again.
        case again(String)
    }

    var lastHeard: ContinuousClock.Instant
    let options: WorkerOptions
    private let kernels: KernelSet
    let logger: Logger
    private let stop: StopSignal
    private let control: Dealer
    private let data: Dealer
    /// Of the control connection, where it goes by a network.
    private let greeting: Greeting?
    private var poller = Poller(capacity: 5)
    private let sources: (control: Poller.Source, data: Poller.Source, doorbell: Poller.Source)
    private let doorbell: Doorbell
    private var header = HeaderBuffer()

    /// What a coordinator of this machine reads where it lies; nil if it may be elsewhere.
    private let memory: SharedMemory?
    /// The coordinator's.
    var others = CoordinatorMemory(view: nil, chunks: 0)
    private var coordinatorReadsMemory = false

    /// The newest start of each run that has welcomed this worker.
    private(set) var incarnations: [String: Int]
    private(set) var session: UInt64?
    private var saidHello = false
    private var attach: Message.Attach?
    private(set) var crew: Crew?
    /// Told what everybody does, if the coordinator wants to know.
    private(set) var recorder: SpanRecorder?
    private var spans: [TraceSpan] = []
    /// The first one goes out at once: it says how late it is here.
    private var lastTrace = ContinuousClock.now - .seconds(1)
    /// A chunk of weights whose place is still computed with. What comes after it waits, too.
    private var deferred: Dealer.Received?
    var isTooEarly = false
    private var outgoing: [WorkQueue.Outgoing] = []
    private var lastHeartbeat = ContinuousClock.now
    private var heartbeat = Duration.seconds(1)
    private var silence = Duration.seconds(10)
    private(set) var isLeaving = false
    var end: End?

    init(
        options: WorkerOptions, kernels: KernelSet, context: Context, stop: StopSignal,
        logger: Logger, lastHeard: ContinuousClock.Instant, incarnations: [String: Int]
    ) throws(RuntimeError) {
        self.incarnations = incarnations
        self.options = options
        self.kernels = kernels
        self.stop = stop
        self.logger = logger
        self.lastHeard = lastHeard
        doorbell = try Doorbell()
        // Whoever is reached by a Unix socket is on this machine.
        memory = options.endpoint.hasPrefix("ipc:") ? try SharedMemory() : nil
        do throws(ZeroMQError) {
            var settings = (control: SocketOptions.control, data: SocketOptions.data)
            let isRemote = !options.endpoint.hasPrefix("ipc:")
            if isRemote, let keys = options.trust?.keys {
                settings.control.encryption = .client(keys.secret, server: keys.coordinator)
                settings.data.encryption = settings.control.encryption
            }
            control = try Dealer(context, options: settings.control)
            data = try Dealer(context, options: settings.data)
            greeting =
                isRemote ? try Greeting(of: control.socket, context, options) : nil
            try control.connect(options.endpoint)
            try data.connect(options.endpoint)
        } catch { throw RuntimeError(.network, error.description) }
        sources = (
            poller.watch(control.socket), poller.watch(data.socket),
            poller.watch(fileDescriptor: doorbell.descriptor)
        )
        _ = poller.watch(fileDescriptor: stop.descriptor)
        if let greeting { _ = poller.watch(greeting.events.socket) }
        outgoing.reserveCapacity(256)
    }

    func run() throws(RuntimeError) -> End {
        defer { crew.take()?.dismiss() }
        do throws(ZeroMQError) {
            while end == nil {
                try poller.wait(timeout: pause)
                while poller.isReady(sources.control), let message = try control.receive() {
                    receive(message.header, nil, .control)
                }
                try receiveData()
                note(control.socket.takeMalformed())
                note(data.socket.takeMalformed())
                if poller.isReady(sources.doorbell) { doorbell.answer() }
                if end == nil, let end = try greeting?.end() { self.end = end }
                try sendOutgoing()
                try keepInTouch()
                try sendTrace()
            }
        } catch { throw RuntimeError(.network, error.description) }
        guard let end else { preconditionFailure("the loop ends when there is an end") }
        return end
    }

    /// The data connection is read as far as there is room for what it brings.
    private func receiveData() throws(ZeroMQError) {
        if let message = deferred.take() {
            usleep(500)
            take(message)
        }
        while deferred == nil, poller.isReady(sources.data), let message = try data.receive() {
            take(message)
        }
    }

    private func take(_ message: consuming Dealer.Received) {
        isTooEarly = false
        receive(message.header, message.payload, .data)
        if isTooEarly { deferred = consume message }
    }

    private func note(_ malformed: ZeroMQError?) {
        guard let malformed else { return }
        logger.debug("message not understood", metadata: ["error": "\(malformed)"])
    }

    private var pause: Duration {
        saidHello && attach == nil
            ? max(.zero, heartbeat - (ContinuousClock.now - lastHeartbeat)) : .milliseconds(5)
    }

    @discardableResult
    private func send(_ message: Message) throws(ZeroMQError) -> Bool {
        message.encode(into: &header)
        return try control.send(header: header.bytes)
    }

    private func sendOutgoing() throws(ZeroMQError) {
        guard let crew, let session else { return }
        crew.queue.takeOutgoing(into: &outgoing)
        for item in outgoing {
            let isTraining = item.kind == .train
            if isTraining { options.faults?.strike(.send, step: item.version + 1) }
            if let part = item.factors {
                try send(part, item, session: session)
                continue
            }
            let range = crew.model.range(ofChunk: item.chunk, of: item.kind)
            let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
            let bytes = item.gradient.map { UnsafeRawBufferPointer($0.memory[range]) } ?? nothing
            let place = coordinatorReadsMemory && isTraining ? item.gradient?.place : nil
            let waits = crew.queue.takeWaits()
            Message.contribution(
                .init(
                    session: session, lease: item.lease, step: item.step, chunk: item.chunk,
                    level: item.node.level, index: item.node.index,
                    checksum: place == nil ? checksum64(bytes) : 0,
                    lossSum: item.metrics.lossSum,
                    correct: Int(item.metrics.correct), samples: Int(item.metrics.samples),
                    place: place.map { $0 + 4 * range.lowerBound },
                    waitedForSamples: waits.samples, waitedForDecoding: waits.decoding,
                    ready: item.since)
            ).encode(into: &header)
            if place != nil {
                try data.send(header: header.bytes)
                others.lend(item)
            } else if let gradient = item.gradient {
                try data.send(header: header.bytes, payload: .lent(bytes, gradient.loan))
                gradient.release()
            } else {
                try data.send(header: header.bytes)
            }
        }
        outgoing.removeAll(keepingCapacity: true)
        if let failure = crew.queue.takeFailure() {
            try send(
                .failure(
                    .init(
                        step: failure.step, shard: failure.shard, layer: failure.layer,
                        message: failure.message)))
        }
    }

    /// A part of a gradient's factors; or with the first part all of them, if they are read where they lie.
    private func send(
        _ part: WorkQueue.FactorPart, _ item: WorkQueue.Outgoing, session: UInt64
    ) throws(ZeroMQError) {
        guard let gradient = item.gradient else { return }
        let bytes = UnsafeRawBufferPointer(gradient.memory[part.range])
        let place = coordinatorReadsMemory ? gradient.place : nil
        guard place == nil || part.part == 0 else { return gradient.release() }
        Message.factors(
            .init(
                session: session, lease: item.lease, step: item.step, version: item.version,
                bucket: part.bucket, shard: item.node.index, samples: part.samples, part: part.part,
                checksum: place == nil ? checksum64(bytes) : 0, ready: item.since,
                place: place.map { $0 + 4 * part.range.lowerBound })
        ).encode(into: &header)
        guard place == nil else {
            try data.send(header: header.bytes)
            return others.lend(item)
        }
        try data.send(header: header.bytes, payload: .lent(bytes, gradient.loan))
        gradient.release()
    }

    /// What threads have done: in good time, for nobody is to keep much of it, and all of it at the end.
    private func sendTrace() throws(ZeroMQError) {
        guard let recorder else { return }
        let now = ContinuousClock.now
        guard
            recorder.count >= WireLimits.spans / 2 || end != nil
                || now - lastTrace > .milliseconds(200)
        else { return }
        lastTrace = now
        spans.removeAll(keepingCapacity: true)
        recorder.take(into: &spans)
        var rest = spans[...]
        repeat {
            let clock = Monitor.now
            let part = rest.prefix(WireLimits.spans)
            rest = rest.dropFirst(part.count)
            try send(
                .trace(
                    .init(
                        clock: UInt64(clock), isLast: end != nil && rest.isEmpty,
                        spans: part.compactMap { $0.message(at: clock) })))
        } while !rest.isEmpty
    }

    /// Hello, heartbeats, and the ends that nobody announces.
    private func keepInTouch() throws(ZeroMQError) {
        let now = ContinuousClock.now
        if !saidHello {
            saidHello = try send(
                .hello(
                    .init(
                        name: options.name, host: ProcessInfo.processInfo.hostName,
                        pid: Int(getpid()), build: convoyVersion, numerics: numericsID,
                        memory: memory?.name)))
            lastHeartbeat = now
        } else if let waiting = attach {
            Message.attach(waiting).encode(into: &header)
            if try data.send(header: header.bytes) { attach = nil }
        } else if now - lastHeartbeat >= heartbeat {
            lastHeartbeat = now
            if crew != nil { try send(.heartbeat) }
        }
        if crew?.queue.takeDisagreement() == true {
            end = .again("weights that were stepped here are not those of the coordinator")
        }
        if options.faults?.takeReconnect() == true { end = .again("the fault plan says so") }
        if let parent = options.parent, getppid() != parent {
            end = .finished("the process that started this worker is gone")
        }
        let isSilent = now - lastHeard > (saidHello && crew != nil ? silence : options.patience)
        if isSilent { end = .again("nothing heard for \(now - lastHeard)") }
        if stop.isRung {
            stop.answer()
            try leave()
        }
    }

    /// SIGTERM: no new leases; when the last one is done, goodbye.
    private func leave() throws(ZeroMQError) {
        guard let crew else {
            end = .finished("told to stop")
            return
        }
        if !isLeaving {
            isLeaving = true
            try send(.leaving)
        }
        if crew.queue.isIdle {
            try send(.goodbye(reason: "told to stop"))
            end = .finished("told to stop")
        }
    }

    private func cache(_ job: Job, _ data: DataDescription) -> ImageCache? {
        guard data.encoding == .file else { return nil }
        return ImageCache(job.dataset, imageShape: data.imageShape) { [logger] error in
            logger.warning("no more images are cached", metadata: ["reason": "\(error.detail)"])
        }
    }

    /// Builds the network, proves the arithmetic, starts the threads.
    func begin(_ welcome: Message.Welcome) {
        guard crew == nil else { return }
        let newest = incarnations[welcome.run] ?? 0
        guard welcome.incarnation >= newest else {
            let reason =
                "the coordinator at \(options.endpoint) is start \(welcome.incarnation) of this run, and "
                + "start \(newest) has been seen; stop the older one"
            _ = try? send(.goodbye(reason: reason))
            end = .outside(reason)
            return
        }
        incarnations[welcome.run] = welcome.incarnation
        do {
            var job = try Job.parse(yaml: welcome.job, file: "the coordinator's job")
            if let path = options.dataPath { job.dataset.path = path }
            guard let resolution = job.resolution else {
                end = .refused("the coordinator's job has no resolved part")
                return
            }
            let data = DataDescription(
                imageShape: Shape(resolution.imageShape), classes: resolution.classes,
                encoding: resolution.encoding)
            let model = try WorkerModel(
                job: job, data: data, kernels: kernels, factoredShards: welcome.factoredShards)
            var local: SampleSources?
            if welcome.localData { local = try SampleSources.open(job) }
            let proof = EngineProof.digest(job: job, model: model.model, kernels: kernels)
            heartbeat = job.cluster.heartbeat
            silence = job.cluster.heartbeat * job.cluster.missedHeartbeats * 2
            session = welcome.session
            recorder = welcome.wantsTrace ? SpanRecorder() : nil
            let view = memory == nil ? nil : welcome.memory.flatMap(SharedView.init)
            others = CoordinatorMemory(view: view, chunks: model.chunks.chunks.count)
            crew = Crew(
                model: model, local: local, cache: cache(job, data), options: options,
                doorbell: doorbell, memory: memory, bulletin: view?.bulletin,
                // A coordinator of this machine steps all, and lends the weights.
                stepsLayers: welcome.memory == nil, recorder: recorder)
            attach = .init(worker: welcome.worker, session: welcome.session)
            coordinatorReadsMemory = welcome.readsMemory
            try send(
                .ready(
                    .init(
                        digest: proof.bytes, threads: options.threads,
                        fingerprint: local?.fingerprint.bytes, readsMemory: view != nil)))
            logger.debug("session begins", metadata: ["worker": "\(welcome.worker)"])
        } catch {
            end = .refused("\(error)")
        }
    }
}
