// SPDX-License-Identifier: Apache-2.0

import Tensors

/// The samples of one shard, which a replica borrows for the time of a call.
public struct ShardInput {
    /// `[count][H][W][C]`, uint8.
    public var pixels: Bytes
    /// One for each sample; how many there are is the shard's size.
    public var labels: UnsafeBufferPointer<Int32>
    /// The job's seed.
    public var seed: UInt64
    /// From 0.
    public var epoch: Int
    /// Place of the first sample in the epoch's order.
    public var firstPosition: Int
    /// What the loss of an image counts in training, by its label; empty where all count the same.
    public var classWeights: Floats
    /// What the loss of each image counts, in training and in evaluation; empty where all count the same.
    public var sampleWeights: Floats
    /// The labels of the images that these are mixed with in training; empty where none is.
    public var partners: UnsafeBufferPointer<Int32>
    /// What counts of each image's own label, 0 to 1; the rest is the partner's. As many.
    public var shares: Floats
    /// Where the loss reads numbers, what outputs should be, `[count][outputs]`; labels say nothing then.
    public var targets: Floats

    public init(
        pixels: Bytes, labels: UnsafeBufferPointer<Int32>, seed: UInt64 = 0, epoch: Int = 0,
        firstPosition: Int = 0, classWeights: Floats = .init(start: nil, count: 0),
        partners: UnsafeBufferPointer<Int32> = .init(start: nil, count: 0),
        shares: Floats = .init(start: nil, count: 0),
        targets: Floats = .init(start: nil, count: 0),
        sampleWeights: Floats = .init(start: nil, count: 0)
    ) {
        self.pixels = pixels
        self.labels = labels
        self.seed = seed
        self.epoch = epoch
        self.firstPosition = firstPosition
        self.classWeights = classWeights
        self.partners = partners
        self.shares = shares
        self.targets = targets
        self.sampleWeights = sampleWeights
    }

    public var count: Int { labels.count }
}

/// What a shard adds to a step's loss and accuracy: sums, never means.
public struct ShardMetrics: Hashable, Sendable {
    /// The samples' losses, added in order.
    public var lossSum: Double
    /// Samples whose prediction was right.
    public var correct: Int
    public var samples: Int

    public init(lossSum: Double = 0, correct: Int = 0, samples: Int = 0) {
        self.lossSum = lossSum
        self.correct = correct
        self.samples = samples
    }
}
