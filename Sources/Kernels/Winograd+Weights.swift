// SPDX-License-Identifier: Apache-2.0
//
// Weights into the transformed domain before a step, their gradient out of it after a shard.

import CMachine
import Tensors

extension Winograd {
    /// Fills `prepared` with U and, if the input's gradient is wanted, Uᵀ.
    @inline(never)
    static func prepare(_ g: ConvGeometry, _ weights: Source, into prepared: Target) {
        if g.transformedCount < streamed {
            transform(g, weights, into: prepared) { $0.vector = $1 }
        } else {
            transform(g, weights, into: prepared) { $0.stream($1) }
            machine_end_stream()
        }
    }

    /// What is as large as this many floats does not stay in the caches until it is used.
    private static let streamed = 1 << 21

    /// u[o, ξ, c, :] = G w[o, :, :, c, :] Gᵀ, and the same of wᵀ[c, :, :, o, :], for 16 x 16 channels at a
    /// time.
    @inline(always)
    private static func transform(
        _ g: ConvGeometry, _ weights: Source, into u: Target, put: (Target, Vector) -> Void
    ) {
        let (ic, oc) = (g.inputChannels, g.outputChannels)
        let (step, stepT) = (
            ConvGeometry.pointStride(depth: ic), ConvGeometry.pointStride(depth: oc)
        )
        let uT = g.needsInputGradient ? u + g.transformedCount : nil
        withSquare { square in
            withTurned { turned in
                for o in 0..<oc / 16 {
                    for c in 0..<ic / 16 {
                        let from = weights + (o * 9 * ic + c * 16) * 16
                        rows(from, ic * 16, square, to: u + o * 36 * step + c * 256, step, put)
                        guard let uT else { continue }
                        for tap in 0..<9 {
                            store(
                                transposed(load(from + tap * ic * 16, 16)), turned + tap * 256, 16)
                        }
                        rows(turned, 256, square, to: uT + c * 36 * stepT + o * 256, stepT, put)
                    }
                }
            }
        }
    }

    /// Sixteen rows of each tap, `distance` floats from one tap to the next.
    @inline(always)
    private static func rows(
        _ weights: Source, _ distance: Int, _ square: Target, to u: Target, _ step: Int,
        _ put: (Target, Vector) -> Void
    ) {
        for k in 0..<16 {
            transformSquare(weightTransform, square) {
                (weights + ($0 * 3 + $1) * distance + k * 16).vector
            } store: {
                put(u + ($0 * 6 + $1) * step + k * 16, $2)
            }
        }
    }

    /// Room on the stack for nine taps of 16 x 16 channels.
    @inline(always)
    private static func withTurned(_ body: (Target) -> Void) {
        var turned = Line<144>(repeating: Vector())
        withUnsafeMutablePointer(to: &turned) {
            body(UnsafeMutableRawPointer($0).assumingMemoryBound(to: Float.self))
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
