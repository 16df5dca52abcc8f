// SPDX-License-Identifier: Apache-2.0
//
// Weights into the transformed domain before a step, their gradient out of it after a shard.

import CMachine
import Tensors

extension Winograd {
    /// Fills `prepared` with U and, if the input's gradient is wanted, Uᵀ; its end is scratch.
    @inline(never)
    static func prepare(_ g: ConvGeometry, _ weights: Source, into prepared: Target) {
        let (ic, oc) = (g.inputChannels, g.outputChannels)
        transform(weights, into: prepared, blocks: oc / 16, depth: ic)
        guard g.needsInputGradient else { return }
        let uT = prepared + g.transformedCount, transposed = uT + g.transposedTransformedCount
        Direct.transpose(g, weights, into: transposed)
        transform(transposed, into: uT, blocks: ic / 16, depth: oc)
    }

    /// What is as large as this many floats does not stay in the caches until it is used.
    private static let streamed = 1 << 21

    /// u[block, ξ, k, :] = G w[block, :, :, k, :] Gᵀ
    private static func transform(_ weights: Source, into u: Target, blocks: Int, depth: Int) {
        if blocks * 36 * 16 * depth < streamed {
            transform(weights, into: u, blocks: blocks, depth: depth) { $0.vector = $1 }
        } else {
            transform(weights, into: u, blocks: blocks, depth: depth) { $0.stream($1) }
            machine_end_stream()
        }
    }

    @inline(always)
    private static func transform(
        _ weights: Source, into u: Target, blocks: Int, depth: Int, store: (Target, Vector) -> Void
    ) {
        let step = ConvGeometry.pointStride(depth: depth)
        withSquare { square in
            for block in 0..<blocks {
                for k in 0..<depth {
                    transformSquare(weightTransform, square) {
                        (weights + ((block * 9 + $0 * 3 + $1) * depth + k) * 16).vector
                    } store: {
                        store(u + (block * 36 + $0 * 6 + $1) * step + k * 16, $2)
                    }
                }
            }
        }
    }

    /// dw = Gᵀ du G, or += that if `adding`
    @inline(never)
    static func finish(
        _ g: ConvGeometry, _ accumulator: Source, adding: Bool, into gradient: Target
    ) {
        let ic = g.inputChannels, step = ConvGeometry.pointStride(depth: ic)
        withSquare { square in
            for o in 0..<g.outputChannels / 16 {
                for c in 0..<ic {
                    transformSquare(weightAdjoint, square) {
                        (accumulator + (o * 36 + $0 * 6 + $1) * step + c * 16).vector
                    } store: {
                        let to = gradient + ((o * 9 + $0 * 3 + $1) * ic + c) * 16
                        to.vector = adding ? to.vector + $2 : $2
                    }
                }
            }
        }
    }

    /// Scratch for `transformSquare` on the stack.
    @inline(always)
    static func withSquare(_ body: (Target) -> Void) {
        var square = Line<36>(repeating: Vector())
        withUnsafeMutablePointer(to: &square) {
            body(UnsafeMutableRawPointer($0).assumingMemoryBound(to: Float.self))
        }
    }
}
