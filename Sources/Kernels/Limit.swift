// SPDX-License-Identifier: Apache-2.0
//
// ReLU, with a ceiling or without, inside other kernels: the same bits as the layer of its own.

import Tensors

/// What an activation makes of an output while it is in a register, and of the gradient on its way back.
struct Limit {
    /// Without a ceiling all that there is to do.
    let floor: Vector
    /// nil where there is no ceiling.
    private let rectifier: Rectifier?

    @inline(always)
    init(_ activation: ConvGeometry.Activation) {
        switch activation {
        case .linear: (floor, rectifier) = (Vector(-.infinity), nil)
        case .rectified(let ceiling):
            floor = Vector()
            rectifier = ceiling < .infinity ? Rectifier(ceiling: ceiling) : nil
        }
    }

    @inline(always) var hasCeiling: Bool { rectifier != nil }

    @inline(always)
    func callAsFunction(_ x: Vector) -> Vector {
        rectifier.map { $0(x) } ?? x.raised(to: floor)
    }

    /// The gradient of `x`, where there is an activation.
    ///
    /// - Parameter output: What the activation made of x; or x itself.
    @inline(always)
    func backward(_ gradient: Vector, output: Vector) -> Vector {
        rectifier.map { $0.backward(gradient, output: output) }
            ?? gradient.keeping(output .> Vector())
    }
}
