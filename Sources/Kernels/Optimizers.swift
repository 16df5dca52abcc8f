// SPDX-License-Identifier: Apache-2.0
//
// The optimizers of Keras, element by element over any slice of the flat buffers.

import Tensors

enum Optimizers {
    /// v = momentum v - rate g; w += v, or with Nesterov w += momentum v - rate g
    @inline(never)
    static func sgd(_ step: SGDStep, _ slice: OptimizerSlice) {
        let count = slice.weights.count, w = slice.weights.baseAddress!
        let new = slice.newWeights.baseAddress!, gradient = slice.gradient.baseAddress!
        let samples = Vector(step.samples), momentum = Vector(step.momentum)
        let down = Vector(-step.rate)
        guard step.momentum != 0 else {
            for i in stride(from: 0, to: count, by: 16) {
                let g = (gradient + i).vector / samples
                (new + i).vector = (w + i).vector.plus(down, times: g)
            }
            return
        }
        let velocity = slice.first.baseAddress!
        for i in stride(from: 0, to: count, by: 16) {
            let g = (gradient + i).vector / samples
            let v = (down * g).plus(momentum, times: (velocity + i).vector)
            (velocity + i).vector = v
            let move = step.nesterov ? (down * g).plus(momentum, times: v) : v
            (new + i).vector = (w + i).vector + move
        }
    }

    /// s = rho s + (1 - rho) g²; d = rate g / sqrt(s + epsilon), with momentum v = momentum v + d; w -= v
    @inline(never)
    static func rmsprop(_ step: RMSpropStep, _ slice: OptimizerSlice) {
        let count = slice.weights.count, w = slice.weights.baseAddress!
        let new = slice.newWeights.baseAddress!, gradient = slice.gradient.baseAddress!
        let square = slice.second.baseAddress!, samples = Vector(step.samples)
        let rho = Vector(step.rho), rest = Vector(1 - step.rho), rate = Vector(step.rate)
        let momentum = Vector(step.momentum), epsilon = Vector(step.epsilon)
        for i in stride(from: 0, to: count, by: 16) {
            let g = (gradient + i).vector / samples
            let s = (rest * g * g).plus(rho, times: (square + i).vector)
            (square + i).vector = s
            var d = rate * g / (s + epsilon).squareRoots
            if step.momentum != 0 {
                let velocity = slice.first.baseAddress! + i
                d = d.plus(momentum, times: velocity.vector)
                velocity.vector = d
            }
            (new + i).vector = (w + i).vector - d
        }
    }

    /// m += (g - m)(1 - beta1); v += (g² - v)(1 - beta2); w -= m rate / (sqrt(v) + epsilon)
    @inline(never)
    static func adam(_ step: AdamStep, _ slice: OptimizerSlice) {
        let count = slice.weights.count, w = slice.weights.baseAddress!
        let new = slice.newWeights.baseAddress!, gradient = slice.gradient.baseAddress!
        let first = slice.first.baseAddress!, second = slice.second.baseAddress!
        let samples = Vector(step.samples), rate = Vector(step.rate)
        let rest1 = Vector(1 - step.beta1), rest2 = Vector(1 - step.beta2)
        let epsilon = Vector(step.epsilon)
        for i in stride(from: 0, to: count, by: 16) {
            let g = (gradient + i).vector / samples
            let m0 = (first + i).vector, v0 = (second + i).vector
            let m = m0.plus(g - m0, times: rest1)
            let v = v0.plus(g * g - v0, times: rest2)
            (first + i).vector = m
            (second + i).vector = v
            (new + i).vector = (w + i).vector - m * rate / (v.squareRoots + epsilon)
        }
    }

    /// a += g²; w -= rate g / sqrt(a + epsilon)
    @inline(never)
    static func adagrad(_ step: AdagradStep, _ slice: OptimizerSlice) {
        let count = slice.weights.count, w = slice.weights.baseAddress!
        let new = slice.newWeights.baseAddress!, gradient = slice.gradient.baseAddress!
        let sum = slice.first.baseAddress!
        let samples = Vector(step.samples), rate = Vector(step.rate)
        let epsilon = Vector(step.epsilon)
        for i in stride(from: 0, to: count, by: 16) {
            let g = (gradient + i).vector / samples
            let a = (sum + i).vector.plus(g, times: g)
            (sum + i).vector = a
            (new + i).vector = (w + i).vector - rate * g / (a + epsilon).squareRoots
        }
    }

    /// m += (g - m)(1 - beta1); v += (g² - v)(1 - beta2); direction = m scale1 / (sqrt(v scale2) + epsilon)
    @inline(never)
    static func adamDirection(
        _ step: AdamDirectionStep, _ slice: OptimizerSlice
    ) {
        let count = slice.weights.count
        let direction = slice.newWeights.baseAddress!, gradient = slice.gradient.baseAddress!
        let first = slice.first.baseAddress!, second = slice.second.baseAddress!
        let samples = Vector(step.samples), epsilon = Vector(step.epsilon)
        let rest1 = Vector(1 - step.beta1), rest2 = Vector(1 - step.beta2)
        let scale1 = Vector(step.scale1), scale2 = Vector(step.scale2)
        for i in stride(from: 0, to: count, by: 16) {
            let g = (gradient + i).vector / samples
            let m0 = (first + i).vector, v0 = (second + i).vector
            let m = m0.plus(g - m0, times: rest1)
            let v = v0.plus(g * g - v0, times: rest2)
            (first + i).vector = m
            (second + i).vector = v
            (direction + i).vector = m * scale1 / ((v * scale2).squareRoots + epsilon)
        }
    }

    /// average += (measured / samples - average) * rest
    @inline(never)
    static func movingAverage(_ step: MovingAverageStep, _ slice: OptimizerSlice) {
        let old = slice.weights.baseAddress!, new = slice.newWeights.baseAddress!
        let gradient = slice.gradient.baseAddress!
        let samples = Vector(step.samples), rest = Vector(step.rest)
        for i in stride(from: 0, to: slice.weights.count, by: 16) {
            let average = (old + i).vector
            (new + i).vector = average.plus(
                (gradient + i).vector / samples - average, times: rest)
        }
    }
}
