// SPDX-License-Identifier: Apache-2.0
//
// The door for convolutions: which algorithm, and where its memory lies.

import Tensors

extension Loops {
    package static func convPrepare(
        _ geometry: ConvGeometry, _ weights: Floats, into prepared: MutableFloats
    ) {
        guard geometry.preparedCount > 0, let prepared = prepared.baseAddress else { return }
        switch geometry.algorithm {
        case .direct where geometry.areGroupsFine:
            FineGroups.prepare(geometry, weights.baseAddress!, into: prepared)
        case .direct: Direct.transpose(geometry, weights.baseAddress!, into: prepared)
        case .narrow, .depthwise: break
        case .winograd: Winograd.prepare(geometry, weights.baseAddress!, into: prepared)
        case .transposed:
            Direct.transpose(geometry.reversed, weights.baseAddress!, into: prepared)
        }
    }

    package static func convForward(
        _ geometry: ConvGeometry, _ operands: ConvOperands, into output: MutableFloats,
        argmax: MutableBytes
    ) {
        let input = operands.input.baseAddress!, output = output.baseAddress!
        let argmax = geometry.pooled ? argmax.baseAddress : nil
        switch geometry.algorithm {
        case .direct where geometry.areGroupsFine:
            FineGroups.forward(
                geometry, input, operands.prepared.baseAddress!,
                Epilogue(geometry, operands, output), into: output)
        case .direct:
            if geometry.sumsAtOnce {
                operands.kept.baseAddress!.update(from: input, count: geometry.inputCount)
            }
            Direct.forward(
                geometry, input, operands.weights.baseAddress!,
                Epilogue(geometry, operands, output), into: output)
        case .narrow:
            if geometry.isFramed {
                Frame.fill(geometry, input, into: operands.kept.baseAddress!)
            }
            let frame = Frame(geometry, operands)
            switch geometry.inputChannels {
            case 1: Narrow<1>.forward(geometry, frame, operands, into: output, argmax)
            case 2: Narrow<2>.forward(geometry, frame, operands, into: output, argmax)
            case 3: Narrow<3>.forward(geometry, frame, operands, into: output, argmax)
            default: Narrow<4>.forward(geometry, frame, operands, into: output, argmax)
            }
        case .winograd:
            Winograd(geometry, operands)
                .forward(operands, operands.prepared.baseAddress!, into: output, argmax)
        case .transposed: Transposed.forward(geometry, operands, into: output)
        case .depthwise:
            Depthwise.forward(
                geometry, input, operands.weights.baseAddress!,
                Epilogue(geometry, operands, output), into: output)
        }
    }

    package static func convBackward(
        _ geometry: ConvGeometry, _ operands: ConvOperands, _ gradients: ConvGradients,
        argmax: Bytes
    ) {
        let argmax = geometry.pooled ? argmax.baseAddress : nil
        let prepared = geometry.needsInputGradient ? operands.prepared.baseAddress : nil
        switch geometry.algorithm {
        case .direct where geometry.areGroupsFine:
            FineGroups.backward(geometry, operands, gradients)
        case .direct: Direct.backward(geometry, operands, gradients, prepared)
        case .narrow:
            let frame = Frame(geometry, operands), scratch = operands.scratch.baseAddress!
            switch geometry.inputChannels {
            case 1: Narrow<1>.gradient(geometry, frame, gradients, argmax, scratch: scratch)
            case 2: Narrow<2>.gradient(geometry, frame, gradients, argmax, scratch: scratch)
            case 3: Narrow<3>.gradient(geometry, frame, gradients, argmax, scratch: scratch)
            default: Narrow<4>.gradient(geometry, frame, gradients, argmax, scratch: scratch)
            }
        case .winograd:
            Winograd(geometry, operands).backward(
                gradients,
                prepared.map { $0 + geometry.transformedCount }, argmax)
        case .depthwise: Depthwise.backward(geometry, operands, gradients)
        case .transposed: Transposed.backward(geometry, operands, gradients)
        }
    }

    package static func convFinish(
        _ geometry: ConvGeometry, _ accumulator: Floats, blocks: Int, scratch: MutableFloats,
        adding: Bool, into weightGradient: MutableFloats
    ) {
        let accumulator = accumulator.baseAddress!, gradient = weightGradient.baseAddress!
        if geometry.algorithm == .direct {
            Direct.finish(geometry, accumulator, blocks: blocks, adding: adding, into: gradient)
        } else if geometry.sumsAtOnce {
            WinogradSums(geometry, accumulator, blocks: blocks, scratch.baseAddress!)
                .finish(adding: adding, into: gradient)
        } else {
            Winograd.finish(geometry, accumulator, adding: adding, into: gradient)
        }
    }

    package static func convFinish(
        _ geometry: ConvGeometry, _ accumulator: Floats, blocks: Int, part: Range<Int>,
        into weightGradient: MutableFloats
    ) {
        Direct.finish(
            geometry, accumulator.baseAddress!, blocks: blocks, part: part,
            into: weightGradient.baseAddress!)
    }
}
