// SPDX-License-Identifier: Apache-2.0
//
// The state of a run, as its events tell it: written on the coordinator's thread, read by whoever asks.

import Runtime
import Synchronization

/// Keeps the last of everything.
public final class HealthBoard: RunObserver, Sendable {
    private let state = Mutex(RunState())

    public init() {}

    public func handle(_ event: RunEvent) { state.withLock { $0.note(event) } }

    /// About once a second while the coordinator's loop turns.
    public func publish(_ status: ClusterStatus) {
        state.withLock { state in
            state.cluster = status
            state.turned = .now
        }
    }

    /// The page of `/metrics`.
    package var metrics: String { snapshot.metrics }
    /// The page of `/status`.
    package var status: String { String(decoding: StatusPage(snapshot).json, as: UTF8.self) }
    /// What is wrong, for `/healthz`; nil if all is well.
    package func ailment(at now: ContinuousClock.Instant) -> String? { snapshot.ailment(at: now) }

    private var snapshot: RunState { state.withLock { $0 } }
}

/// What is known of a run.
struct RunState: Sendable {
    enum Phase: String, Sendable, CaseIterable { case starting, running, finished }

    var phase = Phase.starting
    var info: RunInfo?
    /// The last step, of whatever kind, and the last one of training.
    var step: StepReport?
    var trainingStep: StepReport?
    var epoch: EpochReport?
    var samples = 0
    var checkpoints = 0
    var lastCheckpoint: String?
    var joined = 0
    var lost = 0
    var restarted = 0
    var refused = 0
    var stragglers = 0
    var lastLoss: String?
    var result: FinalReport?
    var cluster = ClusterStatus()
    /// When the coordinator's loop has last turned.
    var turned = ContinuousClock.now

    mutating func note(_ event: RunEvent) {
        turned = .now
        switch event {
        case .started(let info):
            self.info = info
            phase = .running
        case .step(let report):
            step = report
            guard report.phase == .train else { return }
            trainingStep = report
            samples += report.samples
        case .epoch(let report): epoch = report
        case .callback: break
        case .checkpoint(let path):
            checkpoints += 1
            lastCheckpoint = path
        case .workerJoined: joined += 1
        case .workerLost(let name, let reason, _, _):
            lost += 1
            lastLoss = "\(name): \(reason)"
        case .workerRestarted: restarted += 1
        case .workerRefused: refused += 1
        case .straggler: stragglers += 1
        case .finished(let report):
            result = report
            phase = .finished
        case .workerDistrusted: phase = .starting  // The run is opened anew.
        case .resumed, .workerGivenUp, .workerOutput, .undecided, .waitingForWorkers,
            .idleWorkers:
            break
        }
    }

    /// The last training step is done: the coordinator's loop has ended, and what is left takes its time.
    private var isFinishing: Bool {
        guard let info, let trainingStep else { return false }
        return trainingStep.step >= info.epochs * info.stepsPerEpoch
    }

    /// A loop that has not turned for this long is stuck.
    static let patience = Duration.seconds(60)

    /// Why whoever watches should start the coordinator again; nil if all is well.
    func ailment(at now: ContinuousClock.Instant) -> String? {
        guard phase == .running, !isFinishing, now - turned > Self.patience else { return nil }
        return "the coordinator's loop has not turned for \(now - turned)"
    }
}
