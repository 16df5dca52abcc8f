// SPDX-License-Identifier: Apache-2.0

import Datasets
import Dispatch
import Foundation
import Synchronization
import Tensors
import Testing

@Suite struct ImageCacheTests {
    private let shape: Shape = [20, 30, 3]

    private func open(
        _ kind: DatasetConfiguration.Cache, limit: Int = 1 << 30,
        in folders: [String] = ImageCache.folders, faults: Faults = Faults()
    ) -> ImageCache? {
        let configuration = DatasetConfiguration(
            format: .folder, path: "p", targetSize: [20, 30], cache: kind, cacheLimit: limit)
        return ImageCache(configuration, imageShape: shape, in: folders) { faults.add($0) }
    }

    private final class Faults: Sendable {
        private let list = Mutex<[DatasetError]>([])
        func add(_ error: DatasetError) { list.withLock { $0.append(error) } }
        var all: [DatasetError] { list.withLock { $0 } }
    }

    /// Adds what stands for a file, and its image.
    private func add(_ number: Int, to cache: ImageCache) {
        var pixels = image(number)
        pixels.withUnsafeMutableBufferPointer { cache.add(key(number), $0) }
    }

    private func key(_ number: Int) -> ImageCache.Key {
        withUnsafeBytes(of: number) { ImageCache.Key($0) }
    }

    private func image(_ number: Int) -> [UInt8] {
        (0..<shape.count).map { UInt8(truncatingIfNeeded: $0 * 7 + number * 13 + number >> 8) }
    }

    private func found(_ number: Int, in cache: ImageCache) -> [UInt8]? {
        var pixels = [UInt8](repeating: 0, count: shape.count)
        let isThere = pixels.withUnsafeMutableBufferPointer { cache.copy(key(number), into: $0) }
        return isThere ? pixels : nil
    }

    @Test func thereIsNoneUnlessItIsAskedFor() {
        #expect(open(.disabled) == nil)
        #expect(DatasetConfiguration(format: .folder).cache == .disabled)
    }

    @Test func memoryTakesWhatTheLimitAllows() throws {
        let cache = try #require(open(.memory, limit: 3 * shape.count - 1))
        #expect(found(1, in: cache) == nil)
        add(1, to: cache)
        add(1, to: cache)
        add(2, to: cache)
        add(3, to: cache)
        #expect(found(1, in: cache) == image(1) && found(2, in: cache) == image(2))
        #expect(found(3, in: cache) == nil)
    }

    /// A block of memory holds 9,320 of these.
    @Test(arguments: [DatasetConfiguration.Cache.memory, .disk])
    func manyImagesAreFound(_ kind: DatasetConfiguration.Cache) throws {
        let folder = try TemporaryFolder()
        let cache = try #require(open(kind, in: [folder.path]))
        for number in 0..<10_000 { add(number, to: cache) }
        for number in stride(from: 0, to: 10_000, by: 77) {
            #expect(found(number, in: cache) == image(number))
        }
        #expect(found(10_000, in: cache) == nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    }

    @Test(arguments: [DatasetConfiguration.Cache.memory, .disk])
    func threadsShareIt(_ kind: DatasetConfiguration.Cache) throws {
        let folder = try TemporaryFolder()
        let cache = try #require(open(kind, in: [folder.path]))
        let wrong = Mutex(0), hits = Mutex(0)
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for step in 0..<400 {
                let number = (step * 17 + thread * 5) % 200
                if let pixels = found(number, in: cache) {
                    hits.withLock { $0 += 1 }
                    if pixels != image(number) { wrong.withLock { $0 += 1 } }
                } else {
                    add(number, to: cache)
                }
            }
        }
        #expect(wrong.withLock { $0 } == 0 && hits.withLock { $0 } > 0)
        for number in 0..<200 { #expect(found(number, in: cache) == image(number)) }
    }

    @Test func withoutAPlaceForAFileThereIsNone() {
        let faults = Faults()
        #expect(open(.disk, in: ["/no/such/folder"], faults: faults) == nil)
        #expect(
            faults.all.map(\.detail) == [
                "no file can be made in /no/such/folder: No such file or directory; make one of them"
                    + " writable"
            ])
    }
}
