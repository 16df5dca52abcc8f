// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct RoundTripTests {
    @Test(arguments: samples)
    func whatIsEncodedDecodesToTheSame(_ sample: Sample) throws {
        var buffer = HeaderBuffer()
        sample.message.encode(into: &buffer)
        #expect(buffer.count <= sample.limits.headerBytes)
        let decoded = try Message.decode(
            header: buffer.bytes, payload: sample.payload, limits: sample.limits)
        #expect(decoded == sample.message)
    }

    @Test func oneBufferServesMessageAfterMessage() throws {
        var buffer = HeaderBuffer()
        for _ in 0..<3 {
            for sample in samples {
                sample.message.encode(into: &buffer)
                let decoded = try Message.decode(
                    header: buffer.bytes, payload: sample.payload, limits: sample.limits)
                #expect(decoded == sample.message)
            }
        }
    }

    @Test func headersOfDataMessagesStayBelowAKibibyteAtTheirLargest() {
        var buffer = HeaderBuffer()
        let most = 1 << 40
        Message.lease(
            .init(
                session: .max, lease: .max, step: .max, kind: .evaluate, epoch: most,
                firstShard: most - 1, shardCount: most, firstPosition: most, sampleCount: most,
                batchSamples: most, weightsVersion: .max, sampleBytes: most)
        ).encode(into: &buffer)
        #expect(buffer.count <= WireLimits.data.headerBytes)
    }

    @Test func longNamesAreCutAtACharacter() throws {
        let message = Message.hello(
            .init(
                name: "é" + String(repeating: "日", count: 200), host: "", pid: 1, build: "",
                numerics: "n"))
        guard case .hello(let hello) = try roundTrip(message) else { return }
        #expect(hello.name == "é" + String(repeating: "日", count: 84))
    }

    @Test func controlCharactersBecomeSpaces() throws {
        let message = Message.goodbye(reason: "red \u{1b}[31m\r\u{0}\u{9f}and\nnext\tline")
        #expect(try roundTrip(message) == .goodbye(reason: "red  [31m   and\nnext\tline"))
    }

    @Test func aWelcomeCarriesTheLargestJob() throws {
        let job = String(repeating: "x", count: WireLimits.jobBytes)
        try Message.Welcome.check(job: job)
        let name = String(repeating: "n", count: 255)
        let message = Message.welcome(
            .init(
                worker: .max, session: .max, run: name, incarnation: 1 << 40, job: job,
                localData: true, fingerprint: digest))
        #expect(try roundTrip(message) == message)
    }

    private func roundTrip(_ message: Message) throws -> Message {
        var buffer = HeaderBuffer()
        message.encode(into: &buffer)
        return try Message.decode(header: buffer.bytes, payload: nil, limits: .control)
    }
}
