// SPDX-License-Identifier: Apache-2.0
//
// Layers that move pixels and channels, and pools.

import KernelReference
import Tensors

extension ElementTrial {
    private static var images: Int { SweptElements.images }

    static func upsampling(_ side: Int, _ channels: Int, bilinear: Bool) -> ElementTrial {
        let g = UpsampleGeometry(
            images: images, inputHeight: side / 2, inputWidth: side / 2, channels: channels,
            factorY: 2, factorX: 2, isBilinear: bilinear)
        let input = noise(g.inputCount, 1), gradient = noise(g.outputCount, 2)
        let output = zeros(g.outputCount), inputGradient = zeros(g.inputCount)
        return ElementTrial(
            forward: Pass(floats: g.inputCount + g.outputCount) {
                $0.upsampleForward(g, input.floats, into: output.elements)
            },
            backward: Pass(floats: g.inputCount + g.outputCount) {
                $0.upsampleBackward(
                    g, gradient.floats, adding: false, into: inputGradient.elements)
            }, results: [output, inputGradient]
        ) { [g.enlarged(input.doubles), g.gathered(gradient.doubles)] }
    }

    /// Two parts of as many channels each.
    static func concatenation(_ side: Int, _ channels: Int, live: Int) -> ElementTrial {
        let slices = [0, live].map {
            ChannelSlice(
                rows: side * side * images, live: live, stored: channels, first: $0,
                whole: (2 * live + 15) / 16 * 16)
        }
        let parts = slices.indices.map { noise(slices[$0].partCount, UInt32($0)) }
        let back = slices.map { zeros($0.partCount) }, count = slices[0].wholeCount
        let whole = zeros(count), gradient = noise(count, 2)
        return ElementTrial(
            forward: Pass(floats: 4 * slices[0].rows * live) { kernels in
                for (slice, part) in zip(slices, parts) {
                    kernels.placeChannels(slice, part.floats, into: whole.elements)
                }
            },
            backward: Pass(floats: 4 * slices[0].rows * live) { kernels in
                for (slice, part) in zip(slices, back) {
                    kernels.takeChannels(
                        slice, gradient.floats, adding: false, into: part.elements)
                }
            }, results: [whole] + back
        ) {
            var expected = [Double](repeating: 0, count: count)
            for (slice, part) in zip(slices, parts) {
                for (i, place) in slice.places.enumerated() {
                    if let place { expected[place] = Double(part.base[i]) }
                }
            }
            return [expected]
                + slices.map { $0.places.map { $0.map { Double(gradient.base[$0]) } ?? 0 } }
        }
    }

    /// To twice the pixels of half the channels.
    static func reshape(_ side: Int, _ channels: Int) -> ElementTrial {
        let wide = PixelRows(pixels: side * side, channels: channels, stored: channels)
        let long = PixelRows(
            pixels: 2 * side * side, channels: channels / 2, stored: channels / 2)
        let count = wide.count(images)
        let input = noise(count, 1), gradient = noise(count, 2)
        let output = zeros(count), inputGradient = zeros(count)
        /// Where a number of the wide rows is in the long ones.
        func place(_ i: Int) -> Int {
            let (pixel, image, c) = (
                i / channels / images, i / channels % images, i % channels
            )
            let half = channels / 2
            return ((2 * pixel + c / half) * images + image) * half + c % half
        }
        return ElementTrial(
            forward: Pass(floats: 2 * count) {
                $0.repack(
                    wide, as: long, images: images, input.floats, adding: false,
                    into: output.elements)
            },
            backward: Pass(floats: 2 * count) {
                $0.repack(
                    long, as: wide, images: images, gradient.floats, adding: false,
                    into: inputGradient.elements)
            }, results: [output, inputGradient]
        ) {
            var expected = [Double](repeating: 0, count: count)
            for i in 0..<count { expected[place(i)] = Double(input.base[i]) }
            return [expected, (0..<count).map { Double(gradient.base[place($0)]) }]
        }
    }

    static func maxPool(_ side: Int, _ channels: Int, window: Int, stride: Int) -> ElementTrial {
        let g = pool(side, channels, window: window, stride: stride)
        let input = noise(g.inputCount, 1), gradient = noise(g.outputCount, 2)
        let output = zeros(g.outputCount), inputGradient = zeros(g.inputCount)
        let argmax = AlignedBuffer<UInt8>(count: g.argmaxCount)
        return ElementTrial(
            forward: Pass(floats: g.inputCount + g.outputCount, bytes: g.argmaxCount) {
                $0.maxPoolForward(
                    g, input.floats, into: output.elements, argmax: argmax.elements)
            },
            backward: Pass(floats: g.inputCount + g.outputCount, bytes: g.argmaxCount) {
                $0.maxPoolBackward(
                    g, gradient.floats, argmax: Bytes(argmax.elements),
                    into: inputGradient.elements)
            }, results: [output, inputGradient]
        ) {
            let forward = g.forward(input.doubles)
            return [forward.output, g.backward(gradient.doubles, argmax: forward.argmax)]
        }
    }

    static func averagePool(_ side: Int, _ channels: Int) -> ElementTrial {
        let g = pool(side, channels, window: side, stride: side)
        let input = noise(g.inputCount, 1), gradient = noise(g.outputCount, 2)
        let output = zeros(g.outputCount), inputGradient = zeros(g.inputCount)
        return ElementTrial(
            forward: Pass(floats: g.inputCount + g.outputCount) {
                $0.averagePoolForward(g, input.floats, into: output.elements)
            },
            backward: Pass(floats: g.inputCount + g.outputCount) {
                $0.averagePoolBackward(g, gradient.floats, into: inputGradient.elements)
            }, results: [output, inputGradient]
        ) { [g.averages(input.doubles), g.averageGradient(gradient.doubles)] }
    }

    private static func pool(
        _ side: Int, _ channels: Int, window: Int, stride: Int
    ) -> PoolGeometry {
        let count = (side - window) / stride + 1
        return PoolGeometry(
            images: images, inputHeight: side, inputWidth: side, channels: channels,
            windowHeight: window, windowWidth: window, strideY: stride, strideX: stride,
            outputHeight: count, outputWidth: count)
    }
}
