// SPDX-License-Identifier: Apache-2.0
//
// Files for tests: made in a fresh folder, gone with it.

import CImageCodecs
import Datasets
import Foundation
import Tensors

final class TemporaryFolder {
    let path: String

    init() throws {
        let name = "convoy-datasets-\(UUID().uuidString)"
        path = FileManager.default.temporaryDirectory.appendingPathComponent(name).path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file, and the folders above it.
    func write(_ name: String, _ bytes: [UInt8]) throws {
        let url = URL(fileURLWithPath: "\(path)/\(name)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: "\(path)/\(name)")
    }
}

func contents(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
}

/// The bytes as gzip writes them.
func gzipped(_ bytes: [UInt8]) throws -> [UInt8] {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/file.gz"
    let file = gzopen(path, "wb")
    let written = bytes.withUnsafeBytes { gzwrite(file, $0.baseAddress, UInt32($0.count)) }
    precondition(gzclose(file) == Z_OK && Int(written) == bytes.count)
    return try contents(path)
}

/// An IDX file of bytes.
func idx(_ dimensions: [Int], _ elements: [UInt8]) -> [UInt8] {
    [0, 0, 8, UInt8(dimensions.count)]
        + dimensions.flatMap { bigEndian(UInt32($0)) } + elements
}

func bigEndian(_ number: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
}

/// A PNG from its parts: nothing is checked, so that it can be wrong.
func png(
    width: UInt32, height: UInt32, depth: UInt8 = 8, color: UInt8, rows: [UInt8]
) throws -> [UInt8] {
    func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(name.utf8) + data
        let check = body.withUnsafeBufferPointer { crc32(0, $0.baseAddress, UInt32($0.count)) }
        return bigEndian(UInt32(data.count)) + body + bigEndian(UInt32(check))
    }
    var data = [UInt8](repeating: 0, count: Int(compressBound(UInt(rows.count))))
    var size = UInt(data.count)
    precondition(compress(&data, &size, rows, UInt(rows.count)) == Z_OK)
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        + chunk("IHDR", bigEndian(width) + bigEndian(height) + [depth, color, 0, 0, 0])
        + chunk("IDAT", Array(data[..<Int(size)])) + chunk("IEND", [])
}

extension Dataset {
    /// The stored form of a sample.
    func stored(_ index: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: try storedBytes(index))
        try bytes.withUnsafeMutableBytes { try read(index, into: $0) }
        return bytes
    }
}

extension SampleDecoder {
    func decode(
        _ stored: [UInt8], augment: (seed: UInt64, epoch: Int, position: Int)? = nil
    ) throws -> [UInt8] {
        var pixels = [UInt8](repeating: 0, count: imageShape.count)
        try pixels.withUnsafeMutableBufferPointer { pixels in
            try stored.withUnsafeBytes { try decode($0, into: pixels) }
            guard let (seed, epoch, position) = augment else { return }
            let scratch = AlignedBuffer<UInt8>(count: scratchCount)
            self.augment(
                pixels, seed: seed, epoch: epoch, position: position, scratch: scratch.elements)
        }
        return pixels
    }
}

/// The error that `body` throws.
func datasetError(_ body: () throws -> Void) -> DatasetError? {
    do {
        try body()
        return nil
    } catch {
        return error as? DatasetError
    }
}

/// Random bits for hostile input, the same in every run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
