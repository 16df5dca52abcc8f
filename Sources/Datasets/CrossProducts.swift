// SPDX-License-Identifier: Apache-2.0
//
// The sums of products of an image's numbers over a set of images. They are whole, and exact.

import Dispatch
import Synchronization
import Tensors

/// For each two numbers of an image, the sum of their products over all images; and the sums of each.
struct CrossProducts {
    private let images: Int
    private let channels: Int
    /// Numbers of an image, and those in memory: in 16s.
    private let count: Int, stored: Int
    /// `[stored][stored]`, right of the diagonal.
    private var products: [Double]
    private var sums: [Double]

    /// Products of so many images are below 2^24, so that single precision has them all.
    private static let batch = 256
    /// Rows of the products that a thread sums at a time.
    private static let rows = 16

    /// - Throws: The first image's fault that cannot be read.
    init(
        of dataset: any Dataset, _ configuration: DatasetConfiguration, _ kernels: KernelSet
    ) throws(DatasetError) {
        images = dataset.count
        channels = dataset.imageShape[2]
        count = dataset.imageShape.count
        stored = (count + 15) / 16 * 16
        products = Array(repeating: 0, count: stored * stored)
        sums = Array(repeating: 0, count: stored)
        let decoder = SampleDecoder(
            configuration: configuration, imageShape: dataset.imageShape,
            encoding: dataset.encoding,
            kernels: kernels)
        let values = AlignedBuffer<Float>(count: Self.batch * stored)
        for start in stride(from: 0, to: images, by: Self.batch) {
            let indices = start..<min(start + Self.batch, images)
            try load(indices, of: dataset, decoder, into: values)
            add(values, images: indices.count)
        }
    }

    /// values[image, number]
    private func load(
        _ indices: Range<Int>, of dataset: any Dataset, _ decoder: SampleDecoder,
        into values: AlignedBuffer<Float>
    ) throws(DatasetError) {
        let faults = Mutex<[Int: DatasetError]>([:])
        let (count, stored) = (count, stored)
        DispatchQueue.concurrentPerform(iterations: indices.count) { row in
            do throws(DatasetError) {
                let pixels = try decoder.decode(indices.lowerBound + row, of: dataset)
                // The row's own floats; those beyond `count` stay zero.
                for i in 0..<count { unsafe values.base[row * stored + i] = Float(pixels[i]) }
            } catch { faults.withLock { $0[row] = error } }
        }
        if let first = faults.withLock({ $0.min { $0.key < $1.key } }) { throw first.value }
    }

    private mutating func add(_ values: AlignedBuffer<Float>, images: Int) {
        let stored = stored
        for image in 0..<images {
            // A row of `values`.
            for i in 0..<stored { sums[i] += Double(unsafe values.base[image * stored + i]) }
        }
        // Each thread has rows of its own, within the array.
        unsafe products.withUnsafeMutableBufferPointer { products in
            nonisolated(unsafe) let products = unsafe products
            DispatchQueue.concurrentPerform(iterations: stored / Self.rows) { number in
                for i in stride(
                    from: number * Self.rows, to: (number + 1) * Self.rows, by: 4)
                {
                    for j in stride(from: number * Self.rows, to: stored, by: 16) {
                        // Four rows, sixteen columns, all within the matrix.
                        unsafe Self.tile(
                            values.base, stored, images: images, i, j,
                            products.baseAddress! + i * stored + j)
                    }
                }
            }
        }
    }

    /// products[i + k, j + l] += values[n, i + k] values[n, j + l], k below 4 and l below 16
    private static func tile(
        _ values: UnsafeMutablePointer<Float>, _ stored: Int, images: Int, _ i: Int, _ j: Int,
        _ products: UnsafeMutablePointer<Double>
    ) {
        var (a, b, c, d) = (
            SIMD16<Float>(), SIMD16<Float>(), SIMD16<Float>(), SIMD16<Float>()
        )
        for n in 0..<images {
            // A row of values, 16 of which begin at a multiple of 64 bytes.
            let row = unsafe values + n * stored
            let right = unsafe UnsafeRawPointer(row + j).load(as: SIMD16<Float>.self)
            unsafe a += right * row[i]
            unsafe b += right * row[i + 1]
            unsafe c += right * row[i + 2]
            unsafe d += right * row[i + 3]
        }
        for l in 0..<16 {
            // Within the matrix, as the caller says.
            unsafe products[l] += Double(a[l])
            unsafe products[stored + l] += Double(b[l])
            unsafe products[2 * stored + l] += Double(c[l])
            unsafe products[3 * stored + l] += Double(d[l])
        }
    }

    /// The sums of products of what is left when each channel's mean is taken away: `[n][n]`.
    func aboutMeans(_ mean: [Double]) -> [Double] {
        var result = [Double](repeating: 0, count: count * count)
        for i in 0..<count {
            let left = mean[i % channels]
            for j in i..<count {
                let right = mean[j % channels]
                let product =
                    products[i * stored + j] - left * sums[j] - right * sums[i]
                    + Double(images) * left * right
                result[i * count + j] = product
                result[j * count + i] = product
            }
        }
        return result
    }
}
