// SPDX-License-Identifier: Apache-2.0
//
// Kernels that move more than they compute, with what they work on.

import Engines
import KernelReference
import Tensors

/// A forward and a backward pass over numbers that are made up, what they leave behind and what they should.
struct ElementTrial {
    let forward: Pass, backward: Pass
    /// What the passes wrote, one of each run once.
    let results: [AlignedBuffer<Float>]
    /// What they should have. May read what they wrote, to see what ReLU let through.
    let expected: () -> [[Double]]

    struct Pass {
        /// What has to be read and written, each operand once, whatever a kernel does.
        let bytes: Int
        let run: (KernelSet) -> Void

        init(floats: Int, bytes: Int = 0, _ run: @escaping (KernelSet) -> Void) {
            self.bytes = floats * 4 + bytes
            self.run = run
        }
    }

    /// The kernels' tests have the tight bounds, and derive them; what is wrong is off by thousands of this one.
    ///
    /// - Throws: `WrongKernel`, with what differs by how much, from the reference or from the bits of the first
    ///   kernels here.
    static func check(
        _ title: String, _ kernels: KernelSet, make: () -> ElementTrial
    ) throws {
        let trial = make(), other = make(), first = Engine.available[0]
        for pass in [trial.forward, trial.backward] { pass.run(kernels) }
        for pass in [other.forward, other.backward] { pass.run(first) }
        let bound = 1e-4
        for (number, (result, expected)) in zip(trial.results, trial.expected()).enumerated() {
            let error = zip(result.elements, expected).map { abs(Double($0) - $1) }.max() ?? 0
            guard error <= bound else {
                throw WrongKernel(
                    description: "\(title): result \(number) is off by \(error), expected at most "
                        + "\(bound); this build must not train")
            }
            let bits = zip(result.elements, other.results[number].elements)
            guard bits.allSatisfy({ $0.bitPattern == $1.bitPattern }) else {
                throw WrongKernel(
                    description: "\(title): \(kernels.name) and \(first.name) kernels compute "
                        + "other bits; this build must not train")
            }
        }
    }

    /// Numbers in [-1, 1), or as much larger.
    static func noise(_ count: Int, _ stream: UInt32, scale: Float = 1) -> AlignedBuffer<Float> {
        let buffer = AlignedBuffer<Float>(count: count)
        for i in 0..<count {
            buffer.base[i] = Verification.noise(stream: stream, index: i) * scale
        }
        return buffer
    }

    static func zeros(_ count: Int) -> AlignedBuffer<Float> { AlignedBuffer(count: count) }
}

extension AlignedBuffer<Float> {
    var doubles: [Double] { elements.map(Double.init) }
    var floats: Floats { Floats(elements) }
}
