// SPDX-License-Identifier: Apache-2.0
//
// Epochs in which every class comes equally often, as functions: nothing is stored but which samples are
// of which class.

import Tensors

/// The samples of each class, in their order. Classes without samples do not count.
public struct ClassIndex: Sendable {
    /// Samples, class after class.
    private let samples: [Int32]
    /// Where in `samples` each class that has any begins, and where the last one ends.
    private let starts: [Int]

    public init(_ dataset: any Dataset) {
        var counts = [Int](repeating: 0, count: dataset.classNames.count)
        for index in 0..<dataset.count { counts[Int(dataset.label(index))] += 1 }
        var places = counts.indices.map { counts[..<$0].reduce(0, +) }
        starts =
            places.enumerated().filter { counts[$0.offset] > 0 }.map(\.element) + [dataset.count]
        var samples = [Int32](repeating: 0, count: dataset.count)
        for index in 0..<dataset.count {
            let label = Int(dataset.label(index))
            samples[places[label]] = Int32(index)
            places[label] += 1
        }
        self.samples = samples
    }

    public var count: Int { samples.count }
    var classes: Int { starts.count - 1 }

    /// The samples of the class of a number.
    func samples(of number: Int) -> ArraySlice<Int32> {
        samples[starts[number]..<starts[number + 1]]
    }
}

/// `order[position]` for an epoch of as many positions as there are samples, the classes dealt out evenly
/// and shuffled. A class that is too small comes round again, each time in another order; of one that is too
/// large each epoch leaves out others.
public struct BalancedOrder: Sendable {
    private let index: ClassIndex
    private let seed: UInt64
    private let epoch: Int
    private let deal: SampleOrder

    public init(seed: UInt64, epoch: Int, _ index: ClassIndex) {
        self.index = index
        self.seed = seed
        self.epoch = epoch
        deal = SampleOrder(seed: seed, epoch: epoch, count: index.count)
    }

    /// - Precondition: `position` is in `0..<index.count`.
    public subscript(position: Int) -> Int {
        let (turn, number) = deal[position].quotientAndRemainder(dividingBy: index.classes)
        let samples = index.samples(of: number)
        let (round, place) = turn.quotientAndRemainder(dividingBy: samples.count)
        let order = SampleOrder(
            Philox(
                seed: seed, purpose: .balance, UInt32(truncatingIfNeeded: epoch),
                UInt32(truncatingIfNeeded: number)),
            round: round, count: samples.count)
        return Int(samples[samples.startIndex + order[place]])
    }
}
