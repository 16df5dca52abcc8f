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
        try unsafe checkVersion(header, limits)
        try checkSizes(header: header.count, payload: payload, limits)
        // protobuf-c reads `count` bytes; what it makes of them lives until the end of this function.
        guard
            let envelope = unsafe convoy__envelope__unpack(
                nil, header.count, header.baseAddress?.assumingMemoryBound(to: UInt8.self))
        else {
            throw .malformed(
                "a header of \(header.count) bytes is cut off or garbled, expected an envelope")
        }
        defer { unsafe convoy__envelope__free_unpacked(envelope, nil) }
        try unsafe checkBody(envelope, headerCount: header.count)
        let message = try unsafe Message(envelope.pointee, limits)
        try message.checkPayload(payload)
        return message
    }

    private init(_ envelope: Convoy__Envelope, _ limits: WireLimits) throws(WireError) {
        // `checkBody` has seen that the body is there; its strings live as long as the envelope.
        switch unsafe envelope.body_case {
        case CONVOY__ENVELOPE__BODY_HELLO:
            self = try unsafe .hello(Hello(envelope.hello.pointee, limits))
        case CONVOY__ENVELOPE__BODY_WELCOME:
            self = try unsafe .welcome(Welcome(envelope.welcome.pointee, limits))
        case CONVOY__ENVELOPE__BODY_READY:
            self = try unsafe .ready(Ready(envelope.ready.pointee, limits))
        case CONVOY__ENVELOPE__BODY_REFUSED:
            let read = FieldReader(body: "refused", limits: limits)
            self = try unsafe .refused(
                reason: read.text(envelope.refused.pointee.reason, "reason", .prose))
        case CONVOY__ENVELOPE__BODY_HEARTBEAT:
            self = .heartbeat
        case CONVOY__ENVELOPE__BODY_LEAVING:
            self = .leaving
        case CONVOY__ENVELOPE__BODY_GOODBYE:
            let read = FieldReader(body: "goodbye", limits: limits)
            self = try unsafe .goodbye(
                reason: read.text(envelope.goodbye.pointee.reason, "reason", .prose))
        case CONVOY__ENVELOPE__BODY_FAILURE:
            self = try unsafe .failure(Failure(envelope.failure.pointee, limits))
        case CONVOY__ENVELOPE__BODY_SHUTDOWN:
            let read = FieldReader(body: "shutdown", limits: limits)
            self = try unsafe .shutdown(
                reason: read.text(envelope.shutdown.pointee.reason, "reason", .prose))
        case CONVOY__ENVELOPE__BODY_ATTACH:
            self = unsafe .attach(Attach(envelope.attach.pointee))
        case CONVOY__ENVELOPE__BODY_LEASE:
            self = try unsafe .lease(Lease(envelope.lease.pointee, limits))
        case CONVOY__ENVELOPE__BODY_SAMPLES:
            self = try unsafe .samples(Samples(envelope.samples.pointee, limits))
        case CONVOY__ENVELOPE__BODY_WEIGHTS:
            self = try unsafe .weights(Weights(envelope.weights.pointee, limits))
        case CONVOY__ENVELOPE__BODY_PUBLISHED:
            self = unsafe .published(Published(envelope.published.pointee))
        case CONVOY__ENVELOPE__BODY_CONTRIBUTION:
            self = try unsafe .contribution(Contribution(envelope.contribution.pointee, limits))
        default:
            throw .unknownBody(
                unsafe "body \(envelope.body_case.rawValue) has no reader, expected one")
        }
    }
}

// What follows is one reader a message. The C structs are unsafe types because they point at text;
// these pointers lead into the unpacked envelope, which outlives them.

extension Message.Hello {
    fileprivate init(_ body: Convoy__Hello, _ limits: WireLimits) throws(WireError) {
        let read = FieldReader(body: "hello", limits: limits)
        try unsafe self.init(
            name: read.text(body.name, "name", .name, mayBeEmpty: false),
            host: read.text(body.host, "host", .name),
            pid: read.count(body.pid, "pid"),
            build: read.text(body.build, "build", .name),
            numerics: read.text(body.numerics, "numerics", .name, mayBeEmpty: false))
    }
}

extension Message.Welcome {
    fileprivate init(_ body: Convoy__Welcome, _ limits: WireLimits) throws(WireError) {
        let read = FieldReader(body: "welcome", limits: limits)
        try unsafe self.init(
            worker: body.worker, session: body.session,
            run: read.text(body.run, "run", .name, mayBeEmpty: false),
            incarnation: read.count(body.incarnation, "incarnation"),
            job: read.text(body.job, "job", .job, mayBeEmpty: false),
            localData: body.local_data != 0,
            fingerprint: read.digest(body.fingerprint, "fingerprint"))
    }
}

extension Message.Ready {
    fileprivate init(_ body: Convoy__Ready, _ limits: WireLimits) throws(WireError) {
        let read = FieldReader(body: "ready", limits: limits)
        try unsafe self.init(
            digest: read.digest(body.digest, "digest"),
            threads: read.count(body.threads, "threads", atLeast: 1, atMost: limits.threads),
            fingerprint: body.fingerprint.len == 0
                ? nil : read.digest(body.fingerprint, "fingerprint"))
    }
}

extension Message.Failure {
    fileprivate init(_ body: Convoy__Failure, _ limits: WireLimits) throws(WireError) {
        let read = FieldReader(body: "failure", limits: limits)
        try unsafe self.init(
            step: body.step,
            shard: read.count(body.shard, "shard"),
            layer: read.text(body.layer, "layer", .name),
            message: read.text(body.message, "message", .prose))
    }
}

extension Message.Attach {
    fileprivate init(_ body: Convoy__Attach) {
        unsafe self.init(worker: body.worker, session: body.session)
    }
}

extension Message.Lease {
    fileprivate init(_ body: Convoy__Lease, _ limits: WireLimits) throws(WireError) {
        let read = FieldReader(body: "lease", limits: limits)
        let kind = try unsafe Kind(body.kind)
        let batch = try unsafe read.count(body.batch_samples, "batch_samples", atLeast: 1)
        let samples = try unsafe read.count(
            body.sample_count, "sample_count", atLeast: 1, atMost: batch)
        // A shard has a sample at least.
        try unsafe self.init(
            session: body.session, lease: body.lease, step: body.step, kind: kind,
            epoch: read.count(body.epoch, "epoch"),
            firstShard: read.count(body.first_shard, "first_shard", atMost: batch - 1),
            shardCount: read.count(body.shard_count, "shard_count", atLeast: 1, atMost: samples),
            firstPosition: read.count(body.first_position, "first_position"),
            sampleCount: samples, batchSamples: batch, weightsVersion: body.weights_version,
            sampleBytes: read.count(body.sample_bytes, "sample_bytes"))
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
    fileprivate init(_ body: Convoy__Samples, _ limits: WireLimits) throws(WireError) {
        let read = FieldReader(body: "samples", limits: limits)
        try unsafe self.init(
            session: body.session, lease: body.lease, offset: read.count(body.offset, "offset"),
            checksum: body.checksum)
    }
}

extension Message.Weights {
    fileprivate init(_ body: Convoy__Weights, _ limits: WireLimits) throws(WireError) {
        let read = FieldReader(body: "weights", limits: limits)
        try unsafe self.init(
            session: body.session, version: body.version, chunk: read.count(body.chunk, "chunk"),
            checksum: body.checksum)
    }
}

extension Message.Published {
    fileprivate init(_ body: Convoy__Published) {
        unsafe self.init(session: body.session, version: body.version, digest: body.digest)
    }
}

extension Message.Contribution {
    fileprivate init(_ body: Convoy__Contribution, _ limits: WireLimits) throws(WireError) {
        let read = FieldReader(body: "contribution", limits: limits)
        let samples = try unsafe read.count(body.samples, "samples", atLeast: 1)
        try unsafe self.init(
            session: body.session, lease: body.lease, step: body.step,
            chunk: read.count(body.chunk, "chunk"),
            level: read.count(body.level, "level", atMost: 40),  // 2^40 leaves are `limits.count`
            index: read.count(body.index, "index"),
            checksum: body.checksum,
            lossSum: read.finite(body.loss_sum, "loss_sum"),
            correct: read.count(body.correct, "correct", atMost: samples),
            samples: samples)
    }
}
