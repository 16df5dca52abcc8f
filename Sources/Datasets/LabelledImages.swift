// SPDX-License-Identifier: Apache-2.0
//
// Images that a program holds, with what they show: the arrays of `format: npy` without their files.

import Tensors

/// Images and the numbers of their classes.
public struct LabelledImages: Sendable {
    /// `[H, W, C]` of an image.
    public let shape: Shape
    /// One image after the other, `[H, W, C]` each.
    public let pixels: [UInt8]
    /// From 0; one for each image.
    public let labels: [Int]

    /// - Throws: If pixels, shape and labels do not go together.
    public init(pixels: [UInt8], shape: Shape, labels: [Int]) throws(DatasetError) {
        guard shape.rank == 3, shape.count > 0, shape[2] <= 4 else {
            throw DatasetError(
                code: .unsupported,
                detail:
                    "images of \(shape), expected (height, width, channels) with at most 4 channels"
            )
        }
        guard !labels.isEmpty, pixels.count == labels.count * shape.count else {
            throw DatasetError(
                code: .mismatch,
                detail:
                    "\(pixels.count) pixels and \(labels.count) labels, expected a label for each"
                    + " \(shape.count) pixels of an image \(shape)")
        }
        if let index = labels.firstIndex(where: { !(0...255).contains($0) }) {
            throw DatasetError(
                code: .corrupt,
                detail: "label \(labels[index]) of image \(index), expected 0 to 255; number the"
                    + " classes from 0")
        }
        self.shape = shape
        self.pixels = pixels
        self.labels = labels
    }

    /// Images of numbers from 0 to 1, which are rounded to 256 levels: that is how images are stored and
    /// travel. A model reads them as 0 to 255, so it begins with `Rescaling(scale: 1 / 255)`.
    ///
    /// - Throws: Too, if a number is not from 0 to 1.
    public init(values: [Float], shape: Shape, labels: [Int]) throws(DatasetError) {
        if let index = values.firstIndex(where: { !(0...1).contains($0) }) {
            throw DatasetError(
                code: .unsupported,
                detail:
                    "value \(values[index]) at \(index), expected numbers from 0 to 1; scale them, or"
                    + " give pixels from 0 to 255 as UInt8")
        }
        try self.init(
            pixels: values.map { UInt8(($0 * 255).rounded()) }, shape: shape, labels: labels)
    }

    /// The same, an array for each image.
    public init(_ images: [[UInt8]], shape: Shape, labels: [Int]) throws(DatasetError) {
        try self.init(pixels: Array(images.joined()), shape: shape, labels: labels)
    }

    /// The same, an array for each image, with numbers from 0 to 1.
    public init(_ images: [[Float]], shape: Shape, labels: [Int]) throws(DatasetError) {
        try self.init(values: Array(images.joined()), shape: shape, labels: labels)
    }

    /// As data of a model that knows so many classes.
    public func dataset(classNames: [String]) throws(DatasetError) -> any Dataset {
        PixelDataset(try block("images", classNames: classNames))
    }

    fileprivate func block(_ title: String, classNames: [String]) throws(DatasetError) -> PixelBlock
    {
        if let label = labels.first(where: { $0 >= classNames.count }) {
            throw DatasetError(
                code: .mismatch,
                detail:
                    "\(title): has the label \(label), but there are \(classNames.count) classes;"
                    + " name \(label + 1), in the order of their labels")
        }
        // As many elements as the block has.
        return try unsafe PixelBlock(
            title: title, classNames: classNames, imageShape: shape, count: labels.count
        ) { (pixels, labels) throws(DatasetError) in
            _ = unsafe pixels.update(fromContentsOf: self.pixels)
            _ = unsafe labels.update(fromContentsOf: self.labels.map { UInt8($0) })
        }
    }
}

/// As `openDatasets` opens arrays in files: the same images have the same fingerprint.
///
/// - Parameter parts: `.train` among them.
public func openDatasets(
    _ parts: [Partition: LabelledImages], _ configuration: DatasetConfiguration
) throws(DatasetError) -> [Partition: any Dataset] {
    guard let train = parts[.train], configuration.format == .npy else {
        throw DatasetError(
            code: .unsupported,
            detail:
                "dataset.format is \(configuration.format.rawValue), but the images are in memory;"
                + " leave the format out, or the images")
    }
    let largest = parts.values.lazy.compactMap { $0.labels.max() }.max() ?? 0
    let names =
        configuration.classes.isEmpty ? (0...largest).map(String.init) : configuration.classes
    var blocks: [Partition: PixelBlock] = [:]
    for part in Partition.allCases {
        guard let images = parts[part] else { continue }
        guard images.shape == train.shape else {
            throw DatasetError(
                code: .mismatch,
                detail:
                    "\(part.rawValue): images of \(images.shape), those to train on are \(train.shape);"
                    + " give all parts one shape")
        }
        blocks[part] = try images.block("npy \(part.rawValue)", classNames: names)
    }
    return try configuration.partitions(blocks)
}
