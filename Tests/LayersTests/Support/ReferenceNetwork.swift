// SPDX-License-Identifier: Apache-2.0
//
// The layers once more, as a textbook has them: one image, double precision, NHWC, no blocks, no fusing.

import Foundation
import Layers
import Tensors

/// Loss and logits of a model, computed in the most obvious way from the tensors that users see.
struct ReferenceNetwork {
    let trial: Trial
    var weights: [String: [Double]]
    var isTraining = true

    init(_ trial: Trial) {
        self.trial = trial
        weights = trial.model.tensors(trial.weights).mapValues { $0.map(Double.init) }
    }

    var lossSum: Double {
        trial.labels.indices.reduce(0) { $0 + loss(logits(image: $1), trial.labels[$1]) }
    }

    /// The slope of the loss along one weight, by central differences. In double precision a step of
    /// 1e-6 leaves an error of about 1e-9.
    mutating func slope(of name: String, at index: Int) -> Double {
        let step = 1e-6
        weights[name]![index] += step
        let above = lossSum
        weights[name]![index] -= 2 * step
        let below = lossSum
        weights[name]![index] += step
        return (above - below) / (2 * step)
    }

    func loss(_ z: [Double], _ label: Int32) -> Double {
        switch trial.model.loss {
        case .sparseCategoricalCrossentropy:
            let largest = z.max()!
            return largest + log(z.reduce(0) { $0 + exp($1 - largest) }) - z[Int(label)]
        case .binaryCrossentropy:
            return max(z[0], 0) - z[0] * Double(label) + log1p(exp(-abs(z[0])))
        }
    }

    func logits(image: Int) -> [Double] {
        let model = trial.model
        let size = model.input.count
        var x = trial.pixels[image * size..<(image + 1) * size].map(Double.init)
        var shape = model.input
        for (index, layer) in model.layers.enumerated() {
            let isLast = index == model.layers.count - 1
            let name = model.names[index]
            let output = model.outputShapes[index]
            switch layer {
            case let layer as Rescaling: x = x.map { $0 * layer.scale + layer.offset }
            case let layer as Conv2D:
                x = convolve(x, shape, layer, name, output)
                x = activate(x, output, isLast ? .linear : layer.activation)
            case let layer as Dense:
                x = multiply(x, shape, layer, name)
                x = activate(
                    x, output, isLast && layer.activation != .relu ? .linear : layer.activation)
            case let layer as MaxPooling2D: x = pool(x, shape, layer, output)
            case let layer as Dropout: x = drop(x, Float(layer.rate), layer: index, image)
            case let layer as any ActivationLayer:
                x = activate(
                    x, output, isLast && layer.function != .relu ? .linear : layer.function)
            default: break
            }
            shape = output
        }
        return x
    }

    private func activate(
        _ x: [Double], _ shape: Shape, _ function: ActivationFunction
    ) -> [Double] {
        switch function {
        case .linear: return x
        case .relu: return x.map { max($0, 0) }
        case .sigmoid: return x.map { 1 / (1 + exp(-$0)) }
        case .softmax:
            let channels = shape[shape.rank - 1]
            return stride(from: 0, to: x.count, by: channels).flatMap { start in
                let row = x[start..<start + channels].map { exp($0) }
                let sum = row.reduce(0, +)
                return row.map { $0 / sum }
            }
        }
    }

    private func convolve(
        _ x: [Double], _ shape: Shape, _ layer: Conv2D, _ name: String, _ output: Shape
    ) -> [Double] {
        let kernel = weights["\(name)/kernel"]!
        let bias = weights["\(name)/bias"] ?? [Double](repeating: 0, count: layer.filters)
        let channels = shape[2], filters = layer.filters
        var y = [Double](repeating: 0, count: output.count)
        eachTap(shape, output, layer.kernelSize, layer.strides, layer.padding) { out, tap, input in
            kernel.withUnsafeBufferPointer { kernel in
                x.withUnsafeBufferPointer { x in
                    y.withUnsafeMutableBufferPointer { y in
                        for c in 0..<channels {
                            for o in 0..<filters {
                                y[out * filters + o] +=
                                    x[input * channels + c]
                                    * kernel[(tap * channels + c) * filters + o]
                            }
                        }
                    }
                }
            }
        }
        for i in y.indices { y[i] += bias[i % filters] }
        return y
    }

    private func multiply(
        _ x: [Double], _ shape: Shape, _ layer: Dense, _ name: String
    ) -> [Double] {
        let kernel = weights["\(name)/kernel"]!
        let bias = weights["\(name)/bias"] ?? [Double](repeating: 0, count: layer.units)
        let inputs = shape[shape.rank - 1]
        return stride(from: 0, to: x.count, by: inputs).flatMap { start in
            (0..<layer.units).map { unit in
                (0..<inputs).reduce(bias[unit]) {
                    $0 + x[start + $1] * kernel[$1 * layer.units + unit]
                }
            }
        }
    }

    private func pool(
        _ x: [Double], _ shape: Shape, _ layer: MaxPooling2D, _ output: Shape
    ) -> [Double] {
        let channels = shape[2]
        var y = [Double](repeating: -.infinity, count: output.count)
        eachTap(shape, output, layer.poolSize, layer.strides, layer.padding) { out, _, input in
            for c in 0..<channels {
                y[out * channels + c] = max(y[out * channels + c], x[input * channels + c])
            }
        }
        return y
    }

    private func drop(_ x: [Double], _ rate: Float, layer: Int, _ image: Int) -> [Double] {
        guard isTraining else { return x }
        let random = Philox(
            seed: trial.seed, purpose: .dropout, UInt32(layer) << 20 | UInt32(trial.epoch),
            UInt32(trial.firstPosition + image))
        return x.indices.map {
            let word = random.words(UInt64($0 / 4))[$0 % 4]
            return word.unitFloat >= rate ? x[$0] / (1 - Double(rate)) : 0
        }
    }

    /// Calls `body` with (output pixel, tap, input pixel) for each tap within the image.
    private func eachTap(
        _ shape: Shape, _ output: Shape, _ kernel: Size2D, _ strides: Size2D, _ padding: Padding,
        _ body: (Int, Int, Int) -> Void
    ) {
        func before(_ axis: Int, _ kernel: Int, _ stride: Int) -> Int {
            padding == .valid ? 0 : max((output[axis] - 1) * stride + kernel - shape[axis], 0) / 2
        }
        let top = before(0, kernel.height, strides.height)
        let left = before(1, kernel.width, strides.width)
        for y in 0..<output[0] {
            for x in 0..<output[1] {
                for ky in 0..<kernel.height {
                    for kx in 0..<kernel.width {
                        let row = y * strides.height + ky - top
                        let column = x * strides.width + kx - left
                        guard (0..<shape[0]).contains(row), (0..<shape[1]).contains(column)
                        else { continue }
                        body(
                            y * output[1] + x, ky * kernel.width + kx, row * shape[1] + column)
                    }
                }
            }
        }
    }
}
