// SPDX-License-Identifier: Apache-2.0
//
// A data set that needs no file: ten geometric shapes, anywhere, of any colour, a little turned, in
// noise. Only integers and + - * / of floats: the same bytes on every machine.

import Tensors

extension PixelBlock {
    /// `count` images; image `i` shows class `i % 10`.
    ///
    /// - Parameter part: Images of different parts are different.
    convenience init(shapes part: Partition, count: Int) throws(DatasetError) {
        let title = "shapes \(part.rawValue)"
        let shape: Shape = [ShapeImage.extent, ShapeImage.extent, 3]
        let names = ShapeKind.allCases.map(\.rawValue)
        // The two buffers are parts of the block that is being filled.
        try unsafe self.init(title: title, classNames: names, imageShape: shape, count: count) {
            (pixels, labels) throws(DatasetError) in
            for i in 0..<count {
                let label = i % names.count
                unsafe labels[i] = UInt8(label)
                let start = i * shape.count
                // Image i, a part of the block.
                unsafe ShapeImage(part, i, of: ShapeKind.allCases[label])
                    .draw(into: MutableBytes(rebasing: pixels[start..<start + shape.count]))
            }
        }
    }
}

/// The classes, in the order of their labels.
enum ShapeKind: String, CaseIterable {
    case circle, crescent, cross, diamond, frame, heart, ring, square, star, triangle

    /// Whether the point belongs to the shape of radius 1 around the origin; `v` grows downwards.
    func contains(_ u: Float, _ v: Float) -> Bool {
        let (a, b, square) = (abs(u), abs(v), u * u + v * v)
        switch self {
        case .circle: return square < 0.8
        case .crescent: return square < 0.9 && (u - 0.45) * (u - 0.45) + v * v > 0.5
        case .cross: return a < 0.3 && b < 0.95 || b < 0.3 && a < 0.95
        case .diamond: return 1.3 * a + b < 1
        case .frame: return max(a, b) < 0.8 && max(a, b) > 0.48
        case .heart:
            let (x, y) = (1.2 * u, 0.15 - 1.2 * v)
            let bulge = x * x + y * y - 1
            return bulge * bulge * bulge < x * x * y * y * y
        case .ring: return square < 0.9 && square > 0.33
        case .square: return max(a, b) < 0.75
        case .star:
            // Five lines bound a pentagram: its points lie within at least four of them.
            let (wide, narrow) = (0.951_056_5 * a, 0.587_785_25 * a)
            let lines: SIMD8<Float> = [
                v, 0.309_017 * v + wide, 0.309_017 * v - wide, narrow - 0.809_017 * v,
                -narrow - 0.809_017 * v, 1, 1, 1,
            ]
            var within = 0
            for line in 0..<5 where lines[line] < 0.34 { within += 1 }
            return within >= 4
        case .triangle: return v < 0.7 && 1.6 * a < 0.95 * (v + 0.9)
        }
    }
}

/// One image: everything about it follows from its part, its number and its class.
private struct ShapeImage {
    static let extent = 32

    private let kind: ShapeKind
    private let random: Philox
    private let centre: (x: Float, y: Float)
    private let radius: Float
    private let turn: (cosine: Float, sine: Float)
    private let ink: SIMD4<Int32>
    private let paper: SIMD4<Int32>
    private let noise: Int32

    init(_ part: Partition, _ index: Int, of kind: ShapeKind) {
        self.kind = kind
        random = Philox(
            seed: 0, purpose: .shapes, part == .train ? 0 : 1, UInt32(truncatingIfNeeded: index))
        let (place, colour) = (random.words(0), random.words(1))
        radius = 6 + 6 * place.x.unitFloat
        let (middle, room) = (Float(Self.extent - 1) / 2, Float(Self.extent) / 2 - radius)
        centre = (
            middle + room * (2 * place.y.unitFloat - 1), middle + room * (2 * place.z.unitFloat - 1)
        )
        // A turn by at most 17 degrees, from the tangent of half the angle.
        let t = 0.15 * (2 * place.w.unitFloat - 1)
        turn = ((1 - t * t) / (1 + t * t), 2 * t / (1 + t * t))
        paper = Self.bytes(colour.x)
        var ink = Self.bytes(colour.y)
        var contrast: Int32 = 0
        for channel in 0..<3 { contrast += abs(ink[channel] - paper[channel]) }
        if contrast < 120 { ink = (paper &+ 128) & 255 }
        self.ink = ink
        noise = 2 + Int32(colour.z & 1)
    }

    /// - Parameter pixels: Overwritten. `[32, 32, 3]`
    func draw(into pixels: MutableBytes) {
        precondition(pixels.count == Self.extent * Self.extent * 3)
        var words = SIMD4<UInt32>()
        for y in 0..<Self.extent {
            for x in 0..<Self.extent {
                let (dx, dy) = (Float(x) - centre.x, Float(y) - centre.y)
                let u = (turn.cosine * dx + turn.sine * dy) / radius
                let v = (turn.cosine * dy - turn.sine * dx) / radius
                let colour = kind.contains(u, v) ? ink : paper
                let pixel = y * Self.extent + x
                // A word of noise for each pixel: four pixels to a draw of random numbers.
                if pixel & 3 == 0 { words = random.words(UInt64(2 + pixel >> 2)) }
                let grain = Self.bytes(words[pixel & 3])
                for channel in 0..<3 {
                    // The sum of two dice of sixteen: -15...15, most often near 0.
                    let dice = (grain[channel] & 15) + (grain[channel] >> 4) - 15
                    let value = min(max(colour[channel] + noise * dice, 0), 255)
                    unsafe pixels[3 * pixel + channel] = UInt8(value)  // pixel < 32 * 32
                }
            }
        }
    }

    private static func bytes(_ word: UInt32) -> SIMD4<Int32> {
        SIMD4(
            Int32(word & 255), Int32(word >> 8 & 255), Int32(word >> 16 & 255), Int32(word >> 24))
    }
}
