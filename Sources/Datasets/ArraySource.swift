// SPDX-License-Identifier: Apache-2.0
//
// Images and labels in NumPy arrays: an .npz archive, or a folder of .npy files.

import Tensors

/// Arrays by their names.
struct ArraySource {
    /// The names that images, labels and weights go by, Keras's first.
    private static let names: [Partition: [(images: String, labels: String, weights: String)]] = [
        .train: [
            ("x_train", "y_train", "sample_weight_train"), ("images", "labels", "sample_weight"),
            ("x", "y", "sample_weight"),
        ],
        .validation: [
            ("x_val", "y_val", "sample_weight_val"),
            ("x_validation", "y_validation", "sample_weight_validation"),
        ],
        .test: [("x_test", "y_test", "sample_weight_test")],
    ]
    private static let cure =
        "name them x_train and y_train (or images and labels), for a test set x_test and y_test"

    private let path: String
    private let archive: ZIPArchive?
    private let hasWeights: Bool

    /// - Parameter hasWeights: Whether there is an array that says what the loss of each image counts.
    init(_ path: String, hasWeights: Bool = false) throws(DatasetError) {
        self.path = path
        self.hasWeights = hasWeights
        guard isDirectory(path) || isFile(path) else {
            throw DatasetError(
                code: .notFound,
                detail:
                    "\(path): there is no such file or folder; set dataset.path to an .npz file or"
                    + " to a folder of .npy files")
        }
        archive = isDirectory(path) ? nil : try ZIPArchive(path: path)
    }

    /// The blocks that there are.
    ///
    /// - Parameter classNames: Of the labels from 0 up; empty names them by their numbers.
    func blocks(classNames: [String]) throws(DatasetError) -> [Partition: PixelBlock] {
        var pairs: [Partition: ArrayPair] = [:]
        for part in Partition.allCases { pairs[part] = try pair(part) }
        guard let train = pairs[.train] else {
            throw DatasetError(
                code: .notFound,
                detail: "\(path): has no images and labels to train on among"
                    + " \(contents().joined(separator: ", ")); \(Self.cure)")
        }
        let count = 1 + (pairs.values.map(\.largestLabel).max() ?? 0)
        guard classNames.isEmpty || classNames.count >= count else {
            throw DatasetError(
                code: .mismatch,
                detail: "\(path): has the label \(count - 1), dataset.classes names"
                    + " \(classNames.count) classes; name \(count), in the order of their labels")
        }
        let names = classNames.isEmpty ? (0..<count).map(String.init) : classNames
        var blocks: [Partition: PixelBlock] = [:]
        for part in Partition.allCases {
            guard let pair = pairs[part] else { continue }
            guard pair.imageShape == train.imageShape else {
                throw DatasetError(
                    code: .mismatch,
                    detail: "\(pair.images.name): images of \(pair.imageShape), those of"
                        + " \(train.images.name) are \(train.imageShape); give all parts one shape")
            }
            blocks[part] = try PixelBlock(pair, title: "npy \(part.rawValue)", classNames: names)
        }
        return blocks
    }

    private func pair(_ part: Partition) throws(DatasetError) -> ArrayPair? {
        for names in Self.names[part] ?? [] {
            guard let images = try array(names.images) else { continue }
            guard let labels = try array(names.labels) else {
                throw DatasetError(
                    code: .notFound,
                    detail: "\(path): has \(names.images), but no \(names.labels); \(Self.cure)")
            }
            let weights = hasWeights ? try array(names.weights, takesFractions: true) : nil
            guard !hasWeights || weights != nil || part != .train else {
                throw DatasetError(
                    code: .notFound,
                    detail:
                        "\(path): dataset.sample_weight is true, but there is no \(names.weights); add"
                        + " the array, or leave the field out")
            }
            return try ArrayPair(
                images: images, labels: labels, weights: weights, isWeighted: hasWeights)
        }
        return nil
    }

    /// nil if there is none of the name.
    private func array(
        _ name: String, takesFractions: Bool = false
    ) throws(DatasetError) -> NumPyArray? {
        let file = "\(path)/\(name).npy"
        guard let archive else {
            guard isFile(file) else { return nil }
            return try NumPyArray(
                name: file, bytes: readFile(file, most: 1 << 40), takesFractions: takesFractions)
        }
        guard let member = archive.members.first(where: { $0.name == "\(name).npy" }) else {
            return nil
        }
        return try NumPyArray(
            name: file, bytes: archive.read(member), takesFractions: takesFractions)
    }

    /// The first of the names that are there, for messages.
    private func contents() -> [String] {
        let entries = archive.map { $0.members.map(\.name) }
        let names =
            entries ?? (try? DirectoryEntry.list(path, followsLinks: true).map(\.name)) ?? []
        return names.isEmpty ? ["nothing"] : names.count > 10 ? names.prefix(10) + ["..."] : names
    }
}

/// Images of `[N, H, W]` or `[N, H, W, C]`, and labels of `[N]` or `[N, 1]`.
struct ArrayPair {
    let images: NumPyArray
    let imageShape: Shape
    let largestLabel: Int
    fileprivate let pixels: ArraySlice<UInt8>
    fileprivate let labels: [UInt8]
    /// One for each image, or none.
    fileprivate let weights: [Float]

    /// - Parameter isWeighted: Whether images without weights count 1 each, beside others that have some.
    init(
        images: NumPyArray, labels: NumPyArray, weights: NumPyArray? = nil, isWeighted: Bool = false
    ) throws(DatasetError) {
        let shape = images.shape
        guard let pixels = images.elements, shape.count == 3 || shape.count == 4,
            shape.allSatisfy({ $0 > 0 }), shape.count == 3 || shape[3] <= 4
        else {
            throw DatasetError(
                code: .unsupported,
                detail:
                    "\(images.name): has the shape \(shape) of '\(images.descr)', expected images"
                    + " as uint8 of [N, H, W] or [N, H, W, C] with at most 4 channels; transpose or"
                    + " convert them")
        }
        guard labels.shape == [shape[0]] || labels.shape == [shape[0], 1] else {
            throw DatasetError(
                code: .mismatch,
                detail:
                    "\(labels.name): has the shape \(labels.shape), expected a label for each of"
                    + " the \(shape[0]) images; save the two from one data set")
        }
        let numbers = (0..<shape[0]).map { labels.number($0) }
        if let index = numbers.firstIndex(where: { !(0...255).contains($0) }) {
            throw DatasetError(
                code: .corrupt,
                detail: "\(labels.name): label \(numbers[index]) of image \(index), expected 0 to"
                    + " 255; number the classes from 0")
        }
        self.images = images
        self.pixels = pixels
        self.labels = numbers.map { UInt8($0) }
        imageShape = Shape(shape.count == 3 ? [shape[1], shape[2], 1] : Array(shape[1...]))
        largestLabel = numbers.max() ?? 0
        self.weights =
            try weights.map { array throws(DatasetError) in
                try Self.weights(array, count: shape[0])
            } ?? Array(repeating: 1, count: isWeighted ? shape[0] : 0)
    }

    private static func weights(
        _ array: NumPyArray, count: Int
    ) throws(DatasetError) -> [Float] {
        guard array.shape == [count] || array.shape == [count, 1] else {
            throw DatasetError(
                code: .mismatch,
                detail:
                    "\(array.name): has the shape \(array.shape), expected a weight for each of the"
                    + " \(count) images; save the two from one data set")
        }
        let weights = (0..<count).map { Float(array.fraction($0)) }
        if let index = weights.firstIndex(where: { !(0...1e6 ~= $0) }) {
            throw DatasetError(
                code: .corrupt,
                detail:
                    "\(array.name): weight \(weights[index]) of image \(index), expected a number from 0"
                    + " to 1000000; correct it")
        }
        return weights
    }
}

extension PixelBlock {
    fileprivate convenience init(
        _ pair: ArrayPair, title: String, classNames: [String]
    ) throws(DatasetError) {
        // As many elements as the block has; the buffers are parts of it.
        try unsafe self.init(
            title: title, classNames: classNames, imageShape: pair.imageShape,
            count: pair.labels.count, weights: pair.weights
        ) { (pixels, labels) throws(DatasetError) in
            _ = unsafe pixels.update(fromContentsOf: pair.pixels)
            _ = unsafe labels.update(fromContentsOf: pair.labels)
        }
    }
}
