// SPDX-License-Identifier: Apache-2.0

import Digests
import Testing

@Suite struct DigestTests {
    @Test func checksumIsXXH3() {
        // The published value of the empty input, and of the one byte 'a' with seed 0.
        #expect(checksum64(.init(start: nil, count: 0)) == 0x2D06_8005_38D3_94C2)
        #expect(Array("a".utf8).withUnsafeBytes(checksum64) == 0xE6C6_32B6_1E96_4E1F)
    }

    @Test func digestIsSHA256() {
        let abc = Array("abc".utf8).withUnsafeBytes(sha256)
        #expect(
            abc.description == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            SHA256().finalize().description
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test func piecesGiveTheDigestOfTheWhole() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var hash = SHA256()
        for start in stride(from: 0, to: 1000, by: 7) {
            bytes[start..<min(start + 7, 1000)].withUnsafeBytes { hash.update($0) }
        }
        #expect(hash.finalize() == bytes.withUnsafeBytes(sha256))
    }

    @Test func hexadecimalReadsBack() {
        let digest = Digest(bytes: (0..<32).map { UInt8($0 * 8) })
        #expect(Digest(hex: digest.description) == digest)
        #expect(Digest(hex: digest.description.uppercased()) == digest)
        #expect(Digest(hex: String(digest.description.dropLast())) == nil)
        #expect(Digest(hex: "g" + digest.description.dropFirst()) == nil)
    }
}
