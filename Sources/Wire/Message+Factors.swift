// SPDX-License-Identifier: Apache-2.0
//
// The words for layers whose gradients travel as factors, and whose weights workers step themselves. The
// first two hold numbers only, as all that come in great numbers.

import CWire

extension Message {
    /// The gradient of one layer over one shard. Payload: a part of the factors that it is the product of; or
    /// nothing, if all of them lie in the sender's memory.
    public struct Factors: Equatable, Sendable {
        public var session: UInt64
        /// 0 on the way to a worker.
        public var lease: UInt64
        public var step: UInt64
        /// Of the weights that they were computed with.
        public var version: UInt64
        /// That the layer is.
        public var bucket: Int
        /// Within the step.
        public var shard: Int
        /// Of the shard.
        public var samples: Int
        /// Of 1 MiB, but for the last.
        public var part: Int
        /// XXH3 of the floats.
        public var checksum: UInt64
        /// As in `Contribution`.
        public var ready: UInt64
        /// In the sender's memory; nil for none.
        public var place: Int?

        public init(
            session: UInt64, lease: UInt64, step: UInt64, version: UInt64, bucket: Int, shard: Int,
            samples: Int, part: Int, checksum: UInt64, ready: UInt64 = 0, place: Int? = nil
        ) {
            self.session = session
            self.lease = lease
            self.step = step
            self.version = version
            self.bucket = bucket
            self.shard = shard
            self.samples = samples
            self.part = part
            self.checksum = checksum
            self.ready = ready
            self.place = place
        }
    }

    /// What the optimizer keeps of a chunk of weights. Payload: its floats.
    public struct Slot: Equatable, Sendable {
        public var session: UInt64
        /// Of the weights that it belongs to.
        public var version: UInt64
        public var slot: Int
        public var chunk: Int
        /// XXH3 of the floats.
        public var checksum: UInt64

        public init(session: UInt64, version: UInt64, slot: Int, chunk: Int, checksum: UInt64) {
            self.session = session
            self.version = version
            self.slot = slot
            self.chunk = chunk
            self.checksum = checksum
        }
    }

    /// All factors of a step have been sent: the layer is to be stepped with them.
    public struct Renewal: Equatable, Sendable {
        public var session: UInt64
        /// That comes of it.
        public var version: UInt64
        public var bucket: Int
        /// Of the step.
        public var samples: Int
        /// In place of the optimizer's own.
        public var rate: Double?
        /// XXH3 of each chunk, as it has to be then.
        public var checksums: [UInt64]
        /// As in `Weights`.
        public var digest: UInt64?

        public init(
            session: UInt64, version: UInt64, bucket: Int, samples: Int, rate: Double? = nil,
            checksums: [UInt64], digest: UInt64? = nil
        ) {
            self.session = session
            self.version = version
            self.bucket = bucket
            self.samples = samples
            self.rate = rate
            self.checksums = checksums
            self.digest = digest
        }
    }
}

extension Message.Factors {
    init(_ envelope: borrowing Envelope, _ limits: WireLimits) throws(WireError) {
        let read = FieldReader("factors", limits)
        let body = unsafe envelope.fields.factors.pointee  // numbers only
        try unsafe self.init(
            session: body.session,
            lease: body.lease,
            step: body.step,
            version: body.version,
            bucket: read.count(body.bucket, "bucket"),
            shard: read.count(body.shard, "shard"),
            samples: read.count(body.samples, "samples", atLeast: 1),
            part: read.count(body.part, "part"),
            checksum: body.checksum,
            ready: body.ready,
            place: body.place == 0 ? nil : read.count(body.place, "place"))
    }

    func pack(into buffer: inout HeaderBuffer) {
        // Numbers only.
        unsafe buffer.pack(
            Convoy__Factors(
                base: .init(), session: session, lease: lease, step: step, version: version,
                bucket: bucket.wire, shard: shard.wire, samples: samples.wire, part: part.wire,
                checksum: checksum, ready: ready, place: (place ?? 0).wire),
            as: CONVOY__ENVELOPE__BODY_FACTORS)
    }
}

extension Message.Slot {
    init(_ envelope: borrowing Envelope, _ limits: WireLimits) throws(WireError) {
        let read = FieldReader("slot", limits)
        let body = unsafe envelope.fields.slot.pointee  // numbers only
        try unsafe self.init(
            session: body.session,
            version: body.version,
            slot: read.count(body.slot, "slot"),
            chunk: read.count(body.chunk, "chunk"),
            checksum: body.checksum)
    }

    func pack(into buffer: inout HeaderBuffer) {
        // Numbers only.
        unsafe buffer.pack(
            Convoy__Slot(
                base: .init(), session: session, version: version, slot: slot.wire,
                chunk: chunk.wire, checksum: checksum),
            as: CONVOY__ENVELOPE__BODY_SLOT)
    }
}

extension Message.Renewal {
    init(_ envelope: borrowing Envelope, _ limits: WireLimits) throws(WireError) {
        let read = FieldReader("renewal", limits)
        let body = unsafe envelope.fields.renewal.pointee  // the list: the envelope's
        let count = try unsafe read.count(
            UInt64(body.n_checksums), "checksums", atLeast: 1, atMost: WireLimits.renewedChunks)
        try unsafe self.init(
            session: body.session,
            version: body.version,
            bucket: read.count(body.bucket, "bucket"),
            samples: read.count(body.samples, "samples", atLeast: 1),
            rate: body.sets_rate != 0 ? read.finite(body.rate, "rate") : nil,
            // It has `count` entries.
            checksums: Array(UnsafeBufferPointer(start: body.checksums, count: count)),
            digest: body.digest == 0 ? nil : body.digest)
    }

    func pack(into buffer: inout HeaderBuffer) {
        // The list is the buffer's until it is packed.
        unsafe buffer.pack(
            Convoy__Renewal(
                base: .init(), session: session, version: version, bucket: bucket.wire,
                samples: samples.wire, sets_rate: rate == nil ? 0 : 1, rate: rate ?? 0,
                n_checksums: checksums.count, checksums: buffer.keep(checksums),
                digest: digest ?? 0),
            as: CONVOY__ENVELOPE__BODY_RENEWAL)
    }
}
