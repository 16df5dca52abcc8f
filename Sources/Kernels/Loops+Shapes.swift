// SPDX-License-Identifier: Apache-2.0
//
// The door for images of other shapes.

import Tensors

extension Loops {
    package static func upsampleForward(
        _ geometry: UpsampleGeometry, _ input: Floats, into output: MutableFloats
    ) {
        Upsample.forward(geometry, input.baseAddress!, into: output.baseAddress!)
    }

    package static func upsampleBackward(
        _ geometry: UpsampleGeometry, _ outputGradient: Floats, adding: Bool,
        into inputGradient: MutableFloats
    ) {
        Upsample.backward(
            geometry, outputGradient.baseAddress!, adding: adding,
            into: inputGradient.baseAddress!)
    }

    package static func repack(
        _ input: PixelRows, as output: PixelRows, images: Int, _ values: Floats, adding: Bool,
        into result: MutableFloats
    ) {
        guard let values = values.baseAddress, let result = result.baseAddress else { return }
        Repack.run(input, output, images: images, values, adding: adding, into: result)
    }
}
