// SPDX-License-Identifier: Apache-2.0
//
// Images that are decoded and augmented before a compute thread has time for them.

import Datasets

/// Decodes shards ahead of a worker's compute threads, in a fixed number of buffers.
final class DataThread: @unchecked Sendable {
    // Used by its own thread only, once that is started.
    private let queue: WorkQueue
    private let decoder: ShardDecoder
    private let timeline: Timeline?
    private var thread: PlainThread?

    /// - Parameters:
    ///   - local: The worker's own copy of the data, where only positions travel.
    ///   - cache: Where decoded images are kept, if they are.
    init(
        _ number: Int, model: WorkerModel, queue: WorkQueue, local: SampleSources?,
        cache: ImageCache?, timeline: Timeline?
    ) {
        self.queue = queue
        self.timeline = timeline
        decoder = ShardDecoder(model, local: local, cache: cache, keeps: true)
        thread = PlainThread("convoy-data\(number)") { [self] in run() }
    }

    func join() { thread?.join() }

    private func run() {
        while let shard = queue.nextToDecode() {
            timeline?.begin(.data, step: shard.task.work.lease.step, part: shard.task.shard)
            defer { timeline?.end() }
            do throws(DatasetError) {
                try decoder.decode(shard.task, into: shard.pixels)
                queue.add(shard)
            } catch {
                queue.discard(shard)
                queue.fail(shard.task, error)
            }
        }
    }
}
