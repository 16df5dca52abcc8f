// SPDX-License-Identifier: Apache-2.0
//
// Checkpoints on their way to disk, while training goes on.

/// Writes one checkpoint after another on a thread of its own: a slow disk is not waited for until the next
/// one is due.
final class CheckpointWriter: @unchecked Sendable {
    // All mutable state is guarded by `monitor`.
    private let monitor = Monitor()
    private let folder: RunFolder
    private let identity: String
    private let doorbell: Doorbell
    private struct Item {
        let checkpoint: Checkpoint
        let best: ModelFile?
        let neededFrom: UInt64?
    }
    private var waiting: Item?
    private var isWriting = false
    private var written: [String] = []
    private var failure: RuntimeError?
    private var isClosed = false
    private var thread: PlainThread?

    /// - Parameter doorbell: Rung when a checkpoint is on disk, or cannot be.
    init(folder: RunFolder, identity: String, doorbell: Doorbell) {
        self.folder = folder
        self.identity = identity
        self.doorbell = doorbell
        thread = PlainThread("convoy-save") { [self] in run() }
    }

    /// Hands a checkpoint over, when the one before is on disk.
    ///
    /// - Parameters:
    ///   - best: The model of the best epoch, if there is a new one.
    ///   - step: The run may have to be done again from this step on; nil if not.
    func write(_ checkpoint: Checkpoint, best: ModelFile?, neededFrom step: UInt64? = nil) {
        monitor.lock()
        while waiting != nil { monitor.wait() }
        waiting = Item(checkpoint: checkpoint, best: best, neededFrom: step)
        monitor.broadcast()
        monitor.unlock()
    }

    /// Waits until all that was handed over is on disk.
    func flush() {
        monitor.lock()
        while waiting != nil || isWriting { monitor.wait() }
        monitor.unlock()
    }

    /// Where checkpoints have been written since the last call.
    ///
    /// - Throws: What kept the last one from being written.
    func takeWritten() throws(RuntimeError) -> [String] {
        monitor.lock()
        defer { monitor.unlock() }
        if let failure { throw failure }
        defer { written.removeAll() }
        return written
    }

    /// Writes what was handed over, then ends.
    func close() {
        monitor.withLock {
            isClosed = true
            monitor.broadcast()
        }
        thread?.join()
    }

    private func run() {
        while let item = next() {
            let path = folder.checkpointPath(step: item.checkpoint.next.raw)
            do throws(RuntimeError) {
                try item.checkpoint.write(to: path, identity: identity)
                folder.pruneCheckpoints(needed: item.neededFrom)
                try item.best?.write(to: folder.bestModelPath)
                done { written.append(path) }
            } catch { done { failure = failure ?? error } }
        }
    }

    private func next() -> Item? {
        monitor.lock()
        defer { monitor.unlock() }
        while waiting == nil, !isClosed { monitor.wait() }
        guard let item = waiting else { return nil }
        waiting = nil
        isWriting = true
        monitor.broadcast()
        return item
    }

    private func done(_ note: () -> Void) {
        monitor.withLock {
            note()
            isWriting = false
            monitor.broadcast()
        }
        doorbell.ring()
    }
}
