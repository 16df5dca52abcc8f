// SPDX-License-Identifier: Apache-2.0
//
// Who computes for a session.

import Datasets
import Tensors

/// A worker's threads, the model that they share and the queue that they take their work from. There is one
/// as soon as the job is known.
struct Crew {
    let model: WorkerModel
    let queue: WorkQueue
    /// The most bytes that a sample of a lease may have on its way.
    let recordBytes: Int
    private let compute: [ComputeThread]
    private let data: [DataThread]

    /// Starts the threads.
    ///
    /// - Parameters:
    ///   - local: The worker's own copy of the data; nil if samples come with their leases.
    ///   - cache: Where decoded images are kept, if they are.
    ///   - memory: Where gradients lie; nil for memory of this process alone.
    ///   - bulletin: Of a coordinator of this machine. Has to stay until `dismiss`.
    ///   - stepsLayers: Whether layers whose gradients travel as factors are stepped here.
    ///   - recorder: Told what the threads do; nil if nobody wants to know.
    init(
        model: WorkerModel, local: SampleSources?, cache: ImageCache?, options: WorkerOptions,
        doorbell: Doorbell, memory: SharedMemory?, bulletin: Bulletin?, stepsLayers: Bool,
        recorder: SpanRecorder?
    ) {
        let queue = WorkQueue(
            model: model, threads: options.threads, doorbell: doorbell, memory: memory,
            bulletin: bulletin, stepsLayers: stepsLayers, isTraced: recorder != nil)
        self.model = model
        self.queue = queue
        recordBytes = SampleRecord.mostBytes(model, isLocal: local != nil)
        compute = (0..<options.threads).map { number in
            ComputeThread(
                number, core: options.firstCore.map { first in first + number }, model: model,
                queue: queue, local: local, cache: cache, faults: options.faults,
                timeline: recorder.map { Timeline($0, row: TraceRow.compute(number)) })
        }
        data = (0..<(model.decoder.takesTime ? options.threads : 0)).map { number in
            DataThread(
                number, model: model, queue: queue, local: local, cache: cache,
                timeline: recorder.map { Timeline($0, row: TraceRow.data(number)) })
        }
    }

    /// Lets the threads end, and waits until they have.
    func dismiss() {
        queue.close()
        for thread in compute { thread.join() }
        for thread in data { thread.join() }
    }
}
