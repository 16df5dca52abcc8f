// SPDX-License-Identifier: Apache-2.0
//
// The stored samples of the coming steps, gathered by a thread of their own.

import Coordination
import Datasets
import Tensors

/// How a sample travels: its length and label, then the numbers that come with it, and its bytes as stored; or,
/// where the worker has the same files, their checksum alone.
///
///     [UInt32 byteCount][Int32 label][Float targets and weight ...][bytes]    little-endian, unaligned, one after the other
enum SampleRecord {
    static let headerBytes = 8
    static let checksumBytes = 8

    /// The most bytes of one.
    ///
    /// - Parameter isLocal: Whether workers have the same files.
    static func mostBytes(_ model: WorkerModel, isLocal: Bool) -> Int {
        headerBytes + (isLocal ? checksumBytes : 4 * model.numberCount + model.sampleBytes)
    }

    /// One record at the front of `bytes`: label, stored bytes, and what follows; nil if it lies about its
    /// length.
    static func first(
        of bytes: UnsafeRawBufferPointer
    ) -> (label: Int32, stored: UnsafeRawBufferPointer, rest: UnsafeRawBufferPointer)? {
        guard bytes.count >= headerBytes else { return nil }
        let count = Int(bytes.loadUnaligned(as: UInt32.self))
        guard count <= bytes.count - headerBytes else { return nil }
        return (
            bytes.loadUnaligned(fromByteOffset: 4, as: Int32.self),
            UnsafeRawBufferPointer(rebasing: bytes[headerBytes..<headerBytes + count]),
            UnsafeRawBufferPointer(rebasing: bytes[(headerBytes + count)...])
        )
    }
}

/// The samples of one step, shard after shard.
final class StepSamples: @unchecked Sendable {
    // Written by the feed's thread before it is handed over, and only read after that.
    let step: StepID
    fileprivate(set) var buffer: FlightBuffer<UInt8>
    /// Where each shard's records begin; one more for the end.
    fileprivate(set) var offsets: [Int] = []

    fileprivate init(step: StepID, buffer: FlightBuffer<UInt8>) {
        self.step = step
        self.buffer = buffer
    }

    func bytes(ofShards shards: Range<Int>) -> Range<Int> {
        offsets[shards.lowerBound]..<offsets[shards.upperBound]
    }

    /// The step is over: the memory is free once the last message has left.
    func release() { buffer.release() }
}

/// Reads the samples of steps ahead of their leases, so that no disk is waited for on the socket thread.
final class SampleFeed: @unchecked Sendable {
    // All mutable state is guarded by `monitor`.
    private let monitor = Monitor()
    private let sources: SampleSources
    private let plan: RunPlan
    private let doorbell: Doorbell
    private let memory: SharedMemory?
    private var wanted: [StepID] = []
    private var ready: [StepSamples] = []
    private var failure: RuntimeError?
    private var isClosed = false
    private var buffers: [FlightBuffer<UInt8>] = []
    /// Of the samples of the step that is being gathered; the feed's thread only.
    private var indices: [Int] = []
    /// Where checksums alone travel; the feed's thread only.
    private var manifests: (training: SampleManifest, validation: SampleManifest?)?
    /// The feed's thread only.
    private let timeline: Timeline?
    private var thread: PlainThread?

    /// - Parameters:
    ///   - manifests: Where checksums alone are to travel.
    ///   - timeline: What the thread does, for whoever wants to know.
    init(
        sources: SampleSources, plan: RunPlan, doorbell: Doorbell, memory: SharedMemory?,
        manifests: (training: SampleManifest, validation: SampleManifest?)?,
        timeline: Timeline?
    ) {
        self.timeline = timeline
        self.memory = memory
        self.manifests = manifests
        self.sources = sources
        self.plan = plan
        self.doorbell = doorbell
        thread = PlainThread("convoy-feed") { [self] in run() }
    }

    func request(_ step: StepID) {
        monitor.withLock {
            wanted.append(step)
            monitor.broadcast()
        }
    }

    /// The samples of a step if they are ready.
    func samples(of step: StepID) throws(RuntimeError) -> StepSamples? {
        monitor.lock()
        defer { monitor.unlock() }
        if let failure { throw failure }
        return ready.first { $0.step == step }
    }

    /// The step is committed.
    func forget(_ step: StepID) {
        monitor.withLock {
            guard let index = ready.firstIndex(where: { $0.step == step }) else { return }
            ready.remove(at: index).release()
        }
    }

    func close() {
        monitor.withLock {
            isClosed = true
            monitor.broadcast()
        }
        thread?.join()
    }

    private func run() {
        while true {
            monitor.lock()
            while wanted.isEmpty && !isClosed { monitor.wait() }
            if isClosed {
                monitor.unlock()
                manifests?.training.save()
                manifests?.validation?.save()
                return
            }
            let step = wanted.removeFirst()
            monitor.unlock()
            timeline?.begin(.data, step: step.raw)
            defer { timeline?.end() }
            do throws(RuntimeError) {
                let samples = try gather(plan.step(step))
                monitor.withLock { ready.append(samples) }
            } catch {
                monitor.withLock { failure = error }
            }
            doorbell.ring()
        }
    }

    private func gather(_ step: PlannedStep) throws(RuntimeError) -> StepSamples {
        guard let source = sources.source(kind: step.kind, pass: step.pass) else {
            preconditionFailure("a step evaluates, but the job has no validation data")
        }
        indices.removeAll(keepingCapacity: true)
        var bytes = 0
        do throws(DatasetError) {
            for position in step.samples {
                let index = source.index(at: position)
                indices.append(index)
                bytes += SampleRecord.headerBytes + (try bytesToSend(index, of: source))
            }
        } catch { throw RuntimeError(.dataset, "\(error)") }
        let samples = StepSamples(step: step.id, buffer: take(atLeast: bytes))
        let memory = UnsafeMutableRawBufferPointer(samples.buffer.memory.elements)
        var offset = 0
        do throws(DatasetError) {
            for (row, index) in indices.enumerated() {
                if row % plan.shardSize == 0 { samples.offsets.append(offset) }
                let count = try bytesToSend(index, of: source)
                memory.storeBytes(of: UInt32(count), toByteOffset: offset, as: UInt32.self)
                memory.storeBytes(
                    of: source.dataset.label(index), toByteOffset: offset + 4, as: Int32.self)
                let start = offset + SampleRecord.headerBytes
                if manifests == nil {
                    var place = start
                    for number in source.dataset.numbers(index) {
                        memory.storeBytes(of: number, toByteOffset: place, as: Float.self)
                        place += 4
                    }
                    try source.dataset.read(
                        index,
                        into: UnsafeMutableRawBufferPointer(rebasing: memory[place..<start + count])
                    )
                } else {
                    let checksum = try checksum(index, kind: step.kind)
                    memory.storeBytes(of: checksum, toByteOffset: start, as: UInt64.self)
                }
                offset = start + count
            }
        } catch { throw RuntimeError(.dataset, "\(error)") }
        samples.offsets.append(offset)
        return samples
    }

    private func bytesToSend(
        _ index: Int, of source: SampleSources.Source
    ) throws(DatasetError) -> Int {
        guard manifests == nil else { return SampleRecord.checksumBytes }
        return 4 * source.dataset.numbers(index).count + (try source.dataset.storedBytes(index))
    }

    private func checksum(_ index: Int, kind: PlannedStep.Kind) throws(DatasetError) -> UInt64 {
        let checksum =
            kind == .train
            ? try manifests?.training.checksum(index)
            : try manifests?.validation?.checksum(index)
        guard let checksum else {
            preconditionFailure("SampleFeed: \(kind) step without the manifest of its data set")
        }
        return checksum
    }

    private func take(atLeast bytes: Int) -> FlightBuffer<UInt8> {
        if let index = buffers.firstIndex(where: { $0.isFree && $0.memory.count >= bytes }) {
            buffers[index].retain()
            return buffers[index]
        }
        buffers.removeAll { $0.isFree }
        let fresh = FlightBuffer<UInt8>(count: bytes + bytes / 8, in: memory)
        fresh.retain()
        buffers.append(fresh)
        return fresh
    }
}
