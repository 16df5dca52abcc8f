// SPDX-License-Identifier: Apache-2.0

import Tensors

/// A part of an image, or zeros around it: the output's pixel (y, x) is the input's (y + top, x + left), and zero
/// where there is none.
struct Frame: Hashable, Sendable {
    var inputHeight: Int, inputWidth: Int
    var outputHeight: Int, outputWidth: Int
    var top: Int, left: Int

    var isWhole: Bool { self == reversed }

    /// Whether nothing is cut off.
    var isPadding: Bool {
        top <= 0 && left <= 0 && outputHeight + top >= inputHeight
            && outputWidth + left >= inputWidth
    }

    /// From the output to the input.
    var reversed: Frame {
        Frame(
            inputHeight: outputHeight, inputWidth: outputWidth, outputHeight: inputHeight,
            outputWidth: inputWidth, top: -top, left: -left)
    }

    /// The rows and columns of the output that the input has.
    var rows: Range<Int> { max(0, -top)..<min(outputHeight, inputHeight - top) }
    var columns: Range<Int> { max(0, -left)..<min(outputWidth, inputWidth - left) }
}

/// An image in a smaller or larger frame.
struct FrameStage: Stage {
    let layer: Int
    let frame: Frame
    /// Floats of a pixel of all images.
    let pixel: Int
    /// What it reads.
    let source: Signal

    var summary: String { "frame \(frame.outputHeight)x\(frame.outputWidth)" }

    var needs: StageNeeds {
        StageNeeds(
            input: frame.inputHeight * frame.inputWidth * pixel,
            output: frame.outputHeight * frame.outputWidth * pixel)
    }

    func forward(_ block: Block, _ memory: StageMemory) {
        copy(frame, Floats(memory.input), to: memory.output)
    }

    func backward(_ block: Block, _ memory: StageMemory) {
        let gradient = Floats(memory.outputGradient)
        if memory.addsToInput {
            add(frame.reversed, gradient, to: memory.inputGradient, block.kernels)
        } else {
            copy(frame.reversed, gradient, to: memory.inputGradient)
        }
    }

    private func copy(_ frame: Frame, _ image: Floats, to result: MutableFloats) {
        let columns = frame.columns, length = frame.outputWidth * pixel
        for y in 0..<frame.outputHeight {
            let row = result.slice(y * length..<(y + 1) * length)
            guard frame.rows.contains(y) else {
                row.update(repeating: 0)
                continue
            }
            row.slice(0..<columns.lowerBound * pixel).update(repeating: 0)
            _ = row.slice(columns.lowerBound * pixel..<columns.upperBound * pixel)
                .update(fromContentsOf: line(y, frame, image))
            row.slice(columns.upperBound * pixel..<length).update(repeating: 0)
        }
    }

    private func add(
        _ frame: Frame, _ image: Floats, to result: MutableFloats, _ kernels: KernelSet
    ) {
        for y in frame.rows {
            let row = y * frame.outputWidth
            let columns =
                (row + frame.columns.lowerBound) * pixel..<(row + frame.columns.upperBound) * pixel
            kernels.add(
                UnsafeRawBufferPointer(line(y, frame, image)), to: result.slice(columns))
        }
    }

    /// What the input has for a row of the output.
    private func line(_ y: Int, _ frame: Frame, _ image: Floats) -> Floats {
        let start = (y + frame.top) * frame.inputWidth + frame.left
        return image.slice(
            (start + frame.columns.lowerBound) * pixel..<(start + frame.columns.upperBound) * pixel)
    }
}
