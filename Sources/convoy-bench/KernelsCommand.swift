// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Engines
import Tensors

/// `convoy-bench kernels`
struct KernelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels",
        abstract: "Layers of many shapes, one thread: GFLOP/s or GB/s, and fraction of the peak.",
        discussion: """
            Each shape is verified before it is timed: a small one of its kind against the naive \
            reference in double precision and, bit for bit, against the portable kernels. FLOPs are \
            those of the direct sum over the channels that users count, so that Winograd can go past \
            the peak, and channels that fill no 16 stay below it.

            Of layers that compute little the bytes count that have to be read and written, each operand \
            once. Beside them stands a copy of as many bytes, which what works in place can go past, \
            since it fetches nothing only to write there. Depthwise convolutions have both bounds, \
            memory and arithmetic, and the nearer one is named.

            Examples:
              convoy-bench kernels --filter winograd
              convoy-bench kernels --filter normalization
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
        for layer in SweptElements.all where filter.isEmpty || layer.title.contains(filter) {
            try layer.check(kernels)
            time(layer, kernels).show(json: options.json)
        }
    }

    private func time(_ layer: SweptElements, _ kernels: KernelSet) -> Row {
        let trial = layer.trial()
        var row = Row()
        row.add("kernel", layer.title)
        for (name, pass) in [("forward", trial.forward), ("backward", trial.backward)] {
            let copy = Copy(bytes: pass.bytes), bytes = Double(pass.bytes)
            let samples = rate(peak: copy.rate) { pass.run(kernels) }
            row.add("\(name)GB", samples.rate * bytes / 1e9, digits: 1)
            row.add("\(name)Fraction", samples.fraction * bytes, digits: 2)
            row.add("\(name)CopyGB", samples.peak / 1e9, digits: 1)
        }
        return row
    }

    private func time(_ shape: SweptShape, _ geometry: ConvGeometry, _ kernels: KernelSet) -> Row {
        let trial = trial(geometry)
        trial.run(kernels)
        let forward = rate(kernels) { trial.forward(kernels) }
        let backward = rate(kernels) { trial.backward(kernels) }
        var row = Row()
        row.add("kernel", shape.title)
        row.add("forward", forward.rate * shape.flops / 1e9, digits: 1)
        row.add("forwardFraction", forward.fraction * shape.flops, digits: 2)
        let passes = geometry.needsInputGradient ? 2.0 : 1
        row.add("backward", backward.rate * passes * shape.flops / 1e9, digits: 1)
        row.add("backwardFraction", backward.fraction * passes * shape.flops, digits: 2)
        if geometry.algorithm == .depthwise {
            addMemory(
                "forward", floats: geometry.inputCount + geometry.outputCount,
                fraction: forward.fraction * shape.flops, to: &row
            ) { trial.forward(kernels) }
            // Of the input: what went in, and its gradient.
            addMemory(
                "backward", floats: 2 * geometry.inputCount + geometry.outputCount,
                fraction: backward.fraction * passes * shape.flops, to: &row
            ) { trial.backward(kernels) }
        }
        if geometry.needsInputGradient {
            // The time that asking for it adds.
            var first = geometry
            first.needsInputGradient = false
            let firstTrial = self.trial(first)
            firstTrial.run(kernels)
            let weights = rate(kernels) { firstTrial.backward(kernels) }
            row.add("weightsFraction", weights.fraction * shape.flops, digits: 2)
            row.add(
                "inputFraction", shape.flops / (1 / backward.fraction - 1 / weights.fraction),
                digits: 2)
        }
        row.add("peak", forward.peak / 1e9, digits: 1)
        row.add("algorithm", "\(geometry.algorithm)")
        return row
    }

    private func trial(_ geometry: ConvGeometry) -> ConvTrial {
        let trial = ConvTrial(geometry, noise: Verification.noise)
        trial.hasBias = geometry.algorithm != .depthwise
        return trial
    }

    /// Of a pass the bytes/s, and how near it is to the nearer of its bounds.
    ///
    /// - Parameters:
    ///   - floats: That it has to read and write.
    ///   - fraction: Of the register tile's peak.
    private func addMemory(
        _ name: String, floats: Int, fraction: Double, to row: inout Row, _ body: () -> Void
    ) {
        let bytes = 4 * Double(floats), copy = Copy(bytes: 4 * floats)
        let samples = rate(peak: copy.rate, body), memory = samples.fraction * bytes
        row.add("\(name)GB", samples.rate * bytes / 1e9, digits: 1)
        row.add("\(name)CopyGB", samples.peak / 1e9, digits: 1)
        row.add("\(name)Bound", memory > fraction ? "memory" : "arithmetic")
        row.add("\(name)BoundFraction", max(memory, fraction), digits: 2)
    }

    private func rate(_ kernels: KernelSet, _ body: () -> Void) -> Samples {
        rate(peak: kernels.peak, body)
    }

    /// Calls of `body` a second.
    private func rate(peak: () -> Double, _ body: () -> Void) -> Samples {
        body()
        let once = threadSeconds(body)
        let calls = max(1, Int(0.02 / once))
        return Samples(repeats: options.repeats, peak: peak) {
            Double(calls) / threadSeconds { for _ in 0..<calls { body() } }
        }
    }
}
