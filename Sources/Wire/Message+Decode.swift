// SPDX-License-Identifier: Apache-2.0
//
// Header bytes to values; nothing that a peer writes is believed. There again: Message+Encode.swift.

import CWire

extension Message {
    /// Reads a header frame.
    ///
    /// The data messages allocate nothing in Swift, and twice in protobuf-c.
    ///
    /// - Parameters:
    ///   - header: The frame.
    ///   - payload: Byte count of the payload frame that came with it; nil if none came.
    ///   - limits: What the connection may carry.
    /// - Throws: A version mismatch before anything else, so that builds which do not understand each
    ///   other can say why.
    public static func decode(
        header: UnsafeRawBufferPointer, payload: Int?, limits: WireLimits
    ) throws(WireError) -> Message {
        try unsafe checkVersion(header, limits)  // reads within `header`
        try checkSizes(header: header.count, payload: payload, limits)
        guard let envelope = unsafe Envelope(header) else {  // reads within `header`
            throw .malformed(
                "a header of \(header.count) bytes is cut off or garbled, expected an envelope")
        }
        try check(envelope, headerCount: header.count)
        let message = try Message(envelope, limits)
        try message.checkPayload(payload)
        return message
    }

    private init(_ envelope: borrowing Envelope, _ limits: WireLimits) throws(WireError) {
        switch envelope.kind {
        case CONVOY__ENVELOPE__BODY_HELLO: self = .hello(try Hello(envelope, limits))
        case CONVOY__ENVELOPE__BODY_WELCOME: self = .welcome(try Welcome(envelope, limits))
        case CONVOY__ENVELOPE__BODY_READY: self = .ready(try Ready(envelope, limits))
        case CONVOY__ENVELOPE__BODY_REFUSED:
            // The text is the envelope's, which is alive.
            self = try unsafe .refused(
                reason: FieldReader("refused", limits)
                    .text(envelope.fields.refused.pointee.reason, "reason", .prose))
        case CONVOY__ENVELOPE__BODY_HEARTBEAT: self = .heartbeat
        case CONVOY__ENVELOPE__BODY_LEAVING: self = .leaving
        case CONVOY__ENVELOPE__BODY_GOODBYE:
            // As above.
            self = try unsafe .goodbye(
                reason: FieldReader("goodbye", limits)
                    .text(envelope.fields.goodbye.pointee.reason, "reason", .prose))
        case CONVOY__ENVELOPE__BODY_FAILURE: self = .failure(try Failure(envelope, limits))
        case CONVOY__ENVELOPE__BODY_SHUTDOWN:
            // As above.
            self = try unsafe .shutdown(
                reason: FieldReader("shutdown", limits)
                    .text(envelope.fields.shutdown.pointee.reason, "reason", .prose))
        case CONVOY__ENVELOPE__BODY_TRACE: self = .trace(try Trace(envelope, limits))
        case CONVOY__ENVELOPE__BODY_ATTACH: self = .attach(Attach(envelope))
        case CONVOY__ENVELOPE__BODY_LEASE: self = .lease(try Lease(envelope, limits))
        case CONVOY__ENVELOPE__BODY_SAMPLES: self = .samples(try Samples(envelope, limits))
        case CONVOY__ENVELOPE__BODY_WEIGHTS: self = .weights(try Weights(envelope, limits))
        case CONVOY__ENVELOPE__BODY_CONTRIBUTION:
            self = .contribution(try Contribution(envelope, limits))
        case CONVOY__ENVELOPE__BODY_FACTORS: self = .factors(try Factors(envelope, limits))
        case CONVOY__ENVELOPE__BODY_SLOT: self = .slot(try Slot(envelope, limits))
        case CONVOY__ENVELOPE__BODY_RENEWAL: self = .renewal(try Renewal(envelope, limits))
        default:
            throw .unknownBody("body \(envelope.kind.rawValue) has no reader, expected one")
        }
    }
}

extension Message.Hello {
    fileprivate init(
        _ envelope: borrowing Envelope, _ limits: WireLimits
    ) throws(WireError) {
        let read = FieldReader("hello", limits)
        let body = unsafe envelope.fields.hello.pointee  // texts: the envelope's
        try unsafe self.init(
            name: read.text(body.name, "name", .name, mayBeEmpty: false),
            host: read.text(body.host, "host", .name),
            pid: read.count(body.pid, "pid"),
            build: read.text(body.build, "build", .name),
            numerics: read.text(body.numerics, "numerics", .name, mayBeEmpty: false),
            memory: Message.Memory(body.memory, read))
    }
}

extension Message.Welcome {
    fileprivate init(
        _ envelope: borrowing Envelope, _ limits: WireLimits
    ) throws(WireError) {
        let read = FieldReader("welcome", limits)
        let body = unsafe envelope.fields.welcome.pointee  // texts: the envelope's
        try unsafe self.init(
            worker: body.worker,
            session: body.session,
            run: read.text(body.run, "run", .name, mayBeEmpty: false),
            incarnation: read.count(body.incarnation, "incarnation"),
            job: read.text(body.job, "job", .job, mayBeEmpty: false),
            localData: body.local_data != 0,
            fingerprint: read.digest(body.fingerprint, "fingerprint"),
            memory: Message.Memory(body.memory, read),
            readsMemory: body.reads_memory != 0,
            wantsTrace: body.wants_trace != 0,
            factoredShards: read.count(body.factored_shards, "factored_shards"))
    }
}

extension Message.Memory {
    fileprivate init?(
        _ body: UnsafeMutablePointer<Convoy__Memory>?, _ read: FieldReader
    ) throws(WireError) {
        // The envelope's, which is alive.
        guard let body = unsafe body?.pointee else { return nil }
        try unsafe self.init(
            pid: read.count(body.pid, "memory.pid"),
            descriptor: read.count(body.descriptor, "memory.descriptor", atMost: Int(Int32.max)),
            key: body.key)
    }
}

extension Message.Ready {
    fileprivate init(
        _ envelope: borrowing Envelope, _ limits: WireLimits
    ) throws(WireError) {
        let read = FieldReader("ready", limits)
        let body = unsafe envelope.fields.ready.pointee  // digests: the envelope's
        try unsafe self.init(
            digest: read.digest(body.digest, "digest"),
            threads: read.count(body.threads, "threads", atLeast: 1, atMost: limits.threads),
            fingerprint: body.fingerprint.len == 0
                ? nil : read.digest(body.fingerprint, "fingerprint"),
            readsMemory: body.reads_memory != 0)
    }
}

extension Message.Failure {
    fileprivate init(
        _ envelope: borrowing Envelope, _ limits: WireLimits
    ) throws(WireError) {
        let read = FieldReader("failure", limits)
        let body = unsafe envelope.fields.failure.pointee  // texts: the envelope's
        try unsafe self.init(
            step: body.step,
            shard: read.count(body.shard, "shard"),
            layer: read.text(body.layer, "layer", .name),
            message: read.text(body.message, "message", .prose))
    }
}

extension Message.Trace {
    fileprivate init(
        _ envelope: borrowing Envelope, _ limits: WireLimits
    ) throws(WireError) {
        let read = FieldReader("trace", limits)
        let body = unsafe envelope.fields.trace.pointee  // lists: the envelope's
        let count = try unsafe read.count(
            UInt64(body.n_kinds), "kinds", atMost: WireLimits.spans)
        for length in unsafe [
            body.n_rows, body.n_ages, body.n_durations, body.n_steps, body.n_parts,
        ]
        where length != count {
            throw .outOfRange(
                "trace has lists of \(count) and \(length) entries, expected equal ones")
        }
        unsafe self.init(clock: body.clock, isLast: body.is_last != 0)
        spans.reserveCapacity(count)
        // Each list has `count` entries.
        for index in 0..<count {
            let age = unsafe body.ages[index], duration = unsafe body.durations[index]
            guard age <= clock, duration <= age else {
                throw .outOfRange(
                    "trace has a span that began \(age) ns before \(clock) and took \(duration) ns, "
                        + "expected one in the past")
            }
            try unsafe spans.append(
                Span(
                    kind: Kind(body.kinds[index]),
                    row: read.count(body.rows[index], "rows", atMost: 2 * limits.threads),
                    age: age, duration: duration, step: body.steps[index],
                    part: body.parts[index]))
        }
    }
}

extension Message.Trace.Kind {
    fileprivate init(_ kind: Convoy__Trace__Kind) throws(WireError) {
        switch kind {
        case CONVOY__TRACE__KIND__DATA: self = .data
        case CONVOY__TRACE__KIND__FORWARD: self = .forward
        case CONVOY__TRACE__KIND__BACKWARD: self = .backward
        case CONVOY__TRACE__KIND__RECEIVE: self = .receive
        case CONVOY__TRACE__KIND__WAIT_FOR_WORK: self = .waitForWork
        case CONVOY__TRACE__KIND__WAIT_FOR_DATA: self = .waitForData
        case CONVOY__TRACE__KIND__WAIT_FOR_WEIGHTS: self = .waitForWeights
        case CONVOY__TRACE__KIND__UPDATE: self = .update
        default: throw .outOfRange("trace.kinds holds \(kind.rawValue), expected 1 to 8")
        }
    }
}

extension Message.Attach {
    fileprivate init(_ envelope: borrowing Envelope) {
        let body = unsafe envelope.fields.attach.pointee  // numbers only
        unsafe self.init(worker: body.worker, session: body.session)
    }
}

extension Message.Lease {
    fileprivate init(
        _ envelope: borrowing Envelope, _ limits: WireLimits
    ) throws(WireError) {
        let read = FieldReader("lease", limits)
        let body = unsafe envelope.fields.lease.pointee  // numbers only
        let batch = try unsafe read.count(body.batch_samples, "batch_samples", atLeast: 1)
        let samples = try unsafe read.count(
            body.sample_count, "sample_count", atLeast: 1, atMost: batch)
        // Every shard has a sample at least. Unsafe as above: a copy that holds numbers.
        try unsafe self.init(
            session: body.session,
            lease: body.lease,
            step: body.step,
            kind: Kind(body.kind),
            epoch: read.count(body.epoch, "epoch"),
            firstShard: read.count(body.first_shard, "first_shard", atMost: batch - 1),
            shardCount: read.count(body.shard_count, "shard_count", atLeast: 1, atMost: samples),
            firstPosition: read.count(body.first_position, "first_position"),
            sampleCount: samples,
            batchSamples: batch,
            weightsVersion: body.weights_version,
            sampleBytes: read.count(body.sample_bytes, "sample_bytes"),
            place: body.place == 0 ? nil : read.count(body.place, "place"),
            checksum: body.checksum,
            waited: body.waited)
    }
}

extension Message.Lease.Kind {
    fileprivate init(_ kind: Convoy__Lease__Kind) throws(WireError) {
        switch kind {
        case CONVOY__LEASE__KIND__TRAIN: self = .train
        case CONVOY__LEASE__KIND__EVALUATE: self = .evaluate
        default:
            throw .outOfRange("lease.kind is \(kind.rawValue), expected 1 (train) or 2 (evaluate)")
        }
    }
}

extension Message.Samples {
    fileprivate init(
        _ envelope: borrowing Envelope, _ limits: WireLimits
    ) throws(WireError) {
        let read = FieldReader("samples", limits)
        let body = unsafe envelope.fields.samples.pointee  // numbers only
        try unsafe self.init(
            session: body.session,
            lease: body.lease,
            offset: read.count(body.offset, "offset"),
            checksum: body.checksum)
    }
}

extension Message.Weights {
    fileprivate init(
        _ envelope: borrowing Envelope, _ limits: WireLimits
    ) throws(WireError) {
        let read = FieldReader("weights", limits)
        let body = unsafe envelope.fields.weights.pointee  // numbers only
        try unsafe self.init(
            session: body.session,
            version: body.version,
            chunk: read.count(body.chunk, "chunk"),
            checksum: body.checksum,
            place: body.place == 0 ? nil : read.count(body.place, "place"),
            digest: body.digest == 0 ? nil : body.digest)
    }
}

extension Message.Contribution {
    /// A tree of this height has `WireLimits.count` leaves.
    private static let highestLevel = 40

    fileprivate init(
        _ envelope: borrowing Envelope, _ limits: WireLimits
    ) throws(WireError) {
        let read = FieldReader("contribution", limits)
        let body = unsafe envelope.fields.contribution.pointee  // numbers only
        // 0 in all chunks but a step's first, which carries loss, correct and samples for them all.
        let samples = try unsafe read.count(body.samples, "samples")
        try unsafe self.init(
            session: body.session,
            lease: body.lease,
            step: body.step,
            chunk: read.count(body.chunk, "chunk"),
            level: read.count(body.level, "level", atMost: Self.highestLevel),
            index: read.count(body.index, "index"),
            checksum: body.checksum,
            lossSum: read.finite(body.loss_sum, "loss_sum"),
            correct: read.count(body.correct, "correct", atMost: samples),
            samples: samples,
            place: body.place == 0 ? nil : read.count(body.place, "place"),
            waitedForSamples: body.waited_for_samples,
            waitedForDecoding: body.waited_for_decoding,
            ready: body.ready)
    }
}
