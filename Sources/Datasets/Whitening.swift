// SPDX-License-Identifier: Apache-2.0
//
// Which linear map makes the numbers of an image uncorrelated and leaves it as like itself as can be: `fit`
// of Keras's `ImageDataGenerator` with `zca_whitening`.

import CLapack
import Digests
import Tensors

/// The map, found from a set of images.
///
/// It comes from the eigenvectors of their covariance, in double precision. LAPACK finds them, whose last
/// digits depend on the library and the machine; so the map is found once, and is from then on an input of
/// the job.
public struct Whitening: Sendable, Equatable {
    /// The most numbers that an image may have: the time grows with their third power.
    public static let mostNumbers = 4096

    /// `[n][n]` for images of n numbers, height, width, channel; symmetric.
    public let matrix: [Float]

    public init(matrix: [Float]) { self.matrix = matrix }

    /// Numbers of an image.
    public var count: Int { Int(Double(matrix.count).squareRoot()) }

    public var digest: Digest { unsafe matrix.withUnsafeBytes { unsafe sha256($0) } }

    /// - Parameters:
    ///   - mean: Of each channel, taken from the images first.
    ///   - epsilon: Added to each singular value of the images before it divides.
    /// - Throws: If there are too many numbers, an image cannot be read, or there is no solution.
    public init(
        of dataset: any Dataset, _ configuration: DatasetConfiguration, mean: [Double],
        epsilon: Double, kernels: KernelSet
    ) throws(DatasetError) {
        let count = dataset.imageShape.count
        try Self.check(dataset.imageShape)
        var vectors = try CrossProducts(of: dataset, configuration, kernels).aboutMeans(mean)
        let values = try Self.solve(&vectors, count)
        // V diag(sqrt(images) / (s + epsilon)) V^T, s^2 the eigenvalues: each vector times the root of its
        // factor, then all with each other. Fewer images than numbers have no more vectors than images.
        let images = Double(dataset.count)
        for index in 0..<count {
            let singular = max(values[index], 0).squareRoot()
            let isThere = index >= count - dataset.count
            let factor = isThere ? (images.squareRoot() / (singular + epsilon)).squareRoot() : 0
            for place in index * count..<(index + 1) * count { vectors[place] *= factor }
        }
        matrix = Self.product(vectors, count)
    }

    /// - Throws: If an image has too many numbers.
    public static func check(_ shape: Shape) throws(DatasetError) {
        guard shape.count <= mostNumbers else {
            throw DatasetError(
                code: .mismatch,
                detail: "zca_whitening takes images of at most \(mostNumbers) numbers, \(shape) has"
                    + " \(shape.count); use a smaller target_size, or leave it out")
        }
    }

    /// Eigenvalues, ascending. The corresponding function of LAPACK is `dsyevd`.
    ///
    /// - Parameter matrix: Symmetric, `[n][n]`; becomes the eigenvectors, one after another.
    private static func solve(
        _ matrix: inout [Double], _ count: Int
    ) throws(DatasetError) -> [Double] {
        var values = [Double](repeating: 0, count: count)
        var n = Int32(count), info: Int32 = 0
        var workCount = Int32(1 + 6 * count + 2 * count * count)
        var wholeCount = Int32(3 + 5 * count)
        var work = [Double](repeating: 0, count: Int(workCount))
        var whole = [Int32](repeating: 0, count: Int(wholeCount))
        var vectors: CChar = 86, lower: CChar = 76  // V and L
        // All arrays are as large as LAPACK's page says, and outlive the call.
        unsafe lapack_dsyevd(
            &vectors, &lower, &n, &matrix, &n, &values, &work, &workCount, &whole, &wholeCount,
            &info)
        guard info == 0 else {
            throw DatasetError(
                code: .unreadable,
                detail: "zca_whitening found no eigenvectors (dsyevd: \(info)); are all training "
                    + "images alike?")
        }
        return values
    }

    /// B B^T for B of columns `[n][n]`. The corresponding function of BLAS is `dsyrk`.
    private static func product(_ columns: [Double], _ count: Int) -> [Float] {
        var n = Int32(count), one = 1.0, zero = 0.0
        var lower: CChar = 76, plain: CChar = 78  // L and N
        var sums = [Double](repeating: 0, count: count * count)
        // Two matrices of n times n, which outlive the call.
        unsafe columns.withUnsafeBufferPointer {
            unsafe lapack_dsyrk(
                &lower, &plain, &n, &n, &one, $0.baseAddress, &n, &zero, &sums, &n)
        }
        // LAPACK counts columns: what it calls the lower half is [i][j] with j >= i.
        var matrix = [Float](repeating: 0, count: count * count)
        for i in 0..<count {
            for j in i..<count {
                let sum = Float(sums[i * count + j])
                matrix[i * count + j] = sum
                matrix[j * count + i] = sum
            }
        }
        return matrix
    }
}
