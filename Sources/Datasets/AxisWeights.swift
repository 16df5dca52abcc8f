// SPDX-License-Identifier: Apache-2.0
//
// What each output pixel takes from which input pixels, along one axis: exact fractions, rounded once to
// 65536ths. The same bits everywhere.

/// The weights of one axis.
struct AxisWeights {
    /// The weights of one output pixel: of the input pixels from `first` on. What lies outside the image
    /// (padding) has no weight, so that the sum may be less than 65536.
    struct Taps {
        let first: Int
        let weights: ArraySlice<Int32>
    }

    let taps: [Taps]

    /// - Parameters:
    ///   - outputs: The number of output pixels.
    ///   - inputs: The number of input pixels.
    ///   - window: The part of the input that becomes the output; it may reach beyond the input.
    init(
        _ interpolation: DatasetConfiguration.Interpolation, outputs: Int, inputs: Int,
        window: Range<Int>
    ) {
        let extent = window.count
        taps = (0..<outputs).map { output in
            // Where in the window the image is.
            let image = max(0, -window.lowerBound)..<min(extent, inputs - window.lowerBound)
            let (first, weights) =
                switch interpolation {
                case .nearest: Self.nearest(output, outputs, extent)
                case .bilinear: Self.bilinear(output, outputs, extent)
                case .bicubic: Self.bicubic(output, outputs, extent)
                case .area: Self.area(output, outputs, extent, within: image)
                case .pilBox, .pilBilinear, .pilBicubic:
                    preconditionFailure("AxisWeights: \(interpolation) is resizeAsPillow's")
                }
            // Of the weights those of pixels within the image; in a frame there may be none.
            let end = first + weights.count
            let lower = min(max(first, image.lowerBound), end)
            let upper = max(min(end, image.upperBound), lower)
            return Taps(
                first: max(lower + window.lowerBound, 0),
                weights: weights[lower - first..<upper - first])
        }
    }

    private static let one = 1 << 16

    /// The pixel whose middle is nearest, the later one of two.
    private static func nearest(
        _ output: Int, _ outputs: Int, _ inputs: Int
    ) -> (Int, [Int32]) {
        (min((2 * output + 1) * inputs / (2 * outputs), inputs - 1), [Int32(one)])
    }

    /// The two neighbours; the distance is rounded down to a 4096th, as `ImageFitting.swift` does.
    private static func bilinear(
        _ output: Int, _ outputs: Int, _ inputs: Int
    ) -> (Int, [Int32]) {
        let place = Neighbours(of: output, of: outputs, in: inputs)
        let far = Int32(place.weight) * 16
        return place.after == place.before
            ? (place.before, [Int32(one)]) : (place.before, [Int32(one) - far, far])
    }

    /// Four neighbours by Keys's cubic with a = -1/2. Beyond the border there is nothing: the weights of
    /// what is there are scaled to 1.
    private static func bicubic(
        _ output: Int, _ outputs: Int, _ inputs: Int
    ) -> (Int, [Int32]) {
        // (output + 1/2) inputs / outputs - 1/2, as a whole part and 4096ths.
        let numerator = (2 * output + 1) * inputs - outputs
        let whole = (numerator >= 0 ? numerator : numerator - 2 * outputs + 1) / (2 * outputs)
        let t = (numerator - whole * 2 * outputs) * 4096 / (2 * outputs)
        let q = 4096
        // Twice the polynomials, in 4096^3rds.
        let weights = [
            -t * t * t + 2 * t * t * q - t * q * q,
            3 * t * t * t - 5 * t * t * q + 2 * q * q * q,
            -3 * t * t * t + 4 * t * t * q + t * q * q,
            t * t * t - t * t * q,
        ]
        let kept = max(0, whole - 1)...min(inputs - 1, whole + 2)
        let parts = kept.map { weights[$0 - whole + 1] }
        return (kept.lowerBound, rounded(parts, of: parts.reduce(0, +)))
    }

    /// The mean of what the output pixel covers.
    ///
    /// - Parameter image: The pixels whose weights matter: a frame may be far larger.
    private static func area(
        _ output: Int, _ outputs: Int, _ inputs: Int, within image: Range<Int>
    ) -> (Int, [Int32]) {
        // In units of 1 / outputs of an input pixel.
        let covered = output * inputs..<(output + 1) * inputs
        let pixels = covered.lowerBound / outputs..<(covered.upperBound - 1) / outputs + 1
        let parts = pixels.clamped(to: image).map { pixel in
            (pixel * outputs..<(pixel + 1) * outputs).clamped(to: covered).count
        }
        return (pixels.clamped(to: image).lowerBound, rounded(parts, of: inputs))
    }

    /// The parts as 65536ths of the total, so rounded that no error adds up.
    private static func rounded(_ parts: [Int], of total: Int) -> [Int32] {
        var (sum, before) = (0, 0)
        return parts.map { part in
            sum += part
            let now = Int((Double(sum) / Double(total) * Double(one)).rounded())
            defer { before = now }
            return Int32(now - before)
        }
    }
}
