// SPDX-License-Identifier: Apache-2.0
//
// The optimizers of Keras 3 by their formulas.

import Tensors

/// Weights, the gradient of a batch's sum, and the slots; a step gives the state after it.
public struct ReferenceOptimizer {
    public var gradient: [Double], weights: [Double]
    public var first: [Double], second: [Double]

    public init(gradient: [Double], weights: [Double], first: [Double], second: [Double]) {
        self.gradient = gradient
        self.weights = weights
        self.first = first
        self.second = second
    }

    public func after(_ step: SGDStep) -> ReferenceOptimizer {
        let rate = Double(step.rate), momentum = Double(step.momentum)
        return each { w, g, v, _ in
            let g = g / Double(step.samples)
            guard momentum != 0 else { return w -= rate * g }
            v = momentum * v - rate * g
            w += step.nesterov ? momentum * v - rate * g : v
        }
    }

    public func after(_ step: RMSpropStep) -> ReferenceOptimizer {
        let rate = Double(step.rate), momentum = Double(step.momentum), rho = Double(step.rho)
        return each { w, g, v, s in
            let g = g / Double(step.samples)
            s = rho * s + (1 - rho) * g * g
            let d = rate * g / (s + Double(step.epsilon)).squareRoot()
            if momentum != 0 { v = momentum * v + d }
            w -= momentum != 0 ? v : d
        }
    }

    public func after(_ step: AdamStep) -> ReferenceOptimizer {
        let beta1 = Double(step.beta1), beta2 = Double(step.beta2)
        return each { w, g, m, v in
            let g = g / Double(step.samples)
            m += (g - m) * (1 - beta1)
            v += (g * g - v) * (1 - beta2)
            w -= m * Double(step.rate) / (v.squareRoot() + Double(step.epsilon))
        }
    }

    public func after(_ step: AdagradStep) -> ReferenceOptimizer {
        each { w, g, a, _ in
            let g = g / Double(step.samples)
            a += g * g
            w -= Double(step.rate) * g / (a + Double(step.epsilon)).squareRoot()
        }
    }

    /// In the place of the weights stands the direction.
    public func after(_ step: AdamDirectionStep) -> ReferenceOptimizer {
        each { w, g, m, v in
            let g = g / Double(step.samples)
            m += (g - m) * (1 - Double(step.beta1))
            v += (g * g - v) * (1 - Double(step.beta2))
            let root = (v * Double(step.scale2)).squareRoot()
            w = m * Double(step.scale1) / (root + Double(step.epsilon))
        }
    }

    private func each(
        _ rule: (_ w: inout Double, _ g: Double, _ first: inout Double, _ second: inout Double) ->
            Void
    ) -> ReferenceOptimizer {
        var next = self
        for i in weights.indices {
            rule(&next.weights[i], gradient[i], &next.first[i], &next.second[i])
        }
        return next
    }
}
