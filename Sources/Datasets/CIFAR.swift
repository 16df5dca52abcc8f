// SPDX-License-Identifier: Apache-2.0
//
// The binary distributions of CIFAR: records of one label byte, or two, then 32 x 32 red bytes, green,
// blue.

import Tensors

extension PixelBlock {
    /// Reads record files one after the other.
    convenience init(
        cifar source: CIFARSource, _ files: [String], in directory: String, title: String
    ) throws(DatasetError) {
        let classNames = try source.classNames(in: directory)
        let record = source.recordBytes
        var paths: [String] = []
        var counts: [Int] = []
        for file in files {
            let path = try source.find(file, in: directory)
            let size = try fileSize(path)
            guard size > 0, size % record == 0 else {
                throw DatasetError(
                    code: .truncated,
                    detail: "\(path): \(size) bytes are \(size / record) records of \(record) and"
                        + " \(size % record) bytes more, expected whole records; \(source.cure)")
            }
            paths.append(path)
            counts.append(size / record)
        }
        // The two buffers are parts of the block that is being filled.
        try unsafe self.init(
            title: title, classNames: classNames, imageShape: CIFARSource.imageShape,
            count: counts.reduce(0, +)
        ) { (pixels, labels) throws(DatasetError) in
            var bytes = [UInt8](repeating: 0, count: record)
            var image = 0
            for (path, count) in zip(paths, counts) {
                let file = try InflatedFile(path: path, cure: source.cure)
                for i in 0..<count {
                    try file.read("record \(i)", into: &bytes)
                    let label = bytes[source.labelBytes - 1]
                    guard Int(label) < classNames.count else {
                        throw file.corrupt(
                            "label \(label) at byte \(i * record + source.labelBytes - 1), expected"
                                + " 0 to \(classNames.count - 1)")
                    }
                    unsafe labels[image] = label  // image < count of the block
                    let start = image * CIFARSource.imageShape.count
                    let end = start + CIFARSource.imageShape.count
                    // Image number `image` of the block.
                    unsafe interleave(
                        bytes, from: source.labelBytes,
                        into: MutableBytes(rebasing: pixels[start..<end]))
                    image += 1
                }
            }
        }
    }
}

/// Turns the planes after a record's labels into pixels.
///
/// - Parameters:
///   - labels: The number of bytes before the planes.
///   - pixels: Overwritten. `[32, 32, 3]`
private func interleave(_ record: [UInt8], from labels: Int, into pixels: MutableBytes) {
    precondition(pixels.count == record.count - labels)
    let plane = pixels.count / 3
    // The record's own bytes, during the call.
    unsafe record.withUnsafeBufferPointer { record in
        for pixel in 0..<plane {
            // pixels[y, x, channel] = record[labels + plane * channel + pixel]
            unsafe pixels[3 * pixel] = record[labels + pixel]
            unsafe pixels[3 * pixel + 1] = record[labels + plane + pixel]
            unsafe pixels[3 * pixel + 2] = record[labels + 2 * plane + pixel]
        }
    }
}
