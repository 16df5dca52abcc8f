// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Layers
import Tensors

/// `convoy-bench models`
struct ModelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models",
        abstract:
            "Training steps or predictions in this process: images/s, GFLOP/s of direct sums.",
        discussion: """
            Forward, loss, backward, sums along the tree, optimizer and preparation of the new \
            weights, on threads of this process: what the engine can do without data, sockets and a \
            coordinator. All models are trained, unless one is named.

            With --relaxed two loops take short turns: one adds gradients in the order that a run promises, \
            the other as they come. What the promise costs is the part of the relaxed speed that is \
            missing; a busy machine hits both, but needs many repeats.

            With --inference the models predict: forward, with normalisations folded, and the \
            probabilities of each image. GFLOP/s are those of the forward pass then.

            Examples:
              convoy-bench models --model cifar --threads 2
              convoy-bench models --relaxed --repeats 25
              convoy-bench models --inference --model vgg16-32
            """)

    @OptionGroup var options: BenchOptions

    @Option(help: "One of \(PeerModel.Name.allCases.map(\.rawValue).joined(separator: ", ")).")
    var model: PeerModel.Name?

    @Option(name: [.short, .long], help: "Threads that compute.")
    var threads = 1

    @Option(name: [.short, .long], help: "Images in a step. The default is the model's own.")
    var batch: Int?

    @Option(help: "About how long a repeat takes, in seconds.")
    var seconds = 1.0

    @Flag(help: "Show what the fixed order of sums costs, beside a loop that does without.")
    var relaxed = false

    @Flag(help: "Predict instead of training.")
    var inference = false

    func validate() throws {
        guard !inference || !relaxed else {
            throw ValidationError("--inference adds no gradients; leave out --relaxed")
        }
        guard 1...256 ~= threads else {
            throw ValidationError("--threads \(threads) is out of range; expected 1 to 256")
        }
        guard 1...65_536 ~= batch ?? 1 else {
            throw ValidationError("--batch \(batch ?? 1) is out of range; expected 1 to 65536")
        }
        guard 0.01...60 ~= seconds else {
            throw ValidationError("--seconds \(seconds) is out of range; expected 0.01 to 60")
        }
    }

    func run() throws {
        let kernels = try options.kernels()
        let crew = Crew(threads)
        defer { crew.dismiss() }
        for name in model.map({ [$0] }) ?? PeerModel.Name.allCases {
            let peer = PeerModel(name), model = try peer.model()
            let row =
                inference
                ? try predict(peer, model, kernels, crew) : try train(peer, model, kernels, crew)
            row.show(json: options.json)
        }
    }

    private func train(
        _ peer: PeerModel, _ model: Model, _ kernels: KernelSet, _ crew: Crew
    ) throws -> Row {
        let batch = batch ?? peer.batch
        let loop = TrainingLoop(
            peer, model: model, kernels: kernels, crew: crew, batch: batch,
            sums: relaxed ? .whole : .factored)
        if !relaxed { try check(loop, peer, model, kernels, crew) }
        let price =
            relaxed ? try Price(of: loop, peer, model, kernels, crew, batch: batch) : nil
        _ = loop.train(steps: 2)
        let steps = max(1, Int(loop.train(steps: 1) / Double(batch) * seconds))
        let samples = Samples(repeats: options.repeats, peak: { crew.peak(kernels) }) {
            price?.measure(steps: steps) ?? loop.train(steps: steps)
        }
        guard !loop.diverged else {
            throw WrongKernel(description: "\(peer.name.rawValue): the training diverged")
        }
        var row = row(peer, samples, flops: peer.flops(model).training, kernels)
        if let price {
            row.add("relaxedImagesPerSecond", price.relaxedRate, digits: 1)
            row.add("pricePercent", price.percent, digits: 1)
        }
        return row
    }

    /// Gradients of wide layers are made of factors: to the bits that whole ones have.
    private func check(
        _ loop: TrainingLoop, _ peer: PeerModel, _ model: Model, _ kernels: KernelSet, _ crew: Crew
    ) throws {
        let whole = TrainingLoop(
            peer, model: model, kernels: kernels, crew: crew, batch: batch ?? peer.batch,
            sums: .whole)
        _ = (whole.train(steps: 1), loop.train(steps: 1))
        guard whole.gradient.elementsEqual(loop.gradient, by: { $0.bitPattern == $1.bitPattern })
        else {
            throw WrongKernel(
                description:
                    "\(peer.name.rawValue): gradients made of factors have other bits than "
                    + "whole ones; this build must not train")
        }
    }

    private func predict(
        _ peer: PeerModel, _ model: Model, _ kernels: KernelSet, _ crew: Crew
    ) throws -> Row {
        let batch = batch ?? peer.batch
        let loop = PredictionLoop(peer, model: model, kernels: kernels, crew: crew, batch: batch)
        try loop.check()
        let steps = max(1, Int(loop.predict(steps: 2) / Double(batch) * seconds))
        let samples = Samples(repeats: options.repeats, peak: { crew.peak(kernels) }) {
            loop.predict(steps: steps)
        }
        var row = row(peer, samples, flops: peer.flops(model).forward, kernels)
        row.add("phase", "inference")
        return row
    }

    /// - Parameter flops: Of one image.
    private func row(
        _ peer: PeerModel, _ samples: Samples, flops: Double, _ kernels: KernelSet
    ) -> Row {
        var row = Row()
        row.add("model", peer.name.rawValue)
        row.add("threads", threads)
        row.add("batch", batch ?? peer.batch)
        row.add("shardSize", peer.shardSize)
        row.add("imagesPerSecond", samples.rate, digits: 1)
        row.add("gflops", samples.rate * flops / 1e9, digits: 1)
        row.add("peakFraction", samples.fraction * flops, digits: 3)
        row.add("lowest", samples.lowest, digits: 1)
        row.add("highest", samples.highest, digits: 1)
        row.add("peakGflops", samples.peak / 1e9, digits: 1)
        row.add("engine", kernels.name)
        return row
    }
}
