// SPDX-License-Identifier: Apache-2.0
//
// Counter-based random numbers: no state, so no position to lose.

/// Philox 4x32-10: four random words for each (key, counter), the same on every machine.
///
/// - Source: Salmon et al. (2011), "Parallel Random Numbers: As Easy as 1, 2, 3".
public struct Philox: Hashable, Sendable, BitwiseCopyable {
    /// What the numbers are for: streams of different purposes never meet.
    public enum Purpose: UInt32, Sendable {
        case initialWeights = 1
        case order = 2
        case dropout = 3
        case augmentation = 4
        case shapes = 5
        case balance = 7
        case gaussianNoise = 8
    }

    public let key: SIMD2<UInt32>
    public let stream: SIMD2<UInt32>

    /// - Parameters:
    ///   - seed: The job's seed.
    ///   - purpose: Part of the key, with the seed.
    ///   - a: The first half of the counter's upper words: a layer, a sample's class, ...
    ///   - b: The second half: an epoch, a position, ...
    public init(seed: UInt64, purpose: Purpose, _ a: UInt32 = 0, _ b: UInt32 = 0) {
        let mixed = (seed ^ UInt64(purpose.rawValue) &* 0x9E37_79B9_7F4A_7C15)
        key = [UInt32(truncatingIfNeeded: mixed), UInt32(truncatingIfNeeded: mixed >> 32)]
        stream = [a, b]
    }

    /// The four words number `index` of the stream.
    @inlinable
    public func words(_ index: UInt64) -> SIMD4<UInt32> {
        Self.rounds(
            [
                UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32),
                stream.x, stream.y,
            ], key)
    }

    /// Ten rounds of the cipher, as in the paper's reference.
    @inlinable
    public static func rounds(_ counter: SIMD4<UInt32>, _ key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        var (c0, c1, c2, c3) = (counter.x, counter.y, counter.z, counter.w)
        var (k0, k1) = (key.x, key.y)
        for _ in 0..<10 {
            let p = UInt64(c0) &* 0xD251_1F53, q = UInt64(c2) &* 0xCD9E_8D57
            (c0, c1, c2, c3) = (
                UInt32(truncatingIfNeeded: q >> 32) ^ c1 ^ k0, UInt32(truncatingIfNeeded: q),
                UInt32(truncatingIfNeeded: p >> 32) ^ c3 ^ k1, UInt32(truncatingIfNeeded: p)
            )
            k0 &+= 0x9E37_79B9
            k1 &+= 0xBB67_AE85
        }
        return [c0, c1, c2, c3]
    }
}

extension UInt32 {
    /// A float in [0, 1) with 24 random bits: exact, so the same everywhere.
    @inlinable
    public var unitFloat: Float { Float(self >> 8) * 0x1p-24 }
}
