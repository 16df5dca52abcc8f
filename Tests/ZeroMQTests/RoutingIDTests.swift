// SPDX-License-Identifier: Apache-2.0

import Testing
import ZeroMQ

@Suite struct RoutingIDTests {
    @Test(arguments: 1...16)
    func everyByteCounts(_ count: Int) throws {
        let bytes = (0..<count).map { UInt8($0 + 1) }
        let id = try #require(make(bytes))
        #expect(id == make(bytes))
        #expect(id.count == count)
        for index in 0..<count {
            var other = bytes
            other[index] ^= 0x80
            #expect(id != make(other))
        }
        #expect(id != make(bytes + [0]))
    }

    @Test func itIsShownInHex() {
        #expect(make([0x00, 0x0f, 0xa1])?.description == "000fa1")
        #expect(make(Array(0xf0...0xff))?.description == "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
    }

    @Test func otherLengthsAreNone() {
        #expect(make([]) == nil)
        #expect(make(Array(repeating: 1, count: 17)) == nil)
    }

    private func make(_ bytes: [UInt8]) -> RoutingID? {
        bytes.withUnsafeBytes { RoutingID($0) }
    }
}
