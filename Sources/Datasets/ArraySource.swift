// SPDX-License-Identifier: Apache-2.0
//
// Images and labels in NumPy arrays: an .npz archive, or a folder of .npy files.

import Tensors

/// Arrays by their names.
struct ArraySource {
    /// The names that pairs of images and labels go by, Keras's first.
    private static let names: [Partition: [(images: String, labels: String)]] = [
        .train: [("x_train", "y_train"), ("images", "labels"), ("x", "y")],
        .validation: [("x_val", "y_val"), ("x_validation", "y_validation")],
        .test: [("x_test", "y_test")],
    ]
    private static let cure =
        "name them x_train and y_train (or images and labels), for a test set x_test and y_test"

    private let path: String
    private let archive: ZIPArchive?

    init(_ path: String) throws(DatasetError) {
        self.path = path
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
            return try ArrayPair(images: images, labels: labels)
        }
        return nil
    }

    /// nil if there is none of the name.
    private func array(_ name: String) throws(DatasetError) -> NumPyArray? {
        let file = "\(path)/\(name).npy"
        guard let archive else {
            guard isFile(file) else { return nil }
            return try NumPyArray(name: file, bytes: readFile(file, most: 1 << 40))
        }
        guard let member = archive.members.first(where: { $0.name == "\(name).npy" }) else {
            return nil
        }
        return try NumPyArray(name: file, bytes: archive.read(member))
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

    init(images: NumPyArray, labels: NumPyArray) throws(DatasetError) {
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
    }
}

extension PixelBlock {
    fileprivate convenience init(
        _ pair: ArrayPair, title: String, classNames: [String]
    ) throws(DatasetError) {
        // As many elements as the block has; the buffers are parts of it.
        try unsafe self.init(
            title: title, classNames: classNames, imageShape: pair.imageShape,
            count: pair.labels.count
        ) { (pixels, labels) throws(DatasetError) in
            _ = unsafe pixels.update(fromContentsOf: pair.pixels)
            _ = unsafe labels.update(fromContentsOf: pair.labels)
        }
    }
}
