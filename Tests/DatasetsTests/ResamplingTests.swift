// SPDX-License-Identifier: Apache-2.0
//
// Resampling against its definition, pixel by pixel, on every instruction set: whole numbers, so to the
// bit.

import Datasets
import Engines
import Tensors
import Testing

@Suite struct ResamplingTests {
    private static let modes: [Border.Mode] = [
        .nearest, .reflect, .cut, .blended, .joined, .tiled,
    ]

    @Test(arguments: modes, [false, true])
    func pixelsAreMixedOfTheirNeighbours(mode: Border.Mode, nearest: Bool) {
        var random = SplitMix(state: nearest ? 2 : 1)
        for round in 0..<120 {
            let shape = Shape(
                [20, 60, 4].map { Int.random(in: 1...$0, using: &random) })
            let image = (0..<shape.count).map { _ in UInt8.random(in: 0...255, using: &random) }
            // Whole and half pixels now and then, where ties are; and far beyond the image.
            let grain = [0x1p-32, 0x1p-12, 0.5, 1][round % 4]
            let reach = [1.5, 1, 8, 1e6][round / 4 % 4]
            func grained(_ bound: Double) -> Double {
                (Double.random(in: -bound...bound, using: &random) / grain).rounded() * grain
            }
            let plane = PlaneMap(
                xx: grained(reach), xy: grained(reach), yx: grained(reach), yy: grained(reach),
                x: grained(20 * reach), y: grained(20 * reach))
            let map = AffineMap(plane, height: shape[0], width: shape[1])
            let expected = Definition(image: image, shape: shape, mode: mode, fill: 77)
                .resampled(by: map, nearest: nearest)
            for kernels in Engine.available {
                let found = resampled(
                    image, shape, map, mode: mode, fill: 77, nearest: nearest, kernels)
                #expect(found == expected, "\(kernels.name), \(shape), \(plane)")
            }
        }
    }
}

/// What is beyond the edges, place by place.
private struct Definition {
    let image: [UInt8]
    let shape: Shape
    let mode: Border.Mode
    let fill: UInt8

    func resampled(by map: AffineMap, nearest: Bool) -> [UInt8] {
        var pixels: [UInt8] = []
        for y in 0..<Int64(shape[0]) {
            for x in 0..<Int64(shape[1]) {
                let half: Int64 = 1 << 19
                let placeX = (map.x0 &+ map.xx &* x &+ map.xy &* y &+ half) >> 20
                let placeY = (map.y0 &+ map.yx &* x &+ map.yy &* y &+ half) >> 20
                var column = neighbours(Int(placeX), of: shape[1])
                var row = neighbours(Int(placeY), of: shape[0])
                if nearest {
                    column.weight = column.weight >= 2048 ? 4096 : 0
                    row.weight = row.weight >= 2048 ? 4096 : 0
                }
                for c in 0..<shape[2] {
                    func at(_ y: Int?, _ x: Int?) -> Int {
                        guard let y, let x else { return Int(fill) }
                        return Int(image[(y * shape[1] + x) * shape[2] + c])
                    }
                    let (left, up) = (4096 - column.weight, 4096 - row.weight)
                    let above =
                        at(row.before, column.before) * left
                        + at(row.before, column.after) * column.weight
                    let below =
                        at(row.after, column.before) * left
                        + at(row.after, column.after) * column.weight
                    pixels.append(UInt8((above * up + below * row.weight + 1 << 23) >> 24))
                }
            }
        }
        return pixels
    }

    /// nil is no pixel: there is the constant.
    private func neighbours(
        _ place: Int, of count: Int
    ) -> (before: Int?, after: Int?, weight: Int) {
        let last = (count - 1) * 4096, before = place >> 12, weight = place & 4095
        func pixel(_ index: Int) -> Int? { 0..<count ~= index ? index : nil }
        func mirrored(_ index: Int) -> Int {
            let turn = (index % (2 * count) + 2 * count) % (2 * count)
            return turn < count ? turn : 2 * count - 1 - turn
        }
        func within(_ place: Int) -> (before: Int?, after: Int?, weight: Int) {
            let place = min(max(place, 0), last)
            return (place >> 12, min(place >> 12 + 1, count - 1), place & 4095)
        }
        switch mode {
        case .nearest: return within(place)
        case .cut: return 0...last ~= place ? within(place) : (nil, nil, 0)
        case .blended: return (pixel(before), pixel(before + 1), weight)
        case .reflect: return (mirrored(before), mirrored(before + 1), weight)
        case .joined, .tiled:
            let period = mode == .joined ? last : last + 4096
            if last == 0 { return within(0) }
            if place < 0 { return within(place + period * (-place / last + 1)) }
            return within(place > last ? place - period * (place / last) : place)
        }
    }
}
