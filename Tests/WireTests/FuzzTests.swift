// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import Wire

/// Headers that nobody wrote. Decoding them ends in a message or a `WireError`, never in a crash, and
/// a message that comes out can be sent on: what `encode` makes of it has the same length.
@Suite struct FuzzTests {
    @Test(arguments: samples)
    func mutatedHeaders(_ sample: Sample) {
        var random = SplitMix64(state: 0xc0ff_ee00)
        let header = encoded(sample.message)
        for _ in 0..<2000 {
            var bytes = header
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = bytes.isEmpty ? 0 : Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0 where !bytes.isEmpty: bytes[index] = .random(in: 0...255, using: &random)
                case 1 where !bytes.isEmpty:
                    bytes[index] ^= 1 << UInt8.random(in: 0...7, using: &random)
                case 2 where !bytes.isEmpty: bytes.remove(at: index)
                case 3: bytes.insert(.random(in: 0...255, using: &random), at: index)
                default: bytes.append(contentsOf: bytes.suffix(from: index).prefix(8))
                }
            }
            check(bytes, sample.payload, sample.limits)
        }
    }

    @Test(arguments: samples)
    func truncatedHeadersAreRefused(_ sample: Sample) {
        let header = encoded(sample.message)
        for count in 0..<header.count {
            #expect(throws: WireError.self) {
                try header.prefix(count).withUnsafeBytes {
                    try Message.decode(header: $0, payload: sample.payload, limits: sample.limits)
                }
            }
        }
    }

    @Test func randomBytes() {
        var random = SplitMix64(state: 0xbad_cafe)
        for round in 0..<20_000 {
            var bytes = (0..<Int.random(in: 0...96, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            // Mostly past the first check, and often into a body.
            if round % 8 > 0 {
                bytes.insert(contentsOf: encoded(.heartbeat).prefix(5), at: 0)
            }
            if round % 8 > 3, bytes.count > 8 {
                bytes[5] = UInt8.random(in: 2...20, using: &random) << 3 | 2
                bytes[6] = UInt8(min(bytes.count - 7, 127))
            }
            check(
                bytes, Bool.random(using: &random) ? nil : 4096, round % 2 == 0 ? .data : .control)
        }
    }

    @Test func lyingLengths() {
        // Every length in a welcome, one byte each, replaced by lengths that are not there.
        let header = encoded(samples[1].message)
        for index in 5..<header.count {
            for lie: [UInt8] in [[0x7f], [0xff, 0x7f], [0xff, 0xff, 0xff, 0xff, 0x0f], [0xff]] {
                var bytes = header
                bytes.replaceSubrange(index...index, with: lie)
                check(bytes, nil, .control)
            }
        }
    }

    /// What libFuzzer begins with goes as far into the decoder as a message can.
    @Test func seedsOfTheFuzzerAreMessages() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fuzz/Seeds")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasPrefix("message-") }
        #expect(names.count >= 7)
        for name in names {
            let header = [UInt8](try Data(contentsOf: folder.appending(path: name)).dropFirst())
            let isUnderstood = [nil, 0, 4096].contains { payload in
                [WireLimits.control, .data].contains { limits in
                    header.withUnsafeBytes {
                        (try? Message.decode(header: $0, payload: payload, limits: limits)) != nil
                    }
                }
            }
            #expect(isUnderstood, "\(name)")
        }
    }

    private func check(_ bytes: [UInt8], _ payload: Int?, _ limits: WireLimits) {
        let result = bytes.withUnsafeBytes { header in
            Result { () throws(WireError) in
                try Message.decode(header: header, payload: payload, limits: limits)
            }
        }
        switch result {
        case .success(let message): #expect(encoded(message).count == bytes.count)
        case .failure(let error):
            #expect(error.code == .versionMismatch || error.detail.contains("expected"))
        }
    }
}

/// A small generator with a seed; Steele, Lea and Flood (2014), "Fast Splittable Pseudorandom Number
/// Generators".
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }
}

func encoded(_ message: Message) -> [UInt8] {
    var buffer = HeaderBuffer()
    message.encode(into: &buffer)
    return Array(buffer.bytes)
}
