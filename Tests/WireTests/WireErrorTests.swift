// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

/// Every text that a peer can provoke.
@Suite struct WireErrorTests {
    struct Case: CustomTestStringConvertible {
        let header: [UInt8]
        var payload: Int?
        var limits = WireLimits.control
        let text: String

        var testDescription: String { text }
    }

    @Test(
        arguments: versions + sizes + bodies + payloads + controlFields + dataFields + factors
            + spans)
    func theTextSaysWhatWasSeenAndExpected(_ row: Case) {
        let error = #expect(throws: WireError.self) {
            try row.header.withUnsafeBytes {
                try Message.decode(header: $0, payload: row.payload, limits: row.limits)
            }
        }
        #expect(error?.description == row.text)
    }

    @Test func aJobThatFitsNoWelcomeIsRefusedBeforeThereIsAWorker() {
        #expect(
            throws: WireError(
                code: .tooLarge,
                detail: "the resolved job has 63489 bytes, a welcome carries at most 63488; "
                    + "shorten its names or use fewer layers")
        ) {
            try Message.Welcome.check(job: String(repeating: "x", count: 63_489))
        }
        #expect(
            throws: WireError(
                code: .malformed,
                detail:
                    "the resolved job holds the control character U+1B, expected text; remove it")
        ) {
            try Message.Welcome.check(job: "name: \u{1b}[31m")
        }
    }

    static let versions = [
        Case(
            header: [],
            text:
                "wire.malformed: a header of 0 bytes starts with nothing, expected 13 and a version"
                + drop),
        Case(
            header: Array("GET / HTTP/1.1".utf8),
            text: "wire.malformed: a header of 14 bytes starts with 71, expected 13 and a version"
                + drop),
        Case(
            header: ProtobufWriter.envelope(version: 3, body: 6),
            text: "wire.versionMismatch: the peer speaks protocol 3, this build 2; "
                + "deploy one convoy build on both"),
        Case(
            header: ProtobufWriter.envelope(version: 3, body: 2) { $0.text(1, "cpu-7") },
            text: "wire.versionMismatch: worker cpu-7 speaks protocol 3, this coordinator 2; "
                + "deploy one convoy build on both"),
        // Whatever another version does with its payloads and headers, it gets the clear refusal.
        Case(
            header: ProtobufWriter.envelope(version: 3, body: 99).prefix(8) + [255, 255],
            payload: 1 << 30,
            text: "wire.versionMismatch: the peer speaks protocol 3, this build 2; "
                + "deploy one convoy build on both"),
    ]

    static let sizes = [
        Case(
            header: encoded(.refused(reason: String(repeating: "x", count: 2000))),
            limits: WireLimits(headerBytes: 1024, payloadBytes: 0),
            text: "wire.tooLarge: a header has 2011 bytes, expected at most 1024" + drop),
        Case(
            header: encoded(.heartbeat), payload: 1,
            text: "wire.tooLarge: a payload has 1 bytes, expected at most 0" + drop),
        Case(
            header: encoded(.heartbeat), payload: 1_048_577, limits: .data,
            text: "wire.tooLarge: a payload has 1048577 bytes, expected at most 1048576" + drop),
    ]

    static let bodies = [
        Case(
            header: ProtobufWriter.envelope(body: 6).dropLast() + [7],
            text: "wire.malformed: a header of 7 bytes is cut off or garbled, expected an envelope"
                + drop),
        Case(
            header: Array(ProtobufWriter.envelope(body: 6).prefix(5)),
            text: "wire.unknownBody: an envelope is empty, expected a body" + drop),
        Case(
            header: ProtobufWriter.envelope(body: 99),
            text: "wire.unknownBody: an envelope has body 99, expected one of protocol 2" + drop),
        Case(
            header: ProtobufWriter.envelope(body: 6) { $0.varint(1, 5) },
            text:
                "wire.malformed: a header of 9 bytes holds 1 unknown fields and 9 bytes that mean "
                + "something, expected no others" + drop),
        Case(
            header: ProtobufWriter.envelope(body: 5) { $0.text(1, "one\0two") },
            text:
                "wire.malformed: a header of 16 bytes holds 0 unknown fields and 12 bytes that mean "
                + "something, expected no others" + drop),
        Case(
            header: ProtobufWriter.envelope(body: 16) {
                $0.varint(1, 5)
                $0.varint(1, 6)
            },
            limits: .data,
            text:
                "wire.malformed: a header of 12 bytes holds 0 unknown fields and 10 bytes that mean "
                + "something, expected no others" + drop),
    ]

    static let payloads = [
        Case(
            header: encoded(samples[11].message), payload: 4, limits: .data,
            text: "wire.badPayload: a message that has no payload comes with 4 bytes, expected none"
                + drop),
        Case(
            header: encoded(samples[14].message), limits: .data,
            text: "wire.badPayload: samples come without payload, expected their bytes" + drop),
        Case(
            header: encoded(samples[15].message), limits: .data,
            text: "wire.badPayload: weights have 0 bytes of payload, expected whole floats" + drop),
        Case(
            header: encoded(
                .weights(.init(session: 7, version: 1, chunk: 0, checksum: 0, place: 4096))),
            payload: 4, limits: .data,
            text: "wire.badPayload: a message that has no payload comes with 4 bytes, expected none"
                + drop),
        Case(
            header: encoded(samples[15].message), payload: 7, limits: .data,
            text: "wire.badPayload: weights have 7 bytes of payload, expected whole floats" + drop),
        Case(
            header: encoded(samples[17].message), payload: 7, limits: .data,
            text: "wire.badPayload: a contribution has 7 bytes of payload, "
                + "expected whole floats or none" + drop),
    ]

    static let controlFields = [
        Case(
            header: hello { _ in },
            text: "wire.outOfRange: hello.name is empty, expected text" + drop),
        Case(
            header: hello { $0.text(1, String(repeating: "n", count: 256)) },
            text: "wire.outOfRange: hello.name has 256 bytes, expected at most 255" + drop),
        Case(
            header: hello { $0.block(1, [0x63, 0xff, 0x70]) },
            text: "wire.outOfRange: hello.name is not valid, expected UTF-8" + drop),
        Case(
            header: hello { $0.text(1, "a\u{1b}[2J") },
            text: "wire.outOfRange: hello.name holds the control character U+1B, expected text"
                + drop),
        Case(
            header: hello {
                $0.text(1, "a")
                $0.varint(3, .max)
            },
            text: "wire.outOfRange: hello.pid is 18446744073709551615, expected 0...1099511627776"
                + drop),
        Case(
            header: hello { $0.text(1, "a") },
            text: "wire.outOfRange: hello.numerics is empty, expected text" + drop),
        Case(
            header: ProtobufWriter.envelope(body: 3) {
                $0.text(3, "run")
                $0.text(5, "name: job")
                $0.block(7, [1, 2, 3])
            },
            text: "wire.outOfRange: welcome.fingerprint has 3 bytes, expected 32" + drop),
        Case(
            header: ProtobufWriter.envelope(body: 3) { $0.text(3, "run") },
            text: "wire.outOfRange: welcome.job is empty, expected text" + drop),
        Case(
            header: ProtobufWriter.envelope(body: 4),
            text: "wire.outOfRange: ready.digest has 0 bytes, expected 32" + drop),
        Case(
            header: ProtobufWriter.envelope(body: 4) { $0.block(1, digest) },
            text: "wire.outOfRange: ready.threads is 0, expected 1...4096" + drop),
        Case(
            header: ProtobufWriter.envelope(body: 10) {
                $0.text(1, String(repeating: "x", count: 4097))
            },
            text: "wire.outOfRange: shutdown.reason has 4097 bytes, expected at most 4096" + drop),
    ]

    static let factors = [
        Case(
            header: encoded(
                .factors(
                    .init(
                        session: 1, lease: 1, step: 1, version: 1, bucket: 1, shard: 0, samples: 0,
                        part: 0, checksum: 1))),
            payload: 64, limits: .data,
            text: "wire.outOfRange: factors.samples is 0, expected 1...1099511627776" + drop),
        Case(
            header: encoded(
                .factors(
                    .init(
                        session: 1, lease: 1, step: 1, version: 1, bucket: 1, shard: 0, samples: 1,
                        part: 0, checksum: 1))),
            limits: .data,
            text:
                "wire.badPayload: factors or a slot have 0 bytes of payload, expected whole floats"
                + drop),
        Case(
            header: encoded(
                .factors(
                    .init(
                        session: 1, lease: 1, step: 1, version: 1, bucket: 1, shard: 0, samples: 1,
                        part: 0, checksum: 1, place: 1 << 20))),
            payload: 64, limits: .data,
            text:
                "wire.badPayload: a message that has no payload comes with 64 bytes, expected none"
                + drop),
        Case(
            header: encoded(
                .slot(.init(session: 1, version: 1, slot: 0, chunk: 0, checksum: 1))),
            payload: 6, limits: .data,
            text:
                "wire.badPayload: factors or a slot have 6 bytes of payload, expected whole floats"
                + drop),
        Case(
            header: encoded(
                .renewal(.init(session: 1, version: 1, bucket: 1, samples: 1, checksums: []))),
            limits: .data,
            text: "wire.outOfRange: renewal.checksums is 0, expected 1...512" + drop),
        Case(
            header: encoded(
                .renewal(
                    .init(
                        session: 1, version: 1, bucket: 1, samples: 1, rate: .infinity,
                        checksums: [1]))),
            limits: .data,
            text: "wire.outOfRange: renewal.rate is inf, expected a finite number" + drop),
    ]

    static let spans = [
        Case(
            header: trace(kinds: [0]),
            text: "wire.outOfRange: trace.kinds holds 0, expected 1 to 8" + drop),
        Case(
            header: trace(kinds: [9]),
            text: "wire.outOfRange: trace.kinds holds 9, expected 1 to 8" + drop),
        Case(
            header: trace(rows: [8193]),
            text: "wire.outOfRange: trace.rows is 8193, expected 0...8192" + drop),
        Case(
            header: trace(ages: [2, 2]),
            text: "wire.outOfRange: trace has lists of 1 and 2 entries, expected equal ones" + drop),
        Case(
            header: trace(ages: [101]),
            text: "wire.outOfRange: trace has a span that began 101 ns before 100 and took 1 ns, "
                + "expected one in the past" + drop),
        Case(
            header: trace(durations: [3]),
            text: "wire.outOfRange: trace has a span that began 2 ns before 100 and took 3 ns, "
                + "expected one in the past" + drop),
        Case(
            header: trace(kinds: Array(repeating: 1, count: 257)),
            text: "wire.outOfRange: trace.kinds is 257, expected 0...256" + drop),
    ]

    private static func trace(
        kinds: [UInt8] = [1], rows: [UInt64] = [2], ages: [UInt64] = [2],
        durations: [UInt64] = [1]
    ) -> [UInt8] {
        ProtobufWriter.envelope(body: 11) {
            $0.varint(1, 100)
            $0.block(3, kinds)
            $0.varints(4, rows)
            $0.varints(5, ages)
            $0.varints(6, durations)
            $0.varints(7, [5])
            $0.varints(8, [6])
        }
    }

    static let dataFields = [
        Case(
            header: lease(kind: 0), limits: .data,
            text: "wire.outOfRange: lease.kind is 0, expected 1 (train) or 2 (evaluate)" + drop),
        Case(
            header: lease(kind: 3), limits: .data,
            text: "wire.outOfRange: lease.kind is 3, expected 1 (train) or 2 (evaluate)" + drop),
        Case(
            header: lease(batch: 0), limits: .data,
            text: "wire.outOfRange: lease.batch_samples is 0, expected 1...1099511627776" + drop),
        Case(
            header: lease(samples: 65), limits: .data,
            text: "wire.outOfRange: lease.sample_count is 65, expected 1...64" + drop),
        Case(
            header: lease(shards: 33), limits: .data,
            text: "wire.outOfRange: lease.shard_count is 33, expected 1...32" + drop),
        Case(
            header: lease(firstShard: 64), limits: .data,
            text: "wire.outOfRange: lease.first_shard is 64, expected 0...63" + drop),
        Case(
            header: contribution(level: 41), payload: 4, limits: .data,
            text: "wire.outOfRange: contribution.level is 41, expected 0...40" + drop),
        Case(
            header: contribution(loss: .nan), payload: 4, limits: .data,
            text: "wire.outOfRange: contribution.loss_sum is nan, expected a finite number" + drop),
        Case(
            header: contribution(loss: -.infinity), payload: 4, limits: .data,
            text: "wire.outOfRange: contribution.loss_sum is -inf, expected a finite number" + drop),
        Case(
            header: contribution(correct: 17), payload: 4, limits: .data,
            text: "wire.outOfRange: contribution.correct is 17, expected 0...16" + drop),
    ]

    private static let drop = "; drop this peer, and report a bug in it"

    private static func hello(_ write: (inout ProtobufWriter) -> Void) -> [UInt8] {
        ProtobufWriter.envelope(body: 2, write)
    }

    private static func lease(
        kind: UInt64 = 1, firstShard: UInt64 = 0, shards: UInt64 = 2, samples: UInt64 = 32,
        batch: UInt64 = 64
    ) -> [UInt8] {
        ProtobufWriter.envelope(body: 17) {
            if kind > 0 { $0.varint(4, kind) }
            if firstShard > 0 { $0.varint(6, firstShard) }
            $0.varint(7, shards)
            $0.varint(9, samples)
            if batch > 0 { $0.varint(10, batch) }
        }
    }

    private static func contribution(
        level: UInt64 = 1, loss: Double = 1, correct: UInt64 = 1, samples: UInt64 = 16
    ) -> [UInt8] {
        ProtobufWriter.envelope(body: 20) {
            $0.varint(5, level)
            $0.double(8, loss)
            $0.varint(9, correct)
            if samples > 0 { $0.varint(10, samples) }
        }
    }
}
