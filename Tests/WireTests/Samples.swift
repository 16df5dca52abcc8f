// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

/// A message as it travels: with the size of its payload, and the limits of its connection.
struct Sample: Sendable, CustomTestStringConvertible {
    let message: Message
    var payload: Int?
    var limits = WireLimits.control

    var testDescription: String { "\(message)".split(separator: "(").first.map(String.init) ?? "" }
}

let digest = [UInt8](0..<32)

/// One row a message, or more where it has more than one face.
let samples: [Sample] = [
    Sample(
        message: .hello(
            .init(
                name: "cpu-7", host: "node7.example", pid: 4711, build: "1.0.0+abc",
                numerics: "convoy-1"))),
    Sample(
        message: .welcome(
            .init(
                worker: 3, session: 0xfeed_f00d_dead_beef, run: "fashion-1", incarnation: 2,
                job: "name: fashion\ntraining:\n  epochs: 3\n", localData: false,
                fingerprint: digest))),
    Sample(message: .ready(.init(digest: digest, threads: 8))),
    Sample(message: .ready(.init(digest: digest, threads: 1, fingerprint: digest.reversed()))),
    Sample(message: .refused(reason: "numerics convoy-2, expected convoy-1")),
    Sample(message: .heartbeat),
    Sample(message: .leaving),
    Sample(message: .goodbye(reason: "told to stop")),
    Sample(message: .goodbye(reason: "")),
    Sample(
        message: .failure(
            .init(step: 12, shard: 0, layer: "conv2d_1", message: "the gradient is not finite"))),
    Sample(message: .shutdown(reason: "the run is finished")),
    Sample(message: .attach(.init(worker: 0, session: 0)), limits: .data),
    Sample(
        message: .lease(
            .init(
                session: 7, lease: 1, step: 300, kind: .train, epoch: 0, firstShard: 2,
                shardCount: 2, firstPosition: 32, sampleCount: 32, batchSamples: 64,
                weightsVersion: 300, sampleBytes: 25088)),
        limits: .data),
    Sample(
        message: .lease(
            .init(
                session: 7, lease: .max, step: .max, kind: .evaluate, epoch: 9, firstShard: 0,
                shardCount: 1, firstPosition: 0, sampleCount: 1, batchSamples: 1,
                weightsVersion: .max, sampleBytes: 0)),
        limits: .data),
    Sample(
        message: .samples(.init(session: 7, lease: 1, offset: 1 << 20, checksum: .max)),
        payload: 784, limits: .data),
    Sample(
        message: .weights(.init(session: 7, version: 301, chunk: 4, checksum: 0x0123_4567)),
        payload: 1 << 20, limits: .data),
    Sample(
        message: .weights(
            .init(
                session: 7, version: 301, chunk: 4, checksum: 0, place: 1 << 12, digest: .max)),
        limits: .data),
    Sample(
        message: .contribution(
            .init(
                session: 7, lease: 1, step: 300, chunk: 4, level: 1, index: 1, checksum: 99,
                lossSum: 73.25, correct: 3, samples: 32)),
        payload: 4096, limits: .data),
    Sample(
        message: .contribution(
            .init(
                session: 7, lease: 2, step: 301, chunk: 0, level: 0, index: 0, checksum: 0,
                lossSum: 0, correct: 0, samples: 0)),
        limits: .data),
    Sample(
        message: .contribution(
            .init(
                session: 7, lease: 2, step: 301, chunk: 0, level: 0, index: 0, checksum: 1,
                lossSum: 0.5, correct: 0, samples: 1, place: 1 << 33, waitedForSamples: 1 << 40,
                waitedForDecoding: .max)),
        limits: .data),
    Sample(
        message: .hello(
            .init(
                name: "cpu-8", host: "", pid: 1, build: "", numerics: "convoy-1",
                memory: .init(pid: 1, descriptor: 9, key: .max)))),
    Sample(
        message: .welcome(
            .init(
                worker: 3, session: 1, run: "fashion-1", incarnation: 1, job: "name: x\n",
                localData: true, fingerprint: digest,
                memory: .init(pid: 4711, descriptor: 12, key: 1), readsMemory: true))),
    Sample(message: .ready(.init(digest: digest, threads: 8, readsMemory: true))),
    Sample(
        message: .lease(
            .init(
                session: 7, lease: 2, step: 0, kind: .train, epoch: 0, firstShard: 0,
                shardCount: 1, firstPosition: 0, sampleCount: 1, batchSamples: 1,
                weightsVersion: 0, sampleBytes: 784, place: 1 << 20, checksum: 12345,
                waited: 1 << 50)),
        limits: .data),
    Sample(
        message: .contribution(
            .init(
                session: 7, lease: 1, step: 300, chunk: 4, level: 1, index: 1, checksum: 99,
                lossSum: 73.25, correct: 3, samples: 32, ready: 1 << 60)),
        payload: 4096, limits: .data),
    Sample(
        message: .welcome(
            .init(
                worker: 3, session: 1, run: "fashion-1", incarnation: 1, job: "name: x\n",
                localData: false, fingerprint: digest, wantsTrace: true))),
    Sample(
        message: .welcome(
            .init(
                worker: 3, session: 1, run: "wide-1", incarnation: 1, job: "name: x\n",
                localData: false, fingerprint: digest, factoredShards: 64))),
    Sample(
        message: .factors(
            .init(
                session: 7, lease: 1, step: 300, version: 299, bucket: 4, shard: 2, samples: 16,
                part: 1, checksum: .max, ready: 1 << 60)),
        payload: 1 << 20, limits: .data),
    Sample(
        message: .factors(
            .init(
                session: 7, lease: 1, step: 300, version: 299, bucket: 4, shard: 2, samples: 16,
                part: 0, checksum: 0, place: 1 << 30)),
        limits: .data),
    Sample(
        message: .slot(.init(session: 7, version: 300, slot: 1, chunk: 12, checksum: 5)),
        payload: 64, limits: .data),
    Sample(
        message: .renewal(
            .init(session: 7, version: 301, bucket: 4, samples: 32, checksums: [1, .max])),
        limits: .data),
    // The longest there is still fits what a worker takes.
    Sample(
        message: .renewal(
            .init(
                session: .max, version: .max, bucket: 1 << 40, samples: 1 << 40, rate: 0.00025,
                checksums: Array(repeating: .max, count: WireLimits.renewedChunks),
                digest: .max)),
        limits: .data),
    Sample(message: .trace(.init(clock: 1 << 62, isLast: true))),
    // The longest there is still fits what a coordinator takes.
    Sample(
        message: .trace(
            .init(
                clock: .max,
                spans: (0..<WireLimits.spans).map {
                    .init(
                        kind: Message.Trace.Kind.allCases[$0 % Message.Trace.Kind.allCases.count],
                        row: 8000 + $0 % 2, age: .max, duration: .max, step: .max, part: .max)
                })),
        limits: WireLimits(headerBytes: 16 << 10, payloadBytes: 0)),
]
