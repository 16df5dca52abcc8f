// SPDX-License-Identifier: Apache-2.0
//
// Images that fit in memory: pixels and labels in one block, filled by a reader and never changed
// again.

import Digests
import Tensors

/// The images of one source, in the order of their files.
final class PixelBlock: Sendable {
    /// "fashion-mnist", for messages and the fingerprint.
    let title: String
    let classNames: [String]
    let imageShape: Shape
    let count: Int
    let digest: Digest
    /// What the loss of each image counts; empty where all count the same.
    private let weights: [Float]
    /// `count` images, `[H, W, C]` each, then `count` labels of a byte.
    private let memory: AlignedBuffer<UInt8>

    /// As of images that are fitted to a `target_size`.
    private static let longestSide = 8192

    /// - Parameter fill: Writes every pixel and every label, which is below `classNames.count`.
    init(
        title: String, classNames: [String], imageShape: Shape, count: Int, weights: [Float] = [],
        fill: (_ pixels: MutableBytes, _ labels: MutableBytes) throws(DatasetError) -> Void
    ) throws(DatasetError) {
        guard imageShape.extents.allSatisfy({ $0 <= Self.longestSide }) else {
            throw DatasetError(
                code: .unsupported,
                detail: "\(title): images of \(imageShape), expected sides of at most"
                    + " \(Self.longestSide) pixels; cut or shrink them")
        }
        self.title = title
        self.classNames = classNames
        self.imageShape = imageShape
        self.count = count
        self.weights = weights
        let pixels = count * imageShape.count
        memory = AlignedBuffer(count: pixels + count)
        // Two ranges of the block, checked by the buffer; nobody else sees it yet.
        try unsafe fill(memory[0..<pixels], memory[pixels..<pixels + count])
        var fingerprint = Fingerprint("pixels 1")
        fingerprint.add(imageShape.extents)
        fingerprint.add(classNames)
        fingerprint.add(count)
        // The whole block, initialised by `fill`.
        unsafe fingerprint.add(UnsafeRawBufferPointer(memory.elements))
        if !weights.isEmpty { fingerprint.add(weights.map { Int($0.bitPattern) }) }
        digest = fingerprint.finalize()
    }

    func label(_ index: Int) -> Int32 {
        // The subscript checks the range.
        Int32(unsafe memory[label(at: index)][0])
    }

    func weight(_ index: Int) -> Float? { weights.isEmpty ? nil : weights[index] }

    func copy(_ index: Int, into bytes: UnsafeMutableRawBufferPointer) {
        precondition(
            bytes.count == imageShape.count,
            "PixelBlock: room for \(bytes.count) bytes, an image has \(imageShape.count)")
        let start = index * imageShape.count
        // The subscript checks the range, the line above the room.
        unsafe bytes.copyMemory(
            from: UnsafeRawBufferPointer(memory[start..<start + imageShape.count]))
    }

    private func label(at index: Int) -> Range<Int> {
        let place = count * imageShape.count + index
        return place..<place + 1
    }
}

/// A run of the images of a block.
struct PixelDataset: Dataset {
    let fingerprint: Digest
    private let block: PixelBlock
    private let range: Range<Int>

    /// - Parameter range: Which images; all of them without it.
    init(_ block: PixelBlock, _ range: Range<Int>? = nil) {
        self.block = block
        self.range = range ?? 0..<block.count
        var fingerprint = Fingerprint("pixels of a block 1")
        fingerprint.add([self.range.lowerBound, self.range.upperBound])
        fingerprint.add(block.digest)
        self.fingerprint = fingerprint.finalize()
    }

    var count: Int { range.count }
    var classNames: [String] { block.classNames }
    var imageShape: Shape { block.imageShape }
    var encoding: SampleEncoding { .pixels }

    func label(_ index: Int) -> Int32 { block.label(place(index)) }
    func weight(_ index: Int) -> Float? { block.weight(place(index)) }
    func name(_ index: Int) -> String { "image \(place(index)) of \(block.title)" }
    func storedBytes(_ index: Int) -> Int { imageShape.count }
    func read(_ index: Int, into bytes: UnsafeMutableRawBufferPointer) {
        // Copies within `bytes`, whose size is checked.
        unsafe block.copy(place(index), into: bytes)
    }

    private func place(_ index: Int) -> Int {
        precondition(index >= 0 && index < count, "PixelDataset: image \(index) of \(count)")
        return range.lowerBound + index
    }
}
