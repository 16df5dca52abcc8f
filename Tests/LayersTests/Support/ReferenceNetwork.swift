// SPDX-License-Identifier: Apache-2.0
//
// The layers once more, as a textbook has them: one image, double precision, NHWC, no blocks, no fusing.

import Foundation
import KernelReference
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
        logits().enumerated().reduce(0) { sum, z in
            let weights = trial.sampleWeights
            let weight = weights.isEmpty ? 1 : Double(weights[z.offset])
            return sum + weight * loss(z.element, image: z.offset)
        }
    }

    /// By its own label and that of its partner; the weight is the class's that counts more.
    private func loss(_ z: [Double], image: Int) -> Double {
        if trial.model.loss.readsNumbers {
            let targets = trial.targets[image * z.count..<(image + 1) * z.count].map(Double.init)
            guard trial.model.loss.isRegression else {
                let smoothing = trial.model.loss.labelSmoothing
                return targets.enumerated().reduce(0) { sum, target in
                    let share = target.element * (1 - smoothing) + smoothing / Double(z.count)
                    return sum + share * plainLoss(z, Int32(target.offset))
                }
            }
            let isSquared = trial.model.loss == .meanSquaredError
            let errors = zip(z, targets).map { isSquared ? ($0 - $1) * ($0 - $1) : abs($0 - $1) }
            return errors.reduce(0, +) / Double(z.count)
        }
        let label = trial.labels[image]
        var share = 1.0, partner = label
        if isTraining, !trial.shares.isEmpty {
            (share, partner) = (Double(trial.shares[image]), trial.partners[image])
        }
        let most = share > 0.5 ? label : share < 0.5 ? partner : min(label, partner)
        let weighs = isTraining && !trial.classWeights.isEmpty
        let weight = weighs ? Double(trial.classWeights[Int(most)]) : 1
        return weight * (share * loss(z, label) + (1 - share) * loss(z, partner))
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
        let smoothing = trial.model.loss.labelSmoothing
        guard smoothing > 0 else { return plainLoss(z, label) }
        let classes = max(2, z.count)
        let even = (0..<classes).reduce(0) { $0 + plainLoss(z, Int32($1)) } / Double(classes)
        return (1 - smoothing) * plainLoss(z, label) + smoothing * even
    }

    private func plainLoss(_ z: [Double], _ label: Int32) -> Double {
        switch trial.model.loss.kind {
        case .sparseCategoricalCrossentropy, .categoricalCrossentropy:
            let largest = z.max()!
            return largest + log(z.reduce(0) { $0 + exp($1 - largest) }) - z[Int(label)]
        case .binaryCrossentropy:
            return max(z[0], 0) - z[0] * Double(label) + log1p(exp(-abs(z[0])))
        case .hinge: return max(0, 1 - z[0] * (2 * Double(label) - 1))
        case .meanSquaredError, .meanAbsoluteError:
            preconditionFailure("ReferenceNetwork: a regression has no labels")
        }
    }

    /// Of all images.
    func logits() -> [[Double]] { blocks.flatMap { outputs(of: $0).last! } }

    /// What stands in the place of a moving statistic in the gradient: the sum over the blocks of their own
    /// statistic times their images.
    func statisticSum(_ name: String) -> [Double] {
        let parts = name.split(separator: "/").map(String.init)
        let layer = trial.model.names.firstIndex(of: parts[0])!
        var sum: [Double] = []
        for block in blocks {
            let x = values(read(by: layer), in: outputs(of: block), block)[0]
            let (mean, variance) = statistics(x, channels: channels(of: layer))
            let statistic = parts[1] == "moving_mean" ? mean : variance
            if sum.isEmpty { sum = statistic.map { _ in 0 } }
            sum = zip(sum, statistic).map { $0 + $1 * Double(block.count) }
        }
        return sum
    }

    private var blocks: [Range<Int>] {
        stride(from: 0, to: trial.labels.count, by: trial.model.blockSize).map {
            $0..<min($0 + trial.model.blockSize, trial.labels.count)
        }
    }

    /// The output of each layer, for each image of a block.
    private func outputs(of block: Range<Int>) -> [[[Double]]] {
        let model = trial.model
        var outputs: [[[Double]]] = []
        for index in model.nodes.indices {
            let inputs = values(read(by: index), in: outputs, block)
            if let layer = model.layers[index] as? BatchNormalization {
                outputs.append(normalize(inputs[0], layer, index))
            } else if inputs.count > 1 {
                outputs.append(
                    block.indices.map { i in
                        merge(inputs.map { $0[i - block.lowerBound] }, index)
                    })
            } else {
                outputs.append(
                    zip(block, inputs[0]).map { image, x in output(of: index, x, image) })
            }
        }
        return outputs
    }

    private func read(by index: Int) -> [Int] {
        let node = trial.model.nodes[index]
        if node.inputs.isEmpty { return [index - 1] }
        return node.inputs.map { trial.model.names.firstIndex(of: $0)! }
    }

    /// The images themselves are what comes before the first layer.
    private func values(
        _ indices: [Int], in outputs: [[[Double]]], _ block: Range<Int>
    ) -> [[[Double]]] {
        let size = trial.model.input.count
        return indices.map { index in
            index >= 0
                ? outputs[index]
                : block.map { trial.pixels[$0 * size..<($0 + 1) * size].map(Double.init) }
        }
    }

    private func shape(before index: Int) -> Shape {
        let before = read(by: index)[0]
        return before >= 0 ? trial.model.outputShapes[before] : trial.model.input
    }

    private func output(of index: Int, _ x: [Double], _ image: Int) -> [Double] {
        let model = trial.model, isLast = index == model.layers.count - 1
        let name = model.names[index], output = model.outputShapes[index]
        let shape = shape(before: index)
        // What ends the model and belongs to the loss.
        func unlessOfLoss(_ element: ElementActivation?) -> ElementActivation? {
            isLast && [.softmax, .sigmoid].contains(element) ? nil : element
        }
        switch model.layers[index] {
        case let layer as Rescaling: return x.map { $0 * layer.scale + layer.offset }
        case let layer as Conv2D:
            let y = convolve(x, shape, layer, layer.groups, "\(name)/kernel", name, output)
            return activate(y, output, layer.activation.element)
        case let layer as DepthwiseConv2D:
            let y = convolve(x, shape, layer, shape[2], "\(name)/kernel", name, output)
            return activate(y, output, layer.activation.element)
        case let layer as SeparableConv2D:
            let between: Shape = [output[0], output[1], shape[2] * layer.depthMultiplier]
            let z = convolve(x, shape, layer, shape[2], "\(name)/depthwise_kernel", "", between)
            let pointwise = Conv2D(layer.filters, kernelSize: Size2D(1))
            let y = convolve(
                z, between, pointwise, 1, "\(name)/pointwise_kernel", name, output)
            return activate(y, output, layer.activation.element)
        case let layer as Conv2DTranspose:
            return activate(
                convolveTransposed(x, shape, layer, name, output), output,
                layer.activation.element)
        case let layer as Dense:
            return activate(
                multiply(x, shape, layer, name), output, unlessOfLoss(layer.activation.element))
        case let layer as MaxPooling2D: return pool(x, shape, layer, output)
        case let layer as MinPooling2D:
            return pool(x.map { -$0 }, shape, layer, output).map { -$0 }
        case is GlobalMaxPooling2D:
            return (0..<output.count).map { channel in
                stride(from: channel, to: x.count, by: output.count).map { x[$0] }.max()!
            }
        case let layer as AveragePooling2D: return average(x, shape, layer, output)
        case is GlobalAveragePooling2D:
            return (0..<output.count).map { channel in
                stride(from: channel, to: x.count, by: output.count).reduce(0) { $0 + x[$1] }
                    * Double(output.count) / Double(x.count)
            }
        case let layer as ZeroPadding2D:
            return frame(x, shape, output, top: -layer.padding.top, left: -layer.padding.left)
        case let layer as Cropping2D:
            return frame(x, shape, output, top: layer.cropping.top, left: layer.cropping.left)
        case let layer as UpSampling2D: return upsample(x, shape, layer, output)
        case let layer as Dropout: return drop(x, Float(layer.rate), layer: index, image)
        case let layer as SpatialDropout2D:
            return drop(x, Float(layer.rate), layer: index, image, period: shape[2])
        case let layer as GaussianNoise:
            guard isTraining else { return x }
            let random = stream(.gaussianNoise, layer: index, image)
            return x.indices.map {
                x[$0] + layer.stddev * random.words(UInt64($0 / 4))[$0 % 4].normal
            }
        case let layer as LayerNormalization:
            return normalize(x, groups: 1, pixelwise: true, Float(layer.epsilon), shape, name)
        case let layer as GroupNormalization:
            let groups = layer.groups < 0 ? shape[shape.rank - 1] : layer.groups
            return normalize(x, groups: groups, pixelwise: false, Float(layer.epsilon), shape, name)
        case let layer as any ActivationLayer:
            return activate(x, output, unlessOfLoss(layer.element))
        default: return x
        }
    }

    /// What several layers made of one image.
    private func merge(_ inputs: [[Double]], _ index: Int) -> [Double] {
        switch trial.model.layers[index] {
        case is Concatenate:
            let widths = read(by: index).map { channels(of: $0) }
            var joined: [Double] = []
            for pixel in 0..<inputs[0].count / widths[0] {
                for (input, width) in zip(inputs, widths) {
                    joined += input[pixel * width..<(pixel + 1) * width]
                }
            }
            return joined
        case is Multiply:
            let count = inputs.map(\.count).max()!
            return (0..<count).map { i in inputs.reduce(1) { $0 * $1[i % $1.count] } }
        default:
            return inputs.dropFirst().reduce(inputs[0]) { zip($0, $1).map { $0 + $1 } }
        }
    }

    private func channels(of index: Int) -> Int {
        let shape = trial.model.outputShapes[index]
        return shape[shape.rank - 1]
    }

    /// Of each channel, over a block's images and pixels.
    private func statistics(
        _ x: [[Double]], channels: Int
    ) -> (mean: [Double], variance: [Double]) {
        let count = Double(x.count * x[0].count / channels)
        var mean = [Double](repeating: 0, count: channels), variance = mean
        for image in x {
            for (i, value) in image.enumerated() { mean[i % channels] += value / count }
        }
        for image in x {
            for (i, value) in image.enumerated() {
                let d = value - mean[i % channels]
                variance[i % channels] += d * d / count
            }
        }
        return (mean, variance)
    }

    /// One image, or each of its pixels.
    private func normalize(
        _ x: [Double], groups: Int, pixelwise: Bool, _ epsilon: Float, _ shape: Shape,
        _ name: String
    ) -> [Double] {
        let channels = shape[shape.rank - 1], pixels = x.count / channels
        let geometry = GroupGeometry(
            sets: pixelwise ? pixels : 1, pixels: pixelwise ? 1 : pixels, images: 1,
            stored: channels, channels: channels, groups: groups, epsilon: epsilon)
        return ReferenceGroupNormalization(
            geometry, live: 1, input: x,
            gamma: weights["\(name)/gamma"] ?? [Double](repeating: 1, count: channels),
            beta: weights["\(name)/beta"] ?? [Double](repeating: 0, count: channels)
        ).output
    }

    private func normalize(
        _ x: [[Double]], _ layer: BatchNormalization, _ index: Int
    ) -> [[Double]] {
        let name = trial.model.names[index], channels = channels(of: index)
        let (mean, variance) =
            isTraining
            ? statistics(x, channels: channels)
            : (weights["\(name)/moving_mean"]!, weights["\(name)/moving_variance"]!)
        let gamma = weights["\(name)/gamma"], beta = weights["\(name)/beta"]
        return x.map { image in
            image.enumerated().map { i, value in
                let c = i % channels
                return (gamma?[c] ?? 1) * (value - mean[c])
                    / (variance[c] + layer.epsilon).squareRoot() + (beta?[c] ?? 0)
            }
        }
    }

    /// - Parameter element: nil for none.
    private func activate(
        _ x: [Double], _ shape: Shape, _ element: ElementActivation?
    ) -> [Double] {
        guard let element else { return x }
        let channels = shape[shape.rank - 1]
        return element.forward(
            Rows(count: x.count / channels, stored: channels, live: channels), x)
    }

    /// - Parameter layer: Its name if it has a bias.
    private func convolve(
        _ x: [Double], _ shape: Shape, _ convolution: any ConvolutionLayer, _ groups: Int,
        _ kernelName: String, _ layer: String, _ output: Shape
    ) -> [Double] {
        let kernel = weights[kernelName]!
        let channels = shape[2], filters = output[2], read = channels / groups
        let bias = weights["\(layer)/bias"] ?? [Double](repeating: 0, count: filters)
        var y = [Double](repeating: 0, count: output.count)
        eachTap(
            shape, output, convolution.kernelSize, convolution.strides, convolution.padding,
            convolution.dilationRate
        ) { out, tap, input in
            kernel.withUnsafeBufferPointer { kernel in
                x.withUnsafeBufferPointer { x in
                    y.withUnsafeMutableBufferPointer { y in
                        for c in 0..<read {
                            for o in 0..<filters {
                                let from = o / (filters / groups) * read + c
                                y[out * filters + o] +=
                                    x[input * channels + from]
                                    * kernel[(tap * read + c) * filters + o]
                            }
                        }
                    }
                }
            }
        }
        for i in y.indices { y[i] += bias[i % filters] }
        return y
    }

    /// The taps of the convolution that leads back.
    private func convolveTransposed(
        _ x: [Double], _ shape: Shape, _ layer: Conv2DTranspose, _ name: String, _ output: Shape
    ) -> [Double] {
        let kernel = weights["\(name)/kernel"]!
        let bias = weights["\(name)/bias"] ?? [Double](repeating: 0, count: layer.filters)
        let channels = shape[2], filters = layer.filters
        var y = (0..<output.count).map { bias[$0 % filters] }
        eachTap(output, shape, layer.kernelSize, layer.strides, layer.padding) { from, tap, to in
            for c in 0..<channels {
                for o in 0..<filters {
                    y[to * filters + o] +=
                        x[from * channels + c] * kernel[(tap * filters + o) * channels + c]
                }
            }
        }
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
        _ x: [Double], _ shape: Shape, _ layer: some PoolingLayer, _ output: Shape
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

    private func average(
        _ x: [Double], _ shape: Shape, _ layer: AveragePooling2D, _ output: Shape
    ) -> [Double] {
        let channels = shape[2]
        var sum = [Double](repeating: 0, count: output.count), taps = sum
        eachTap(shape, output, layer.poolSize, layer.strides, layer.padding) { out, _, input in
            for c in 0..<channels {
                sum[out * channels + c] += x[input * channels + c]
                taps[out * channels + c] += 1
            }
        }
        return zip(sum, taps).map { $0 / $1 }
    }

    private func frame(
        _ x: [Double], _ shape: Shape, _ output: Shape, top: Int, left: Int
    ) -> [Double] {
        (0..<output.count).map { i in
            let y = i / output[2] / output[1] + top, column = i / output[2] % output[1] + left
            guard (0..<shape[0]).contains(y), (0..<shape[1]).contains(column) else { return 0 }
            return x[(y * shape[1] + column) * shape[2] + i % output[2]]
        }
    }

    /// A sum over all pixels, of which few are near enough to count.
    private func upsample(
        _ x: [Double], _ shape: Shape, _ layer: UpSampling2D, _ output: Shape
    ) -> [Double] {
        func shares(_ count: Int, _ factor: Int) -> [[Double]] {
            (0..<count * factor).map { o in
                let place = (Double(o) + 0.5) / Double(factor) - 0.5
                let inside = min(max(place, 0), Double(count - 1))
                return (0..<count).map {
                    layer.interpolation == .nearest
                        ? (o / factor == $0 ? 1 : 0) : max(0, 1 - abs(inside - Double($0)))
                }
            }
        }
        let rows = shares(shape[0], layer.size.height)
        let columns = shares(shape[1], layer.size.width)
        var y = [Double](repeating: 0, count: output.count)
        for i in y.indices {
            let (row, column) = (
                rows[i / output[2] / output[1]], columns[i / output[2] % output[1]]
            )
            for r in row.indices where row[r] != 0 {
                for c in column.indices where column[c] != 0 {
                    let value = x[(r * shape[1] + c) * shape[2] + i % output[2]]
                    y[i] += row[r] * column[c] * value
                }
            }
        }
        return y
    }

    private func stream(_ purpose: Philox.Purpose, layer: Int, _ image: Int) -> Philox {
        Philox(
            seed: trial.seed, purpose: purpose, UInt32(layer) << 20 | UInt32(trial.epoch),
            UInt32(trial.firstPosition + image))
    }

    /// - Parameter period: After how many elements the mask begins again; nil for never.
    private func drop(
        _ x: [Double], _ rate: Float, layer: Int, _ image: Int, period: Int? = nil
    ) -> [Double] {
        guard isTraining else { return x }
        let random = stream(.dropout, layer: layer, image)
        return x.indices.map { i in
            let e = i % (period ?? x.count), word = random.words(UInt64(e / 4))[e % 4]
            return word.unitFloat >= rate ? x[i] / (1 - Double(rate)) : 0
        }
    }

    /// Calls `body` with (output pixel, tap, input pixel) for each tap within the image.
    private func eachTap(
        _ shape: Shape, _ output: Shape, _ kernel: Size2D, _ strides: Size2D, _ padding: Padding,
        _ dilation: Size2D = Size2D(1), _ body: (Int, Int, Int) -> Void
    ) {
        func before(_ axis: Int, _ kernel: Int, _ stride: Int, _ dilation: Int) -> Int {
            let reach = (output[axis] - 1) * stride + (kernel - 1) * dilation + 1
            return padding == .valid ? 0 : max(reach - shape[axis], 0) / 2
        }
        let top = before(0, kernel.height, strides.height, dilation.height)
        let left = before(1, kernel.width, strides.width, dilation.width)
        for y in 0..<output[0] {
            for x in 0..<output[1] {
                for ky in 0..<kernel.height {
                    for kx in 0..<kernel.width {
                        let row = y * strides.height + ky * dilation.height - top
                        let column = x * strides.width + kx * dilation.width - left
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
