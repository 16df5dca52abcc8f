// SPDX-License-Identifier: Apache-2.0

import Engines
import Foundation
import Tensors
import Testing

@Suite struct LossTests {
    private typealias Result = (logits: [Float], losses: [Float], correct: [UInt8])

    private static func run(
        _ kernels: KernelSet, _ x: [Float], labels: [Int32], classes: Int, stored: Int,
        binary: Bool = false, partners: [Int32] = [], shares: [Float] = [], targets: [Float] = [],
        smoothing: Float = 0, hinge: Bool = false
    ) -> Result {
        let images = x.count / stored
        let logits = AlignedBuffer(x), losses = AlignedBuffer([Float](repeating: 7, count: images))
        let correct = AlignedBuffer<UInt8>(count: images)
        labels.withUnsafeBufferPointer { labels in
            partners.withUnsafeBufferPointer { partners in
                shares.withUnsafeBufferPointer { shares in
                    targets.withUnsafeBufferPointer { targets in
                        let rows = LossRows(
                            images: images, stored: stored, classes: classes, labels: labels,
                            partners: partners, shares: shares, targets: targets,
                            smoothing: smoothing)
                        let loss =
                            hinge
                            ? kernels.hinge
                            : binary ? kernels.binaryCrossEntropy : kernels.softmaxCrossEntropy
                        loss(rows, logits.elements, losses.elements, correct.elements)
                    }
                }
            }
        }
        return (logits.values, losses.values, Array(correct.elements))
    }

    /// The largest logit is at most 10, so losses are below 32 and the logarithm's argument below the
    /// classes: a few roundings of a number of that size, and one a class of the sum.
    @Test(arguments: Engine.available, [2, 10, 16, 17, 100])
    func softmaxEqualsTheDefinition(_ kernels: KernelSet, classes: Int) {
        var noise = Noise(seed: classes)
        let stored = (classes + 15) / 16 * 16
        let x = (0..<16 * stored).map { _ in noise.unit() * 10 }
        let labels = (0..<13).map { _ in Int32(noise.integer(0...classes - 1)) }
        let result = Self.run(kernels, x, labels: labels, classes: classes, stored: stored)
        for i in 0..<16 {
            let row = x[i * stored..<i * stored + classes].map(Double.init)
            let gradient = result.logits[i * stored..<(i + 1) * stored].map(Double.init)
            guard i < labels.count else {
                #expect(result.losses[i] == 0 && result.correct[i] == 0)
                #expect(gradient.allSatisfy { $0 == 0 })
                continue
            }
            let label = Int(labels[i]), sum = row.map { exp($0) }.reduce(0, +)
            #expect(abs(Double(result.losses[i]) - (log(sum) - row[label])) <= 32 * 4 * u)
            #expect(result.correct[i] == (row.max() == row[label] ? 1 : 0))
            for c in 0..<stored {
                let expected = c < classes ? exp(row[c]) / sum - (c == label ? 1 : 0) : 0
                #expect(abs(gradient[c] - expected) <= Double(classes + 4) * u)
            }
        }
    }

    @Test(arguments: Engine.available)
    func softmaxIsStable(_ kernels: KernelSet) {
        let pad = [Float](repeating: 0, count: 13)
        let x = [1e4, -1e4, 0] + pad + [-1e4, -1e4, -1e4] + pad + [.nan, 0, 0] + pad
        let result = Self.run(kernels, x, labels: [1, 0, 0], classes: 3, stored: 16)
        #expect(result.losses[0] == 2e4 && Array(result.logits[0..<3]) == [1, -1, 0])
        #expect(abs(result.losses[1] - Float(log(3.0))) < 1e-6)
        // Of equal logits the first is the prediction; a NaN is never right.
        #expect(result.correct == [0, 1, 0])
        #expect(result.losses[2].isNaN)
    }

    @Test(arguments: Engine.available)
    func binaryEqualsTheDefinition(_ kernels: KernelSet) {
        let values: [Float] = [0, 1, -1, 12, -12, 0.01, -0.01, 100, -100, 1e4, -1e4, 5, -5, 2]
        var x = [Float](repeating: 3, count: 16 * 16)
        for (i, value) in values.enumerated() { x[i * 16] = value }
        let labels = values.indices.map { Int32($0 / 2 % 2) }
        let result = Self.run(
            kernels, x, labels: labels, classes: 1, stored: 16, binary: true)
        for (i, value) in values.enumerated() {
            let z = Double(value), label = Double(labels[i])
            let loss = max(z, 0) - z * label + log1p(exp(-abs(z)))
            #expect(abs(Double(result.losses[i]) - loss) <= 4 * u * loss + 0x1p-126, "logit \(z)")
            #expect(result.correct[i] == ((z > 0) == (label == 1) ? 1 : 0))
            let gradient = 1 / (1 + exp(-z)) - label
            #expect(abs(Double(result.logits[i * 16]) - gradient) <= 4 * u)
            #expect(result.logits[i * 16 + 1..<i * 16 + 16].allSatisfy { $0 == 0 })
        }
        #expect(result.losses[14...].allSatisfy { $0 == 0 })
    }

    /// Loss and gradient of two labels are those of each, by its share; what is right is decided by the
    /// label that counts most.
    @Test(arguments: Engine.available, [2, 10, 17])
    func mixedLabelsEqualTheDefinition(_ kernels: KernelSet, classes: Int) {
        var noise = Noise(seed: classes + 50)
        let stored = (classes + 15) / 16 * 16
        let x = (0..<16 * stored).map { _ in noise.unit() * 10 }
        func draw() -> [Int32] { (0..<13).map { _ in Int32(noise.integer(0...classes - 1)) } }
        let labels = draw(), partners = draw()
        let shares = [0, 1, 0.5] + (3..<13).map { _ in abs(noise.unit()) }
        let result = Self.run(
            kernels, x, labels: labels, classes: classes, stored: stored, partners: partners,
            shares: shares)
        for i in 0..<16 {
            let row = x[i * stored..<i * stored + classes].map(Double.init)
            let gradient = result.logits[i * stored..<(i + 1) * stored].map(Double.init)
            guard i < labels.count else {
                #expect(result.losses[i] == 0 && result.correct[i] == 0)
                #expect(gradient.allSatisfy { $0 == 0 })
                continue
            }
            let sum = row.map { exp($0) }.reduce(0, +)
            var target = [Double](repeating: 0, count: stored)
            target[Int(labels[i])] += Double(shares[i])
            target[Int(partners[i])] += 1 - Double(shares[i])
            let loss = log(sum) - zip(row, target).reduce(0) { $0 + $1.0 * $1.1 }
            #expect(abs(Double(result.losses[i]) - loss) <= 32 * 6 * u)
            let most = target.firstIndex(of: target.max()!)!
            #expect(result.correct[i] == (row.max() == row[most] ? 1 : 0))
            for c in 0..<stored {
                let expected = c < classes ? exp(row[c]) / sum - target[c] : 0
                #expect(abs(gradient[c] - expected) <= Double(classes + 6) * u)
            }
        }
    }

    @Test(arguments: Engine.available)
    func mixedBinaryLabelsEqualTheDefinition(_ kernels: KernelSet) {
        let values: [Float] = [0, 1, -1, 12, -12, 0.01, -0.01, 100, -100, 5, -5, 2]
        var x = [Float](repeating: 3, count: 16 * 16)
        for (i, value) in values.enumerated() { x[i * 16] = value }
        let labels = values.indices.map { Int32($0 / 2 % 2) }
        let partners = values.indices.map { Int32($0 / 3 % 2) }
        let shares = values.indices.map { Float($0) / 11 }
        let result = Self.run(
            kernels, x, labels: labels, classes: 1, stored: 16, binary: true, partners: partners,
            shares: shares)
        for (i, value) in values.enumerated() {
            let z = Double(value), share = Double(shares[i])
            let label = share * Double(labels[i]) + (1 - share) * Double(partners[i])
            let loss = max(z, 0) - z * label + log1p(exp(-abs(z)))
            #expect(abs(Double(result.losses[i]) - loss) <= 4 * u * (loss + abs(z)) + 0x1p-126)
            #expect(result.correct[i] == ((z > 0) == (label > 0.5) ? 1 : 0))
            let gradient = 1 / (1 + exp(-z)) - label
            #expect(abs(Double(result.logits[i * 16]) - gradient) <= 6 * u)
        }
    }

    /// A share of each class, smoothed or not; the shares need not sum to 1.
    @Test(arguments: Engine.available, [0, 0.2, 1])
    func sharesOfClassesEqualTheDefinition(_ kernels: KernelSet, smoothing: Float) {
        var noise = Noise(seed: 77)
        let classes = 17, stored = 32
        let x = (0..<16 * stored).map { _ in noise.unit() * 10 }
        let targets = (0..<13 * classes).map { _ in abs(noise.unit()) / 8 }
        let result = Self.run(
            kernels, x, labels: [Int32](repeating: 0, count: 13), classes: classes, stored: stored,
            targets: targets, smoothing: smoothing)
        for i in 0..<16 {
            let row = x[i * stored..<i * stored + classes].map(Double.init)
            let gradient = result.logits[i * stored..<(i + 1) * stored].map(Double.init)
            guard i < 13 else {
                #expect(result.losses[i] == 0 && result.correct[i] == 0)
                #expect(gradient.allSatisfy { $0 == 0 })
                continue
            }
            let own = targets[i * classes..<(i + 1) * classes].map(Double.init),
                s = Double(smoothing)
            let shares = own.map { $0 * (1 - s) + s / Double(classes) }
            let sum = row.map { exp($0) }.reduce(0, +), all = shares.reduce(0, +)
            let loss = zip(row, shares).reduce(0) { $0 + $1.1 * (log(sum) - $1.0) }
            #expect(abs(Double(result.losses[i]) - loss) <= 64 * Double(classes) * u)
            #expect(
                result.correct[i] == (row.max() == row[own.firstIndex(of: own.max()!)!] ? 1 : 0))
            for c in 0..<stored {
                let expected = c < classes ? all * exp(row[c]) / sum - shares[c] : 0
                #expect(abs(gradient[c] - expected) <= Double(4 * classes) * u)
            }
        }
    }

    /// Shares of one class each are labels, to the bit; and to smooth by nothing is not to smooth.
    @Test(arguments: Engine.available)
    func aShareOfOneIsALabel(_ kernels: KernelSet) {
        var noise = Noise(seed: 78)
        let x = (0..<16 * 16).map { _ in noise.unit() * 10 }
        let labels = (0..<16).map { Int32($0 % 3) }
        let targets = labels.flatMap { label -> [Float] in
            (0..<3).map { $0 == Int(label) ? 1 : 0 }
        }
        let plain = Self.run(kernels, x, labels: labels, classes: 3, stored: 16)
        let dense = Self.run(
            kernels, x, labels: labels, classes: 3, stored: 16, targets: targets)
        #expect(dense.logits == plain.logits && dense.correct == plain.correct)
        #expect(dense.losses == plain.losses)
    }

    @Test(arguments: Engine.available)
    func hingeEqualsTheDefinition(_ kernels: KernelSet) {
        let values: [Float] = [0, 1, -1, 12, -12, 0.5, -0.5, 0.25, -1.5, 3, .nan]
        var x = [Float](repeating: 3, count: 16 * 16)
        for (i, value) in values.enumerated() { x[i * 16] = value }
        let labels: [Int32] = [0, 1, 0, 1, 1, 1, 1, 0, 0, 0, 1]
        let result = Self.run(
            kernels, x, labels: labels, classes: 1, stored: 16, hinge: true)
        #expect(result.losses[..<10] == [1, 0, 0, 0, 13, 0.5, 1.5, 1.25, 0, 4])
        #expect(
            (0..<10).map { result.logits[$0 * 16] } == [1, 0, 0, 0, -1, -1, -1, 1, 0, 1])
        #expect(result.losses[10].isNaN && result.logits[160].isNaN)
        #expect(result.correct[..<11] == [1, 1, 1, 1, 0, 1, 0, 0, 1, 0, 0])
        #expect(result.losses[11...].allSatisfy { $0 == 0 })
        #expect((0..<256).allSatisfy { $0 % 16 == 0 || result.logits[$0] == 0 })
    }

    @Test func bitsAreThoseOfEveryInstructionSet() {
        var noise = Noise(seed: 5)
        let x = (0..<64 * 32).map { _ in noise.unit() * 15 }
        let labels = (0..<61).map { _ in Int32(noise.integer(0...1)) }
        let results = Engine.available.flatMap { kernels in
            [
                Self.run(kernels, x, labels: labels, classes: 23, stored: 32),
                Self.run(kernels, x, labels: labels, classes: 1, stored: 32, binary: true),
                Self.run(
                    kernels, x, labels: labels, classes: 23, stored: 32,
                    partners: labels.reversed(),
                    shares: labels.indices.map { Float($0) / 61 }),
                Self.run(
                    kernels, x, labels: labels, classes: 23, stored: 32,
                    targets: (0..<61 * 23).map { Float($0 % 7) / 60 }, smoothing: 0.1),
                Self.run(
                    kernels, x, labels: labels, classes: 1, stored: 32, binary: true,
                    smoothing: 0.3),
                Self.run(kernels, x, labels: labels, classes: 1, stored: 32, hinge: true),
            ]
        }
        for (i, result) in results.enumerated() {
            #expect(result.logits == results[i % 6].logits)
            #expect(result.losses == results[i % 6].losses)
        }
    }
}
