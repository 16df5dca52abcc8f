// SPDX-License-Identifier: Apache-2.0
//
// The heart of a run: what has arrived, who owes what, what is to be done now.

public struct StepMachine: Sendable {
    public let configuration: MachineConfiguration
    public private(set) var nextDeadline: Duration?

    public init(_ configuration: MachineConfiguration = .init()) {
        self.configuration = configuration
    }

    public mutating func workerJoined(
        _ id: WorkerID, threads: Int, at now: Duration, into actions: inout [Action]
    ) {}
    public mutating func heard(from worker: WorkerID, at now: Duration) {}
    public mutating func workerLeaving(
        _ id: WorkerID, at now: Duration, into actions: inout [Action]
    ) {}
    public mutating func workerLost(
        _ id: WorkerID, at now: Duration, into actions: inout [Action]
    ) {}
    public mutating func stepPlanned(
        _ step: StepID, shards: Int, chunks: Int, at now: Duration, into actions: inout [Action]
    ) {}
    public mutating func contributionArrived(
        _ contribution: Contribution, at now: Duration, into actions: inout [Action]
    ) {}
    public mutating func chunkApplied(
        step: StepID, chunk: Int, at now: Duration, into actions: inout [Action]
    ) {}
    public mutating func deadlinePassed(at now: Duration, into actions: inout [Action]) {}
    public var waitingFor: [(WorkerID, Range<Int>)] { [] }
}
