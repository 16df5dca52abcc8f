// SPDX-License-Identifier: Apache-2.0
//
// Values to header bytes. Back again: Message+Decode.swift.

import CWire

extension Message {
    /// Writes the header frame of this message into `buffer`, in place of what it held.
    ///
    /// Names and reasons that are too long are cut. The data messages allocate nothing.
    ///
    /// - Precondition: Counts are not negative, digests have 32 bytes, `Welcome.check(job:)` passes.
    public func encode(into buffer: inout HeaderBuffer) {
        switch self {
        case .hello(let hello): hello.pack(into: &buffer)
        case .welcome(let welcome): welcome.pack(into: &buffer)
        case .ready(let ready): ready.pack(into: &buffer)
        case .refused(let reason):
            // The text is the buffer's until it is packed.
            unsafe buffer.pack(
                Convoy__Refused(base: .init(), reason: buffer.keep(reason, .prose)),
                as: CONVOY__ENVELOPE__BODY_REFUSED)
        case .heartbeat:
            // No field, so no pointer.
            unsafe buffer.pack(
                Convoy__Heartbeat(base: .init()), as: CONVOY__ENVELOPE__BODY_HEARTBEAT)
        case .leaving:
            // As above.
            unsafe buffer.pack(Convoy__Leaving(base: .init()), as: CONVOY__ENVELOPE__BODY_LEAVING)
        case .goodbye(let reason):
            // The text is the buffer's until it is packed.
            unsafe buffer.pack(
                Convoy__Goodbye(base: .init(), reason: buffer.keep(reason, .prose)),
                as: CONVOY__ENVELOPE__BODY_GOODBYE)
        case .failure(let failure): failure.pack(into: &buffer)
        case .shutdown(let reason):
            // The text is the buffer's until it is packed.
            unsafe buffer.pack(
                Convoy__Shutdown(base: .init(), reason: buffer.keep(reason, .prose)),
                as: CONVOY__ENVELOPE__BODY_SHUTDOWN)
        case .trace(let trace): trace.pack(into: &buffer)
        case .attach(let attach): attach.pack(into: &buffer)
        case .lease(let lease): lease.pack(into: &buffer)
        case .samples(let samples): samples.pack(into: &buffer)
        case .weights(let weights): weights.pack(into: &buffer)
        case .contribution(let contribution): contribution.pack(into: &buffer)
        case .factors(let factors): factors.pack(into: &buffer)
        case .slot(let slot): slot.pack(into: &buffer)
        case .renewal(let renewal): renewal.pack(into: &buffer)
        }
    }
}

extension Message.Hello {
    fileprivate func pack(into buffer: inout HeaderBuffer) {
        // The texts are the buffer's until they are packed.
        unsafe buffer.pack(
            Convoy__Hello(
                base: .init(), name: buffer.keep(name, .name), host: buffer.keep(host, .name),
                pid: pid.wire, build: buffer.keep(build, .name),
                numerics: buffer.keep(numerics, .name), memory: buffer.keep(memory)),
            as: CONVOY__ENVELOPE__BODY_HELLO)
    }
}

extension Message.Welcome {
    fileprivate func pack(into buffer: inout HeaderBuffer) {
        // The texts are the buffer's until they are packed.
        unsafe buffer.pack(
            Convoy__Welcome(
                base: .init(), worker: worker, session: session, run: buffer.keep(run, .name),
                incarnation: incarnation.wire, job: buffer.keep(job, .job),
                local_data: localData ? 1 : 0, fingerprint: buffer.keep(fingerprint),
                memory: buffer.keep(memory), reads_memory: readsMemory ? 1 : 0,
                wants_trace: wantsTrace ? 1 : 0,
                factored_shards: factoredShards.wire),
            as: CONVOY__ENVELOPE__BODY_WELCOME)
    }
}

extension Message.Ready {
    fileprivate func pack(into buffer: inout HeaderBuffer) {
        // The digests are the buffer's until they are packed.
        unsafe buffer.pack(
            Convoy__Ready(
                base: .init(), digest: buffer.keep(digest), threads: threads.wire,
                fingerprint: buffer.keep(fingerprint), reads_memory: readsMemory ? 1 : 0),
            as: CONVOY__ENVELOPE__BODY_READY)
    }
}

extension Message.Failure {
    fileprivate func pack(into buffer: inout HeaderBuffer) {
        // The texts are the buffer's until they are packed.
        unsafe buffer.pack(
            Convoy__Failure(
                base: .init(), step: step, shard: shard.wire, layer: buffer.keep(layer, .name),
                message: buffer.keep(message, .prose)),
            as: CONVOY__ENVELOPE__BODY_FAILURE)
    }
}

extension Message.Trace {
    fileprivate func pack(into buffer: inout HeaderBuffer) {
        precondition(
            spans.count <= WireLimits.spans,
            "Message: \(spans.count) spans in one trace, expected at most \(WireLimits.spans)")
        // The lists are the buffer's until they are packed.
        unsafe buffer.pack(
            Convoy__Trace(
                base: .init(), clock: clock, is_last: isLast ? 1 : 0,
                n_kinds: spans.count, kinds: buffer.keep(spans.map(\.kind.wire)),
                n_rows: spans.count, rows: buffer.keep(spans.map(\.row.wire)),
                n_ages: spans.count, ages: buffer.keep(spans.map(\.age)),
                n_durations: spans.count, durations: buffer.keep(spans.map(\.duration)),
                n_steps: spans.count, steps: buffer.keep(spans.map(\.step)),
                n_parts: spans.count, parts: buffer.keep(spans.map(\.part))),
            as: CONVOY__ENVELOPE__BODY_TRACE)
    }
}

extension Message.Trace.Kind {
    fileprivate var wire: Convoy__Trace__Kind {
        switch self {
        case .data: CONVOY__TRACE__KIND__DATA
        case .forward: CONVOY__TRACE__KIND__FORWARD
        case .backward: CONVOY__TRACE__KIND__BACKWARD
        case .receive: CONVOY__TRACE__KIND__RECEIVE
        case .waitForWork: CONVOY__TRACE__KIND__WAIT_FOR_WORK
        case .waitForData: CONVOY__TRACE__KIND__WAIT_FOR_DATA
        case .waitForWeights: CONVOY__TRACE__KIND__WAIT_FOR_WEIGHTS
        case .update: CONVOY__TRACE__KIND__UPDATE
        }
    }
}

extension Message.Attach {
    fileprivate func pack(into buffer: inout HeaderBuffer) {
        // Numbers only.
        unsafe buffer.pack(
            Convoy__Attach(base: .init(), worker: worker, session: session),
            as: CONVOY__ENVELOPE__BODY_ATTACH)
    }
}

extension Message.Lease {
    fileprivate func pack(into buffer: inout HeaderBuffer) {
        // Numbers only.
        unsafe buffer.pack(
            Convoy__Lease(
                base: .init(), session: session, lease: lease, step: step, kind: kind.wire,
                epoch: epoch.wire, first_shard: firstShard.wire, shard_count: shardCount.wire,
                first_position: firstPosition.wire, sample_count: sampleCount.wire,
                batch_samples: batchSamples.wire, weights_version: weightsVersion,
                sample_bytes: sampleBytes.wire, place: (place ?? 0).wire, checksum: checksum,
                waited: waited),
            as: CONVOY__ENVELOPE__BODY_LEASE)
    }
}

extension Message.Lease.Kind {
    fileprivate var wire: Convoy__Lease__Kind {
        switch self {
        case .train: CONVOY__LEASE__KIND__TRAIN
        case .evaluate: CONVOY__LEASE__KIND__EVALUATE
        }
    }
}

extension Message.Samples {
    fileprivate func pack(into buffer: inout HeaderBuffer) {
        // Numbers only.
        unsafe buffer.pack(
            Convoy__Samples(
                base: .init(), session: session, lease: lease, offset: offset.wire,
                checksum: checksum),
            as: CONVOY__ENVELOPE__BODY_SAMPLES)
    }
}

extension Message.Weights {
    fileprivate func pack(into buffer: inout HeaderBuffer) {
        // Numbers only.
        unsafe buffer.pack(
            Convoy__Weights(
                base: .init(), session: session, version: version, chunk: chunk.wire,
                checksum: checksum, place: (place ?? 0).wire, digest: digest ?? 0),
            as: CONVOY__ENVELOPE__BODY_WEIGHTS)
    }
}

extension Message.Contribution {
    fileprivate func pack(into buffer: inout HeaderBuffer) {
        // Numbers only.
        unsafe buffer.pack(
            Convoy__Contribution(
                base: .init(), session: session, lease: lease, step: step, chunk: chunk.wire,
                level: level.wire, index: index.wire, checksum: checksum, loss_sum: lossSum,
                correct: correct.wire, samples: samples.wire,
                place: (place ?? 0).wire, waited_for_samples: waitedForSamples,
                waited_for_decoding: waitedForDecoding, ready: ready),
            as: CONVOY__ENVELOPE__BODY_CONTRIBUTION)
    }
}

extension Int {
    var wire: UInt64 {
        precondition(self >= 0, "Message: \(self) where a count was expected")
        return UInt64(self)
    }
}
