// SPDX-License-Identifier: Apache-2.0

import Configuration
import Datasets
import Digests

/// `resolved:` what a run found out about its job, kept so that anyone can check it later.
public struct Resolution: Sendable, Equatable {
    /// Images that go through the network together.
    public var blockSize: Int
    /// `[H, W, C]` of a decoded image.
    public var imageShape: [Int]
    public var classes: Int
    public var encoding: SampleEncoding
    /// SHA-256 of the starting weights.
    public var startingWeights: Digest
    /// Fingerprints of the data.
    public var trainingData: Digest
    public var validationData: Digest?
    public var testData: Digest?
    /// What the loss of an image of each class counts; nil where the job says nothing of it.
    public var classWeights: [Double]?
    /// Of the training images; nil where the job has no use for them.
    public var statistics: ChannelStatistics?
    /// SHA-256 of the matrix that whitens images; nil where the job has no use for one.
    public var whitening: Digest?

    public init(
        blockSize: Int, imageShape: [Int], classes: Int, encoding: SampleEncoding,
        startingWeights: Digest, trainingData: Digest,
        validationData: Digest? = nil, testData: Digest? = nil, classWeights: [Double]? = nil,
        statistics: ChannelStatistics? = nil, whitening: Digest? = nil
    ) {
        self.blockSize = blockSize
        self.imageShape = imageShape
        self.classes = classes
        self.encoding = encoding
        self.startingWeights = startingWeights
        self.trainingData = trainingData
        self.validationData = validationData
        self.testData = testData
        self.classWeights = classWeights
        self.statistics = statistics
        self.whitening = whitening
    }

    init(fields: inout Fields) throws(ConfigError) {
        blockSize = try fields.int("block_size", in: 1...4096)
        var extents: [Int] = []
        for (name, limit) in [("height", 1 << 16), ("width", 1 << 16), ("channels", 4)] {
            extents.append(try fields.int(name, in: 1...limit))
        }
        imageShape = extents
        classes = try fields.int("classes", in: 1...1_000_000)
        encoding = try fields.choice("encoding")
        startingWeights = try Self.digest("starting_weights", &fields)
        trainingData = try Self.digest("training_data", &fields)
        validationData = try Self.optionalDigest("validation_data", &fields)
        testData = try Self.optionalDigest("test_data", &fields)
        whitening = try Self.optionalDigest("zca_whitening", &fields)
        let weights = try fields.numbers("class_weights", in: ClassWeight.range)
        guard weights.isEmpty || weights.count == classes else {
            throw ConfigError(
                code: .outOfRange, path: "resolved.class_weights", line: fields.line,
                detail: "found \(weights.count) numbers, expected one for each of \(classes) "
                    + "classes; remove 'resolved' to have them found again")
        }
        classWeights = weights.isEmpty ? nil : weights
        statistics = try Self.statistics(&fields, channels: extents[2])
    }

    func encoded() -> ConfigValue {
        let digests: [(String, Digest?)] = [
            ("starting_weights", startingWeights), ("training_data", trainingData),
            ("validation_data", validationData), ("test_data", testData),
            ("zca_whitening", whitening),
        ]
        return .map(
            [
                .init("block_size", .scalar(blockSize)),
                .init("height", .scalar(imageShape[0])), .init("width", .scalar(imageShape[1])),
                .init("channels", .scalar(imageShape[2])), .init("classes", .scalar(classes)),
                .init("encoding", .scalar(encoding.rawValue)),
            ]
                + digests.compactMap { name, digest in
                    digest.map { .init(name, .scalar($0)) }
                }
                + (classWeights.map { weights in
                    [.init("class_weights", .list(weights.map { .scalar($0) }))]
                } ?? [])
                + (statistics.map { statistics in
                    [
                        .init("mean", .list(statistics.mean.map { .scalar($0) })),
                        .init("deviation", .list(statistics.deviation.map { .scalar($0) })),
                    ]
                } ?? []))
    }

    private static func statistics(
        _ fields: inout Fields, channels: Int
    ) throws(ConfigError) -> ChannelStatistics? {
        let mean = try fields.numbers("mean", in: 0...255)
        let deviation = try fields.numbers("deviation", in: 0...255)
        if mean.isEmpty, deviation.isEmpty { return nil }
        guard mean.count == channels, deviation.count == channels else {
            throw ConfigError(
                code: .outOfRange, path: "resolved.mean", line: fields.line,
                detail: "found \(mean.count) means and \(deviation.count) deviations, expected one "
                    + "of each for \(channels) channels; remove 'resolved' to have them found again"
            )
        }
        return ChannelStatistics(mean: mean, deviation: deviation)
    }

    private static func optionalDigest(
        _ name: String, _ fields: inout Fields
    ) throws(ConfigError) -> Digest? {
        guard fields.value(name) != nil else { return nil }
        return try digest(name, &fields)
    }

    private static func digest(
        _ name: String, _ fields: inout Fields
    ) throws(ConfigError) -> Digest {
        let text = try fields.string(name)
        guard let digest = Digest(hex: text) else {
            throw ConfigError(
                code: .malformed, path: "resolved.\(name)", line: fields.value(name)?.line ?? 0,
                detail: "found '\(text)', expected 64 hexadecimal digits")
        }
        return digest
    }
}
