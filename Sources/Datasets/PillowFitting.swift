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
    let rows = Taps(
        filter, outputs: height, inputs: size.height,
        window: framing.window(size.height, other: size.width, target: (height, width)))
    let columns = Taps(
        filter, outputs: width, inputs: size.width,
        window: framing.window(size.width, other: size.height, target: (width, height))
    ).columns(inputs: size.width, channels: channels, shift: PillowFilter.shift)
    let length = width * channels, input = size.width * channels
    // sums[y, x, c], each with half a level more, so that cutting off rounds.
    let sums = MutableIntegers.allocate(capacity: height * length)
    // A row as it was, with some elements that do not count, and as wide as the target, before and after
    // rounding.
    let levels = MutableIntegers.allocate(capacity: columns.inputCount)
    let line = MutableIntegers.allocate(capacity: length)
    let squeezed = MutableBytes.allocate(capacity: length)
    defer {
        unsafe sums.deallocate()
        unsafe levels.deallocate()
        unsafe line.deallocate()
        unsafe squeezed.deallocate()
    }
    unsafe sums.update(repeating: 1 << Int32(PillowFilter.shift - 1))
    var earliest = 0
    for row in 0..<size.height {
        while earliest < height, rows.inputs(of: earliest).upperBound <= row { earliest += 1 }
        guard earliest < height, rows.firsts[earliest] <= row else { continue }
        // levels[x, c] = source[row, x, c]
        unsafe levels.update(repeating: 0)
        unsafe kernels.addRow(
            Bytes(rebasing: source[row * input..<(row + 1) * input]), weight: 1,
            to: MutableIntegers(rebasing: levels[..<input]))
        // Buffers of these very lengths.
        unsafe kernels.sumColumns(Integers(levels), columns, into: line)
        unsafe kernels.clampLevels(Integers(line), shift: 0, into: squeezed)
        var output = earliest
        while output < height, rows.firsts[output] <= row {
            // sums[output, x, c] += squeezed[x, c] * weight
            unsafe kernels.addRow(
                Bytes(squeezed), weight: rows.weight(of: row, in: output),
                to: MutableIntegers(rebasing: sums[output * length..<(output + 1) * length]))
            output += 1
        }
    }
    for y in 0..<height {
        let start = y * width * shape[2]
        // Row y of the sums, and of target[y, x, channel or copy].
        unsafe kernels.clampLevels(
            Integers(rebasing: sums[y * length..<(y + 1) * length]), shift: PillowFilter.shift,
            into: MutableBytes(rebasing: target[start..<start + length]))
        if channels < shape[2] { unsafe repeatPixels(target, from: start, count: width) }
    }
}

/// The shapes of weights that Pillow has and that need no sine.
enum PillowFilter {
    case box, bilinear, bicubic

    /// The power of two that a weight of one is.
    static let shift = 22

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

extension Taps {
    /// - Parameter window: The part of the input that becomes the output; pixels beside it count, too.
    init(_ filter: PillowFilter, outputs: Int, inputs: Int, window: Range<Int>) {
        self.init(outputs: outputs)
        let scale = Double(window.count) / Double(outputs), reach = max(scale, 1)
        let support = filter.support * reach
        for output in 0..<outputs {
            let centre = Double(window.lowerBound) + (Double(output) + 0.5) * scale
            let first = max(Int(centre - support + 0.5), 0)
            let end = min(Int(centre + support + 0.5), inputs)
            func part(_ pixel: Int) -> Double {
                filter.weight((Double(pixel) - centre + 0.5) * (1 / reach))
            }
            let pixels = first..<max(end, first)
            var total = 0.0
            for pixel in pixels { total += part(pixel) }
            for pixel in pixels {
                let share = total == 0 ? part(pixel) : part(pixel) / total
                let exact = share * Double(1 << PillowFilter.shift)
                add(Int32(exact < 0 ? exact - 0.5 : exact + 0.5))
            }
            close(first: first)
        }
    }
}
