// SPDX-License-Identifier: Apache-2.0
//
// What comes of a worker that has computed wrong.

import Coordination

extension Coordinator {
    /// Puts a worker out and ends this coordinator: what the worker has sent since that step began may be
    /// wrong, so the run has to go on from the last checkpoint before it.
    func distrust(_ id: WorkerID, since step: StepID) {
        let reason = "has computed otherwise than two others"
        if let index = members.firstIndex(where: { $0.id == id }) {
            send(
                .refused(
                    reason: "worker \(members[index].identity) \(reason); check that machine's "
                        + "memory and processor"), to: members[index].control)
            forget(index, reason: reason)
        }
        guard let worker = departed.last(where: { $0.id == id }) else { return }
        distrusted.insert(worker.identity)
        // What is on its way to disk is no better.
        saver.flush()
        let next = run.folder.dropCheckpoints(from: step.raw)
        observer.handle(.workerDistrusted(name: worker.name, step: Int(next)))
        failure = RuntimeError(
            .wentBack,
            "worker \(worker.identity) \(reason), and perhaps since step \(step.raw + 1) of "
                + "\(run.plan.stepCount); the same command goes on from step \(next + 1)")
    }
}
