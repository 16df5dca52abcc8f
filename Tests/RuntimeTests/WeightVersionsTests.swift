// SPDX-License-Identifier: Apache-2.0

import Runtime
import Testing

@Suite struct WeightVersionsTests {
    @Test func aVersionIsAwaitedThenCurrent() {
        var versions = WeightVersions(chunks: 2)
        #expect(versions.standing(of: 0) == .awaited && versions.standing(of: 1) == .awaited)
        versions.begin(1, 0)
        #expect(versions.standing(of: 1) == .current && !versions.has(1, 0..<1))
        versions.end(1, 0)
        #expect(versions.has(1, 0..<1) && !versions.has(1, 0..<2) && !versions.has(1))
        versions.begin(1, 1)
        versions.end(1, 1)
        #expect(versions.has(1) && versions.standing(of: 0) == .awaited)
    }

    /// While its first chunk is written over, all others are still there: who began to compute with them
    /// would wait for that chunk for ever.
    @Test func aVersionIsGoneAsSoonAsALaterOneBeginsToCome() {
        var versions = WeightVersions(chunks: 3)
        for version in [4, 5] as [UInt64] {
            for chunk in 0..<3 {
                versions.begin(version, chunk)
                versions.end(version, chunk)
            }
        }
        versions.begin(6, 0)
        #expect(versions.standing(of: 4) == .gone && versions.standing(of: 5) == .current)
        #expect(!versions.has(4, 0..<1) && versions.has(4, 1..<3))
        #expect(versions.standing(of: 6) == .current && versions.standing(of: 7) == .awaited)
    }
}
