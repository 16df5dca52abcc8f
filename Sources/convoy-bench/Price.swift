// SPDX-License-Identifier: Apache-2.0
//
// What it costs to add gradients in a fixed order.

import Layers
import Tensors

/// A loop that keeps the order and one that does not, in turns.
final class Price {
    private let kept: TrainingLoop, relaxed: TrainingLoop
    /// Images a second of both, turn by turn.
    private var rounds: [(kept: Double, relaxed: Double)] = []

    /// - Parameter kept: With whole gradients, as the other one has them; not yet trained.
    /// - Throws: `WrongKernel` if the two do not add up the same gradient.
    init(
        of kept: TrainingLoop, _ peer: PeerModel, _ model: Model, _ kernels: KernelSet,
        _ crew: Crew,
        batch: Int
    ) throws {
        self.kept = kept
        relaxed = TrainingLoop(
            peer, model: model, kernels: kernels, crew: crew, batch: batch, sums: .relaxed)
        _ = kept.train(steps: 1)
        _ = relaxed.train(steps: 1)
        let error = Self.difference(relaxed.gradient, kept.gradient)
        // Another order of the same sums is a few roundings; a shard too much or too few of a batch of
        // 65,536 images is more than 1e-4.
        guard error < 1e-5 else {
            throw WrongKernel(
                description:
                    "\(peer.name.rawValue): the relaxed gradient is off by \(error) of its "
                    + "length, expected at most 1e-5; no time means anything")
        }
        _ = relaxed.train(steps: 2)
    }

    /// Trains both loops for `steps` steps, in up to 16 turns each; returns images a second of the one that
    /// keeps the order.
    func measure(steps: Int) -> Double {
        let turns = min(16, steps), begin = rounds.count
        for turn in 1...turns {
            measureTurn(steps: steps * turn / turns - steps * (turn - 1) / turns)
        }
        return rounds[begin...].map(\.kept).median
    }

    /// Who goes first changes.
    private func measureTurn(steps: Int) {
        if rounds.count.isMultiple(of: 2) {
            let rate = kept.train(steps: steps)
            rounds.append((rate, relaxed.train(steps: steps)))
        } else {
            let rate = relaxed.train(steps: steps)
            rounds.append((kept.train(steps: steps), rate))
        }
    }

    var relaxedRate: Double { rounds.map(\.relaxed).median }

    /// How much of the relaxed speed is missing, each round for itself.
    var percent: Double { rounds.map { 100 * (1 - $0.kept / $0.relaxed) }.median }

    /// The length of `a - b`, against that of `b`.
    private static func difference(_ a: [Float], _ b: [Float]) -> Double {
        func square(_ x: Float) -> Double { Double(x) * Double(x) }
        let error = zip(a, b).reduce(0) { $0 + square($1.0 - $1.1) }
        return (error / b.reduce(0) { $0 + square($1) }).squareRoot()
    }
}
