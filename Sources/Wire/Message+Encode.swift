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
        // The C structs point at text that `buffer` keeps until they are packed.
        switch self {
        case .hello(let hello):
            unsafe buffer.pack(hello.body(&buffer), as: CONVOY__ENVELOPE__BODY_HELLO)
        case .welcome(let welcome):
            unsafe buffer.pack(welcome.body(&buffer), as: CONVOY__ENVELOPE__BODY_WELCOME)
        case .ready(let ready):
            unsafe buffer.pack(ready.body(&buffer), as: CONVOY__ENVELOPE__BODY_READY)
        case .refused(let reason):
            unsafe buffer.pack(
                Convoy__Refused(base: .init(), reason: buffer.keep(reason, .prose)),
                as: CONVOY__ENVELOPE__BODY_REFUSED)
        case .heartbeat:
            unsafe buffer.pack(
                Convoy__Heartbeat(base: .init()), as: CONVOY__ENVELOPE__BODY_HEARTBEAT)
        case .leaving:
            unsafe buffer.pack(Convoy__Leaving(base: .init()), as: CONVOY__ENVELOPE__BODY_LEAVING)
        case .goodbye(let reason):
            unsafe buffer.pack(
                Convoy__Goodbye(base: .init(), reason: buffer.keep(reason, .prose)),
                as: CONVOY__ENVELOPE__BODY_GOODBYE)
        case .failure(let failure):
            unsafe buffer.pack(failure.body(&buffer), as: CONVOY__ENVELOPE__BODY_FAILURE)
        case .shutdown(let reason):
            unsafe buffer.pack(
                Convoy__Shutdown(base: .init(), reason: buffer.keep(reason, .prose)),
                as: CONVOY__ENVELOPE__BODY_SHUTDOWN)
        case .attach(let attach):
            unsafe buffer.pack(attach.body, as: CONVOY__ENVELOPE__BODY_ATTACH)
        case .lease(let lease):
            unsafe buffer.pack(lease.body, as: CONVOY__ENVELOPE__BODY_LEASE)
        case .samples(let samples):
            unsafe buffer.pack(samples.body, as: CONVOY__ENVELOPE__BODY_SAMPLES)
        case .weights(let weights):
            unsafe buffer.pack(weights.body, as: CONVOY__ENVELOPE__BODY_WEIGHTS)
        case .published(let published):
            unsafe buffer.pack(published.body, as: CONVOY__ENVELOPE__BODY_PUBLISHED)
        case .contribution(let contribution):
            unsafe buffer.pack(contribution.body, as: CONVOY__ENVELOPE__BODY_CONTRIBUTION)
        }
    }
}

// What follows is one C struct a message. They are unsafe types because they point at text; these
// pointers lead into the buffer, which outlives them.

extension Message.Hello {
    fileprivate func body(_ buffer: inout HeaderBuffer) -> Convoy__Hello {
        unsafe Convoy__Hello(
            base: .init(), name: buffer.keep(name, .name), host: buffer.keep(host, .name),
            pid: pid.wire, build: buffer.keep(build, .name),
            numerics: buffer.keep(numerics, .name))
    }
}

extension Message.Welcome {
    fileprivate func body(_ buffer: inout HeaderBuffer) -> Convoy__Welcome {
        unsafe Convoy__Welcome(
            base: .init(), worker: worker, session: session, run: buffer.keep(run, .name),
            incarnation: incarnation.wire, job: buffer.keep(job, .job),
            local_data: localData ? 1 : 0, fingerprint: buffer.keep(fingerprint))
    }
}

extension Message.Ready {
    fileprivate func body(_ buffer: inout HeaderBuffer) -> Convoy__Ready {
        unsafe Convoy__Ready(
            base: .init(), digest: buffer.keep(digest), threads: threads.wire,
            fingerprint: buffer.keep(fingerprint))
    }
}

extension Message.Failure {
    fileprivate func body(_ buffer: inout HeaderBuffer) -> Convoy__Failure {
        unsafe Convoy__Failure(
            base: .init(), step: step, shard: shard.wire, layer: buffer.keep(layer, .name),
            message: buffer.keep(message, .prose))
    }
}

extension Message.Attach {
    fileprivate var body: Convoy__Attach {
        unsafe Convoy__Attach(base: .init(), worker: worker, session: session)
    }
}

extension Message.Lease {
    fileprivate var body: Convoy__Lease {
        unsafe Convoy__Lease(
            base: .init(), session: session, lease: lease, step: step, kind: kind.wire,
            epoch: epoch.wire, first_shard: firstShard.wire, shard_count: shardCount.wire,
            first_position: firstPosition.wire, sample_count: sampleCount.wire,
            batch_samples: batchSamples.wire, weights_version: weightsVersion,
            sample_bytes: sampleBytes.wire)
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
    fileprivate var body: Convoy__Samples {
        unsafe Convoy__Samples(
            base: .init(), session: session, lease: lease, offset: offset.wire, checksum: checksum)
    }
}

extension Message.Weights {
    fileprivate var body: Convoy__Weights {
        unsafe Convoy__Weights(
            base: .init(), session: session, version: version, chunk: chunk.wire,
            checksum: checksum)
    }
}

extension Message.Published {
    fileprivate var body: Convoy__Published {
        unsafe Convoy__Published(
            base: .init(), session: session, version: version, digest: digest)
    }
}

extension Message.Contribution {
    fileprivate var body: Convoy__Contribution {
        unsafe Convoy__Contribution(
            base: .init(), session: session, lease: lease, step: step, chunk: chunk.wire,
            level: level.wire, index: index.wire, checksum: checksum, loss_sum: lossSum,
            correct: correct.wire, samples: samples.wire)
    }
}

extension Int {
    fileprivate var wire: UInt64 {
        precondition(self >= 0, "Message: \(self) where a count was expected")
        return UInt64(self)
    }
}
