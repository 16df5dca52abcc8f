// SPDX-License-Identifier: Apache-2.0
//
// The file format of the MNIST family: big-endian, two zero bytes, the type of the elements (8: unsigned
// byte), the number of dimensions, each dimension as 32 bits, then the elements, last dimension fastest.

import Tensors

extension PixelBlock {
    /// Reads a pair of IDX files: images of `[count, H, W]` and labels of `[count]`.
    ///
    /// - Parameters:
    ///   - stem: "train", "test" or "t10k", as the files' names go.
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
            let first = source.firstLabel
            for i in 0..<count {
                let label = unsafe Int(bytes[i]) - first  // i < count of the block
                guard source.classNames.indices.contains(label) else {
                    throw labels.corrupt(
                        "label \(label + first) at byte \(8 + i) of the contents, expected"
                            + " \(first) to \(first + source.classNames.count - 1)")
                }
                unsafe bytes[i] = UInt8(label)
            }
            if source.isTransposed {
                let size = shape.count
                for i in 0..<count {
                    // Image number `i` of the block.
                    unsafe transpose(MutableBytes(rebasing: pixels[i * size..<(i + 1) * size]))
                }
            }
        }
    }
}

/// Swaps rows and columns of a square image of bytes.
private func transpose(_ pixels: MutableBytes) {
    let extent = 28
    precondition(pixels.count == extent * extent, "transpose: \(pixels.count) bytes")
    for y in 0..<extent {
        for x in 0..<y {
            // pixels[y, x] <-> pixels[x, y]
            unsafe pixels.swapAt(y * extent + x, x * extent + y)
        }
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
