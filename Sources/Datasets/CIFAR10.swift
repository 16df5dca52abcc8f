// SPDX-License-Identifier: Apache-2.0
//
// The binary distribution of CIFAR-10: records of a label byte, then 32 x 32 red bytes, green, blue.

import Tensors

#if canImport(Glibc)
    import Glibc
#endif

/// Where a copy of CIFAR-10 lies, and what it calls its classes.
struct CIFAR10Source {
    static let imageShape: Shape = [32, 32, 3]
    static let recordBytes = 1 + imageShape.count
    static let cure = "fetch cifar-10-binary.tar.gz anew"

    let directory: String
    let classNames: [String]

    /// - Parameter path: The directory of the files, or the one that their archive was unpacked in.
    init(_ path: String) throws(DatasetError) {
        let unpacked = "\(path)/cifar-10-batches-bin"
        directory = isDirectory(unpacked) ? unpacked : path
        if isFile("\(directory)/data_batch_1"), !isFile("\(directory)/data_batch_1.bin") {
            throw DatasetError(
                code: .unsupported,
                detail:
                    "\(directory) holds the Python version of CIFAR-10; fetch the binary version,"
                    + " cifar-10-binary.tar.gz")
        }
        let names = "\(directory)/batches.meta.txt"
        classNames = isFile(names) ? try Self.readNames(names) : Self.builtInNames
    }

    func find(_ names: [String]) throws(DatasetError) -> [String] {
        var paths: [String] = []
        for name in names {
            guard isFile("\(directory)/\(name)") else {
                throw DatasetError(
                    code: .notFound,
                    detail: "CIFAR-10 is not complete in \(directory): no \(name) there; unpack"
                        + " cifar-10-binary.tar.gz and set dataset.path to its folder, or use"
                        + " --dataset shapes, which needs no files")
            }
            paths.append("\(directory)/\(name)")
        }
        return paths
    }

    /// A name a line; empty lines at the end are customary.
    private static func readNames(_ path: String) throws(DatasetError) -> [String] {
        let size = try fileSize(path)
        guard size <= 1 << 16 else {
            throw DatasetError(
                code: .corrupt, detail: "\(path): \(size) bytes, expected ten class names; \(cure)")
        }
        var bytes = [UInt8](repeating: 0, count: size)
        let file = try InflatedFile(path: path, cure: cure)
        try file.read("class names", into: &bytes)
        let names = bytes.split { $0 == 10 || $0 == 13 }.map { String(decoding: $0, as: UTF8.self) }
        guard names.count == builtInNames.count else {
            throw DatasetError(
                code: .corrupt,
                detail:
                    "\(path): \(names.count) class names, expected \(builtInNames.count); \(cure)")
        }
        return names
    }

    private static let builtInNames = [
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    ]
}

extension PixelBlock {
    /// Reads record files one after the other.
    convenience init(
        cifar10 names: [String], _ title: String, of source: CIFAR10Source
    ) throws(DatasetError) {
        let paths = try source.find(names)
        let record = CIFAR10Source.recordBytes
        var counts: [Int] = []
        for path in paths {
            let size = try fileSize(path)
            guard size > 0, size % record == 0 else {
                throw DatasetError(
                    code: .truncated,
                    detail: "\(path): \(size) bytes are \(size / record) records of \(record) and"
                        + " \(size % record) bytes more, expected whole records;"
                        + " \(CIFAR10Source.cure)")
            }
            counts.append(size / record)
        }
        // The two buffers are parts of the block that is being filled.
        try unsafe self.init(
            title: title, classNames: source.classNames, imageShape: CIFAR10Source.imageShape,
            count: counts.reduce(0, +)
        ) { (pixels, labels) throws(DatasetError) in
            var bytes = [UInt8](repeating: 0, count: record)
            var image = 0
            for (path, count) in zip(paths, counts) {
                let file = try InflatedFile(path: path, cure: CIFAR10Source.cure)
                for i in 0..<count {
                    try file.read("record \(i)", into: &bytes)
                    guard Int(bytes[0]) < source.classNames.count else {
                        throw file.corrupt(
                            "label \(bytes[0]) at byte \(i * record), expected 0 to"
                                + " \(source.classNames.count - 1)")
                    }
                    unsafe labels[image] = bytes[0]  // image < count of the block
                    let start = image * CIFAR10Source.imageShape.count
                    // Image number `image` of the block.
                    unsafe interleave(
                        bytes, into: MutableBytes(rebasing: pixels[start..<start + record - 1]))
                    image += 1
                }
            }
        }
    }
}

/// Turns the planes after a record's label into pixels.
///
/// - Parameter pixels: Overwritten. `[32, 32, 3]`
private func interleave(_ record: [UInt8], into pixels: MutableBytes) {
    precondition(record.count == CIFAR10Source.recordBytes && pixels.count == record.count - 1)
    let plane = pixels.count / 3
    // The record's own bytes, during the call.
    unsafe record.withUnsafeBufferPointer { record in
        for pixel in 0..<plane {
            // pixels[y, x, channel] = record[1 + channel, y, x], pixel = 32 y + x
            unsafe pixels[3 * pixel] = record[1 + pixel]
            unsafe pixels[3 * pixel + 1] = record[1 + plane + pixel]
            unsafe pixels[3 * pixel + 2] = record[1 + 2 * plane + pixel]
        }
    }
}
