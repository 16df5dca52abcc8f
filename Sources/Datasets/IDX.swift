// SPDX-License-Identifier: Apache-2.0
//
// The file format of the MNIST family: big-endian, two zero bytes, the type of the elements (8: unsigned
// byte), the number of dimensions, each dimension as 32 bits, then the elements, last dimension fastest.

import Tensors

extension PixelBlock {
    /// Reads a pair of IDX files: images of `[count, H, W]` and labels of `[count]`.
    ///
    /// - Parameters:
    ///   - stem: "train" or "t10k", as the files' names begin.
    ///   - source: Where the files are and what they must hold.
    convenience init(idx stem: String, of source: IDXSource) throws(DatasetError) {
        let images = try InflatedFile(
            path: source.find("\(stem)-images", "idx3-ubyte"), cure: source.cure)
        let labels = try InflatedFile(
            path: source.find("\(stem)-labels", "idx1-ubyte"), cure: source.cure)
        let shape = source.imageShape
        let dimensions = try images.readIDXHeader(rank: 3)
        let count = dimensions[0]
        guard [dimensions[1], dimensions[2], 1] == shape.extents else {
            throw images.corrupt(
                "images of \(dimensions[1]) x \(dimensions[2]) (bytes 8 to 16 of the contents),"
                    + " \(source.title) has \(shape[0]) x \(shape[1])")
        }
        let labelCount = try labels.readIDXHeader(rank: 1)[0]
        guard labelCount == count else {
            throw DatasetError(
                code: .mismatch,
                detail: "\(images.path) has \(count) images, \(labels.path) \(labelCount) labels;"
                    + " take both from the same distribution (\(source.cure))")
        }
        // The two buffers are parts of the block that is being filled.
        try unsafe self.init(
            title: "\(source.title) \(stem)", classNames: source.classNames, imageShape: shape,
            count: count
        ) { (pixels, bytes) throws(DatasetError) in
            try unsafe images.read("pixels", into: UnsafeMutableRawBufferPointer(pixels))
            try images.expectEnd()
            try unsafe labels.read("labels", into: UnsafeMutableRawBufferPointer(bytes))
            try labels.expectEnd()
            for unsafe(i, label) in unsafe bytes.enumerated() where label >= source.classNames.count
            {
                throw labels.corrupt(
                    "label \(label) at byte \(8 + i) of the contents, expected 0 to"
                        + " \(source.classNames.count - 1)")
            }
        }
    }
}

/// A data set of the MNIST family.
struct IDXSource {
    let title: String
    let directory: String
    let classNames: [String]
    let imageShape: Shape = [28, 28, 1]
    /// What to do about missing or damaged files.
    let cure: String

    static func fashionMNIST(_ directory: String) -> IDXSource {
        IDXSource(
            title: "fashion-mnist", directory: directory,
            classNames: [
                "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker",
                "Bag", "Ankle boot",
            ],
            cure: "apt-get install --reinstall dataset-fashion-mnist")
    }

    static func mnist(_ directory: String) -> IDXSource {
        IDXSource(
            title: "mnist", directory: directory, classNames: (0...9).map(String.init),
            cure: "fetch the file anew from the MNIST distribution")
    }

    /// The first of the names that the files go by.
    func find(_ stem: String, _ ending: String) throws(DatasetError) -> String {
        let names = ["-", "."].flatMap { ["\(stem)\($0)\(ending)", "\(stem)\($0)\(ending).gz"] }
        guard let name = names.first(where: { isFile("\(directory)/\($0)") }) else {
            throw DatasetError(
                code: .notFound,
                detail: "\(title) is not in \(directory): no \(names[0]) nor \(names[1]) there;"
                    + " \(cure), or set dataset.path, or use --dataset shapes, which needs no files"
            )
        }
        return "\(directory)/\(name)"
    }
}

extension InflatedFile {
    /// The dimensions, checked against what the file can hold at all.
    fileprivate borrowing func readIDXHeader(rank: Int) throws(DatasetError) -> [Int] {
        let mark = try readBigEndian()
        guard mark == 0x800 + rank else {
            throw corrupt(
                "found \(hex(mark)) at byte 0, expected \(hex(0x800 + rank)), the mark of an IDX"
                    + " file of bytes in \(rank) dimension\(rank == 1 ? "" : "s")")
        }
        var dimensions: [Int] = []
        for _ in 0..<rank { dimensions.append(try readBigEndian()) }
        var total = 1
        for extent in dimensions {
            let (product, overflow) = total.multipliedReportingOverflow(by: extent)
            guard extent > 0, !overflow, product <= capacity else {
                throw corrupt(
                    "dimensions \(dimensions) at byte 4 of the contents cannot be: the file has"
                        + " \(size) bytes")
            }
            total = product
        }
        return dimensions
    }

    private borrowing func readBigEndian() throws(DatasetError) -> Int {
        var word: UInt32 = 0
        // The four bytes of a local variable.
        try unsafe withUnsafeMutableBytes(of: &word) { (bytes) throws(DatasetError) in
            try unsafe read("header", into: bytes)
        }
        return Int(UInt32(bigEndian: word))
    }
}

private func hex(_ number: Int) -> String {
    let digits = String(number, radix: 16)
    return "0x" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
}
