// SPDX-License-Identifier: Apache-2.0
//
// Resizing as Pillow's `Image.resize` does it, which is what `flow_from_directory` calls: each output
// pixel is a weighted mean of all that it covers, first along x, then along y, rounded to whole levels
// after each, with weights in 2^-22ths. The same bits as Pillow 11, and everywhere. (Later releases go along
// y first where that is less work.)

import Tensors

/// - Parameters:
///   - source: `[height, width, channels]`; one channel may serve three.
///   - target: Overwritten. `[H, W, C]` by `shape`.
///   - filter: The shape of the weights.
func resizeAsPillow(
    _ source: Bytes, _ size: (height: Int, width: Int, channels: Int), into target: MutableBytes,
    _ shape: Shape, _ filter: PillowFilter, _ framing: DatasetConfiguration.Framing,
    _ kernels: KernelSet
) {
    let (height, width, channels) = (shape[0], shape[1], size.channels)
    precondition(
        source.count == size.height * size.width * channels && target.count == shape.count
            && (channels == shape[2] || channels == 1))
    let rows = PillowTaps(
        filter, outputs: height, inputs: size.height,
        window: framing.window(size.height, other: size.width, target: (height, width)))
    let columns = PillowTaps(
        filter, outputs: width, inputs: size.width,
        window: framing.window(size.width, other: size.height, target: (width, height)))
    let length = width * channels
    // sums[y, x, c], each with half a level more, so that cutting off rounds.
    var sums = [Int32](repeating: PillowTaps.half, count: height * length)
    var line = [UInt8](repeating: 0, count: length)
    var earliest = 0
    for row in 0..<size.height {
        while earliest < height, rows.end(of: earliest) <= row { earliest += 1 }
        guard earliest < height, rows.firsts[earliest] <= row else { continue }
        let start = row * size.width * channels
        // Row `row` of the source, all of which is there.
        let pixels = unsafe Bytes(rebasing: source[start..<start + size.width * channels])
        unsafe squeeze(pixels, channels, columns, into: &line)
        var output = earliest
        while output < height, rows.firsts[output] <= row {
            let weight = rows.weight(of: row, in: output)
            // A row of `line`'s length; both arrays' own elements, during the call.
            unsafe line.withUnsafeBufferPointer { line in
                unsafe sums.withUnsafeMutableBufferPointer { sums in
                    let start = output * length
                    let row = unsafe MutableIntegers(rebasing: sums[start..<start + length])
                    unsafe kernels.addRow(line, weight: weight, to: row)
                }
            }
            output += 1
        }
    }
    let copies = shape[2] / channels
    for (place, sum) in sums.enumerated() {
        for copy in 0..<copies {
            // target[y, x, channel or copy]
            unsafe target[place * copies + copy] = PillowTaps.level(sum)
        }
    }
}

/// One row of the source, made as wide as the target.
private func squeeze(
    _ pixels: Bytes, _ channels: Int, _ columns: PillowTaps, into line: inout [UInt8]
) {
    for x in 0..<columns.firsts.count {
        for channel in 0..<channels {
            // line[x, channel] = sum over k of pixels[first + k, channel] * weight[k]
            var sum = PillowTaps.half
            var place = columns.firsts[x] * channels + channel
            for tap in columns.range(of: x) {
                // Taps lie within the row by construction.
                unsafe sum &+= Int32(pixels[place]) &* columns.weights[tap]
                place += channels
            }
            line[x * channels + channel] = PillowTaps.level(sum)
        }
    }
}

/// The shapes of weights that Pillow has and that need no sine.
enum PillowFilter {
    case box, bilinear, bicubic

    /// How far it reaches, in pixels of the target where these are larger.
    fileprivate var support: Double {
        switch self {
        case .box: 0.5
        case .bilinear: 1
        case .bicubic: 2
        }
    }

    fileprivate func weight(_ distance: Double) -> Double {
        let x = abs(distance)
        switch self {
        case .box: return distance > -0.5 && distance <= 0.5 ? 1 : 0
        case .bilinear: return x < 1 ? 1 - x : 0
        case .bicubic:
            // Keys's cubic with a = -1/2.
            if x < 1 { return (1.5 * x - 2.5) * x * x + 1 }
            return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0
        }
    }
}

/// What each output pixel takes from which input pixels, along one axis.
private struct PillowTaps {
    private(set) var firsts: [Int] = []
    private(set) var weights: [Int32] = []
    private var starts = [0]

    private static let bits: Int32 = 22
    static let half: Int32 = 1 << (bits - 1)
    static func level(_ sum: Int32) -> UInt8 { UInt8(clamping: sum >> bits) }

    /// - Parameter window: The part of the input that becomes the output; pixels beside it count, too.
    init(_ filter: PillowFilter, outputs: Int, inputs: Int, window: Range<Int>) {
        let scale = Double(window.count) / Double(outputs), reach = max(scale, 1)
        let support = filter.support * reach
        for output in 0..<outputs {
            let centre = Double(window.lowerBound) + (Double(output) + 0.5) * scale
            let first = max(Int(centre - support + 0.5), 0)
            let end = min(Int(centre + support + 0.5), inputs)
            let parts = (first..<max(end, first)).map {
                filter.weight((Double($0) - centre + 0.5) * (1 / reach))
            }
            let total = parts.reduce(0, +)
            firsts.append(first)
            for part in parts {
                let exact = (total == 0 ? part : part / total) * Double(1 << Self.bits)
                weights.append(Int32(exact < 0 ? exact - 0.5 : exact + 0.5))
            }
            starts.append(weights.count)
        }
    }

    func range(of output: Int) -> Range<Int> { starts[output]..<starts[output + 1] }
    func end(of output: Int) -> Int { firsts[output] + starts[output + 1] - starts[output] }

    func weight(of input: Int, in output: Int) -> Int32 {
        let tap = starts[output] + input - firsts[output]
        return tap < starts[output + 1] ? weights[tap] : 0
    }
}
