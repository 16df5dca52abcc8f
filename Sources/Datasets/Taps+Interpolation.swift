// SPDX-License-Identifier: Apache-2.0
//
// What each output pixel takes from which input pixels, along one axis: exact fractions, rounded once to
// 65536ths. The same bits everywhere.

extension Taps {
    /// The power of two that a weight of one is.
    static let shift = 16
    private static let one = 1 << shift

    /// What lies outside the image (padding) has no weight, so that the sum of a pixel's may be less than
    /// 65536.
    ///
    /// - Parameters:
    ///   - outputs: The number of output pixels.
    ///   - inputs: The number of input pixels.
    ///   - window: The part of the input that becomes the output; it may reach beyond the input.
    init(
        _ interpolation: DatasetConfiguration.Interpolation, outputs: Int, inputs: Int,
        window: Range<Int>
    ) {
        self.init(outputs: outputs)
        let extent = window.count, start = window.lowerBound
        // Where in the window the image is.
        let image = max(0, -start)..<min(extent, inputs - start)
        for output in 0..<outputs {
            let pixels =
                switch interpolation {
                case .nearest: addNearest(output, outputs, extent, image)
                case .bilinear: addBilinear(output, outputs, extent, image)
                case .bicubic: addBicubic(output, outputs, extent, image)
                case .area: addArea(output, outputs, extent, image)
                case .pilBox, .pilBilinear, .pilBicubic:
                    preconditionFailure("Taps: \(interpolation) is resizeAsPillow's")
                }
            let kept = pixels.clamped(to: image)
            close(first: kept.isEmpty ? 0 : kept.lowerBound + start)
        }
    }

    /// The pixel whose middle is nearest, the later one of two.
    private mutating func addNearest(
        _ output: Int, _ outputs: Int, _ inputs: Int, _ image: Range<Int>
    ) -> Range<Int> {
        let pixel = min((2 * output + 1) * inputs / (2 * outputs), inputs - 1)
        return add(pixel..<pixel + 1, within: image, of: 1) { _ in 1 }
    }

    /// The two neighbours; the distance is rounded down to a 4096th, as `ImageFitting.swift` does.
    private mutating func addBilinear(
        _ output: Int, _ outputs: Int, _ inputs: Int, _ image: Range<Int>
    ) -> Range<Int> {
        let place = Neighbours(of: output, of: outputs, in: inputs)
        guard place.after > place.before else {
            return add(place.before..<place.before + 1, within: image, of: 1) { _ in 1 }
        }
        let far = Int(place.weight)
        return add(place.before..<place.after + 1, within: image, of: 4096) {
            $0 == place.before ? 4096 - far : far
        }
    }

    /// Four neighbours by Keys's cubic with a = -1/2. Beyond the border there is nothing: the weights of
    /// what is there are scaled to 1.
    private mutating func addBicubic(
        _ output: Int, _ outputs: Int, _ inputs: Int, _ image: Range<Int>
    ) -> Range<Int> {
        // (output + 1/2) inputs / outputs - 1/2, as a whole part and 4096ths.
        let numerator = (2 * output + 1) * inputs - outputs
        let whole = (numerator >= 0 ? numerator : numerator - 2 * outputs + 1) / (2 * outputs)
        let t = (numerator - whole * 2 * outputs) * 4096 / (2 * outputs)
        let q = 4096
        // Twice the polynomials, in 4096^3rds.
        let weights: InlineArray<4, Int> = [
            -t * t * t + 2 * t * t * q - t * q * q,
            3 * t * t * t - 5 * t * t * q + 2 * q * q * q,
            -3 * t * t * t + 4 * t * t * q + t * q * q,
            t * t * t - t * t * q,
        ]
        let pixels = max(0, whole - 1)..<min(inputs, whole + 3)
        var total = 0
        for pixel in pixels { total += weights[pixel - whole + 1] }
        return add(pixels, within: image, of: total) { weights[$0 - whole + 1] }
    }

    /// The mean of what the output pixel covers.
    private mutating func addArea(
        _ output: Int, _ outputs: Int, _ inputs: Int, _ image: Range<Int>
    ) -> Range<Int> {
        // In units of 1 / outputs of an input pixel.
        let covered = output * inputs..<(output + 1) * inputs
        let pixels = covered.lowerBound / outputs..<(covered.upperBound - 1) / outputs + 1
        // A frame may be far larger than what matters of it.
        return add(pixels.clamped(to: image), within: image, of: inputs) { pixel in
            (pixel * outputs..<(pixel + 1) * outputs).clamped(to: covered).count
        }
    }

    /// The parts as 65536ths of the total, so rounded that no error adds up; of these the ones within the
    /// image.
    ///
    /// - Returns: The pixels.
    private mutating func add(
        _ pixels: Range<Int>, within image: Range<Int>, of total: Int, _ part: (Int) -> Int
    ) -> Range<Int> {
        var (sum, before) = (0, 0)
        for pixel in pixels {
            sum += part(pixel)
            let now = Int((Double(sum) / Double(total) * Double(Self.one)).rounded())
            if image.contains(pixel) { add(Int32(now - before)) }
            before = now
        }
        return pixels
    }
}
