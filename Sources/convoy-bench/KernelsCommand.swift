// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Engines
import Tensors

/// `convoy-bench kernels`
struct KernelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels",
        abstract: "Convolutions of many shapes, one thread: GFLOP/s and fraction of the peak.",
        discussion: """
            Each shape is verified before it is timed: a small one of its kind against the naive \
            reference in double precision and, bit for bit, against the portable kernels. FLOPs are \
            those of the direct sum, so that Winograd can go past the peak.

            Example:
              convoy-bench kernels --filter winograd
            """)

    @OptionGroup var options: BenchOptions

    @Option(help: "Only shapes whose line contains this.")
    var filter = ""

    @Flag(help: "Convolve directly where training would take Winograd.")
    var direct = false

    func run() throws {
        Engine.enableFlushToZero()
        let kernels = try options.kernels()
        for shape in SweptShape.all {
            let geometry = shape.geometry(winograd: !direct)
            guard filter.isEmpty || geometry.title.contains(filter) else { continue }
            try Verification(geometry.cousin).check(kernels)
            time(geometry, kernels).show(json: options.json)
        }
    }

    private func time(_ geometry: ConvGeometry, _ kernels: KernelSet) -> Row {
        let trial = ConvTrial(geometry, noise: Verification.noise)
        trial.run(kernels)
        let forward = rate(of: geometry.forwardFLOPs, kernels) {
            kernels.convForward(
                geometry, trial.operands, into: trial.output.elements,
                argmax: trial.argmax.elements)
        }
        let backward = rate(of: geometry.backwardFLOPs, kernels) {
            kernels.convBackward(
                geometry, trial.operands, trial.gradients, argmax: Bytes(trial.argmax.elements))
        }
        var row = Row()
        row.add("kernel", geometry.title)
        row.add("forward", forward.rate / 1e9, digits: 1)
        row.add("forwardFraction", forward.fraction, digits: 2)
        row.add("backward", backward.rate / 1e9, digits: 1)
        row.add("backwardFraction", backward.fraction, digits: 2)
        row.add("peak", forward.peak / 1e9, digits: 1)
        return row
    }

    /// FLOP/s of `body`, which does `flops` each time.
    private func rate(of flops: Double, _ kernels: KernelSet, _ body: () -> Void) -> Samples {
        body()
        let once = seconds(body)
        let calls = max(1, Int(0.02 / once))
        return Samples(repeats: options.repeats, peak: kernels.peak) {
            flops * Double(calls) / seconds { for _ in 0..<calls { body() } }
        }
    }
}
