// SPDX-License-Identifier: Apache-2.0
//
// What a worker makes of what its coordinator sends.

import Tensors
import Wire
import ZeroMQ

extension WorkerSession {
    func receive(
        _ header: borrowing Frame, _ payload: borrowing Frame?, _ limits: WireLimits
    ) {
        lastHeard = .now
        let count = payload.byteCount
        let decoded: Message
        do throws(WireError) {
            decoded = try header.withBytes { bytes throws(WireError) in
                try Message.decode(header: bytes, payload: count, limits: limits)
            }
        } catch {
            logger.debug("message not understood", metadata: ["error": "\(error)"])
            if error.code == .versionMismatch { end = .refused(error.detail) }
            return
        }
        payload.withPayload { take(decoded, $0) }
    }

    private func take(_ message: Message, _ bytes: UnsafeRawBufferPointer) {
        switch message {
        case .welcome(let welcome): begin(welcome)
        case .refused(let reason): end = .refused(reason)
        case .goodbye(let reason): end = .again(reason)
        case .shutdown(let reason): end = .finished(reason)
        case .heartbeat: break
        case .lease(let lease):
            guard lease.session == session, !isLeaving, let crew else { return }
            let shardSize = crew.model.job.training.shardSize
            guard lease.fits(shardSize: shardSize, recordBytes: crew.recordBytes) else {
                end = .refused("the coordinator sent a lease that cannot be: \(lease)")
                return
            }
            if lease.kind == .train {
                options.faults?.strike(.lease, step: lease.weightsVersion + 1)
            }
            crew.queue.add(lease)
            guard let place = lease.place else { return }
            // Samples that are no more there are of a step that is over.
            guard let bytes = others.view?.bytes(at: place, count: lease.sampleBytes) else {
                return
            }
            crew.queue.addSamples(
                lease: lease.lease, offset: 0, bytes, checksum: lease.checksum)
        case .samples(let samples):
            guard samples.session == session else { return }
            crew?.queue.addSamples(
                lease: samples.lease, offset: samples.offset, bytes, checksum: samples.checksum)
        case .weights(let weights): addWeights(weights, bytes)
        case .factors(let factors):
            guard factors.session == session, let queue = crew?.queue else { return }
            note(queue.addFactors(factors, bytes), "factors of bucket \(factors.bucket)")
        case .slot(let slot):
            guard slot.session == session, let queue = crew?.queue else { return }
            note(queue.addSlot(slot, bytes), "slot \(slot.slot) of chunk \(slot.chunk)")
        case .renewal(let renewal): renew(renewal)
        case .hello, .ready, .leaving, .failure, .trace, .attach, .contribution:
            logger.debug("a coordinator sent a worker's message")
        }
    }

    /// What became of what came.
    private func note(_ arrival: WorkQueue.Arrival, _ what: @autoclosure () -> String) {
        switch arrival {
        case .stored: break
        case .tooEarly: isTooEarly = true
        case .damaged: end = .again("\(what()) arrived damaged")
        }
    }

    /// The worker is to step a layer itself. Of the version that comes of it this is the message of all
    /// its chunks.
    private func renew(_ renewal: Message.Renewal) {
        guard renewal.session == session, let crew else { return }
        let arrival = crew.queue.renew(renewal)
        note(arrival, "the renewal of bucket \(renewal.bucket)")
        guard arrival == .stored else { return }
        let chunks = crew.model.chunks.chunksOfBucket[renewal.bucket]
        for (chunk, checksum) in zip(chunks, renewal.checksums) {
            let isLast = chunk + 1 == chunks.upperBound
            if !others.received(
                .init(
                    session: renewal.session, version: renewal.version, chunk: chunk,
                    checksum: checksum, digest: isLast ? renewal.digest : nil))
            {
                end = .again("the weights of version \(renewal.version) arrived damaged")
            }
        }
    }

    private func addWeights(_ weights: Message.Weights, _ payload: UnsafeRawBufferPointer) {
        guard weights.session == session, let crew else { return }
        if weights.version == WhiteningParts.version {
            if !crew.queue.addWhitening(
                part: weights.chunk, payload, checksum: weights.checksum)
            {
                end = .again("part \(weights.chunk) of the whitening matrix arrived damaged")
            }
            return
        }
        let chunks = crew.model.chunks.chunks
        guard weights.chunk < chunks.count else {
            end = .again("there is no chunk \(weights.chunk) of the weights")
            return
        }
        let range = chunks[weights.chunk].range
        guard let source = others.source(of: weights, range, of: crew.model.chunks.count, payload)
        else {
            end = .again(
                "chunk \(weights.chunk) of the weights has not \(range.count) floats")
            return
        }
        let arrival = crew.queue.addWeights(
            version: weights.version, chunk: weights.chunk, source)
        note(arrival, "chunk \(weights.chunk) of the weights")
        guard arrival == .stored else { return }
        if let recorder {
            let now = Monitor.now
            recorder.note(
                TraceSpan(
                    kind: .receive, row: TraceRow.receive, begin: now, end: now,
                    step: weights.version, part: UInt64(weights.chunk)))
        }
        if !others.received(weights) {
            end = .again("the weights of version \(weights.version) arrived damaged")
        }
    }
}
