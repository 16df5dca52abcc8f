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
            those of the direct sum over the channels that users count, so that Winograd can go past \
            the peak, and channels that fill no 16 stay below it.

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
            guard filter.isEmpty || geometry.title.contains(filter) || shape.title.contains(filter)
            else { continue }
            try Verification(geometry.cousin).check(kernels)
            time(shape, geometry, kernels).show(json: options.json)
        }
    }

    private func time(_ shape: SweptShape, _ geometry: ConvGeometry, _ kernels: KernelSet) -> Row {
        let trial = ConvTrial(geometry, noise: Verification.noise)
        trial.run(kernels)
        let forward = rate(kernels) {
            kernels.convForward(
                geometry, trial.operands, into: trial.output.elements,
                argmax: trial.argmax.elements)
        }
        let backward = rate(kernels) {
            kernels.convBackward(
                geometry, trial.operands, trial.gradients, argmax: Bytes(trial.argmax.elements))
        }
        var row = Row()
        row.add("kernel", shape.title)
        row.add("forward", forward.rate * shape.flops / 1e9, digits: 1)
        row.add("forwardFraction", forward.fraction * shape.flops, digits: 2)
        let passes = geometry.needsInputGradient ? 2.0 : 1
        row.add("backward", backward.rate * passes * shape.flops / 1e9, digits: 1)
        if geometry.algorithm == .depthwise {
            // There memory is the limit: what goes in and what comes out.
            let bytes = 4 * Double(geometry.inputCount + geometry.outputCount)
            row.add("forwardGB", forward.rate * bytes / 1e9, digits: 1)
        }
        row.add("backwardFraction", backward.fraction * passes * shape.flops, digits: 2)
        if geometry.needsInputGradient {
            // The time that asking for it adds.
            var first = geometry
            first.needsInputGradient = false
            let firstTrial = ConvTrial(first, noise: Verification.noise)
            firstTrial.run(kernels)
            let weights = rate(kernels) {
                kernels.convBackward(
                    first, firstTrial.operands, firstTrial.gradients,
                    argmax: Bytes(firstTrial.argmax.elements))
            }
            row.add("weightsFraction", weights.fraction * shape.flops, digits: 2)
            row.add(
                "inputFraction", shape.flops / (1 / backward.fraction - 1 / weights.fraction),
                digits: 2)
        }
        row.add("peak", forward.peak / 1e9, digits: 1)
        row.add("algorithm", "\(geometry.algorithm)")
        return row
    }

    /// Calls of `body` a second.
    private func rate(_ kernels: KernelSet, _ body: () -> Void) -> Samples {
        body()
        let once = threadSeconds(body)
        let calls = max(1, Int(0.02 / once))
        return Samples(repeats: options.repeats, peak: kernels.peak) {
            Double(calls) / threadSeconds { for _ in 0..<calls { body() } }
        }
    }
}
