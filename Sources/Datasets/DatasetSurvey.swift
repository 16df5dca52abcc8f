// SPDX-License-Identifier: Apache-2.0
//
// What is in a data set: every image is read and decoded once.

import Dispatch
import Synchronization
import Tensors

/// Counts, sizes, colours and damage of one partition. Sums are of whole numbers, so that threads and
/// their order change nothing.
public struct DatasetSurvey: Sendable, Equatable {
    /// The size of images as they are stored.
    public struct Size: Hashable, Sendable {
        public let height: Int
        public let width: Int
    }

    /// Readable images of each class.
    public private(set) var counts: [Int]
    public private(set) var sizes: [Size: Int] = [:]
    /// Why images cannot be read, in their order.
    public var unreadable: [String] { faults.sorted { $0.index < $1.index }.map(\.text) }

    private var faults: [Fault] = []
    private var channels: [Moments]

    private struct Fault: Sendable, Equatable {
        let index: Int
        let text: String
    }

    /// - Parameters:
    ///   - dataset: Opened tolerantly, so that damaged files are counted.
    ///   - configuration: How its images are brought to the shape that the model takes.
    public init(
        _ dataset: any Dataset, _ configuration: DatasetConfiguration, _ kernels: KernelSet
    ) {
        let total = Mutex(DatasetSurvey(of: dataset))
        let fitting = configuration.fitting
        let chunk = 64
        DispatchQueue.concurrentPerform(iterations: (dataset.count + chunk - 1) / chunk) { number in
            var part = DatasetSurvey(of: dataset)
            var pixels = [UInt8](repeating: 0, count: dataset.imageShape.count)
            for index in number * chunk..<min((number + 1) * chunk, dataset.count) {
                part.add(dataset, index, fitting, kernels, &pixels)
            }
            total.withLock { $0.merge(part) }
        }
        self = total.withLock { $0 }
    }

    /// The mean of each channel of the images as the model sees them, 0 to 255.
    public var mean: [Double] { channels.map(\.mean) }

    /// The standard deviation of each channel, over all pixels of all images.
    public var deviation: [Double] { channels.map(\.deviation) }

    var firstFault: String? { faults.min { $0.index < $1.index }?.text }

    private init(of dataset: any Dataset) {
        counts = Array(repeating: 0, count: dataset.classNames.count)
        channels = Array(repeating: Moments(), count: dataset.imageShape[2])
    }

    private mutating func add(
        _ dataset: any Dataset, _ index: Int, _ fitting: DatasetConfiguration.Fitting,
        _ kernels: KernelSet, _ image: inout [UInt8]
    ) {
        do throws(DatasetError) {
            let size = try Self.decode(dataset, index, fitting, kernels, &image)
            sizes[size, default: 0] += 1
        } catch {
            let name = dataset.name(index)
            let isNamed = error.detail.hasPrefix(name)
            faults.append(
                Fault(index: index, text: isNamed ? error.detail : error.named(name).detail))
            return
        }
        counts[Int(dataset.label(index))] += 1
        for channel in channels.indices {
            // The array's own bytes, during the call.
            unsafe image.withUnsafeBufferPointer {
                unsafe channels[channel].add($0, from: channel, every: channels.count)
            }
        }
    }

    /// - Returns: The size before it was fitted.
    private static func decode(
        _ dataset: any Dataset, _ index: Int, _ fitting: DatasetConfiguration.Fitting,
        _ kernels: KernelSet, _ image: inout [UInt8]
    ) throws(DatasetError) -> Size {
        var stored = [UInt8](repeating: 0, count: try dataset.storedBytes(index))
        // The two arrays' own bytes, during the call.
        let outcome = unsafe stored.withUnsafeMutableBytes { stored in
            unsafe image.withUnsafeMutableBufferPointer { image in
                Result { () throws(DatasetError) in
                    let shape = dataset.imageShape
                    try unsafe dataset.read(index, into: stored)
                    guard dataset.encoding == .file else {
                        unsafe UnsafeMutableRawBufferPointer(image).copyBytes(from: stored)
                        return Size(height: shape[0], width: shape[1])
                    }
                    let decoded = try unsafe DecodedImage(
                        file: UnsafeRawBufferPointer(stored), for: shape, fitting)
                    unsafe decoded.fit(shape, fitting, kernels, into: image)
                    return Size(height: decoded.fileSize.height, width: decoded.fileSize.width)
                }
            }
        }
        return try outcome.get()
    }

    private mutating func merge(_ other: DatasetSurvey) {
        for (label, count) in other.counts.enumerated() { counts[label] += count }
        sizes.merge(other.sizes, uniquingKeysWith: +)
        faults += other.faults
        for channel in channels.indices { channels[channel].add(other.channels[channel]) }
    }
}
