// SPDX-License-Identifier: Apache-2.0
//
// Losses from logits, in their stable forms; the logits become their own gradient.

import Tensors

enum Loss {
    /// loss = ln Σ e^x - x[label], gradient = softmax(x) - onehot(label)
    @inline(never)
    static func softmaxCrossEntropy(
        _ rows: LossRows, _ logits: Target, _ losses: Target,
        _ correct: UnsafeMutablePointer<UInt8>
    ) {
        if !rows.shares.isEmpty { return mixedCrossEntropy(rows, logits, losses, correct) }
        for i in 0..<rows.labels.count {
            let row = logits + i * rows.stored, label = Int(rows.labels[i]), x = row[label]
            correct[i] = isFirstLargest(row, label, rows.classes) ? 1 : 0
            let (largest, sum) = exponentials(of: row, stored: rows.stored, live: rows.classes)
            losses[i] = ln(Vector(sum))[0] + (largest - x)
            for q in stride(from: 0, to: rows.stored, by: 16) {
                (row + q).vector = (row + q).vector / Vector(sum)
            }
            row[label] -= 1
        }
        clearDead(rows, logits, losses, correct)
    }

    /// The same for labels of two classes, p of the own and 1 - p of the partner's:
    /// loss = ln Σ e^x - p x[label] - (1 - p) x[partner], gradient = softmax(x) - p onehot - (1 - p) onehot
    @inline(never)
    private static func mixedCrossEntropy(
        _ rows: LossRows, _ logits: Target, _ losses: Target,
        _ correct: UnsafeMutablePointer<UInt8>
    ) {
        for i in 0..<rows.labels.count {
            let row = logits + i * rows.stored
            let label = Int(rows.labels[i]), partner = Int(rows.partners[i])
            let p = rows.shares[i], rest = 1 - p
            let (x, y) = (row[label], row[partner])
            correct[i] = isFirstLargest(row, Int(rows.label(ofRow: i)), rows.classes) ? 1 : 0
            let (largest, sum) = exponentials(of: row, stored: rows.stored, live: rows.classes)
            losses[i] = ln(Vector(sum))[0] + (p * (largest - x) + rest * (largest - y))
            for q in stride(from: 0, to: rows.stored, by: 16) {
                (row + q).vector = (row + q).vector / Vector(sum)
            }
            row[label] -= p
            row[partner] -= rest
        }
        clearDead(rows, logits, losses, correct)
    }

    /// loss = max(x, 0) - x * label + ln(1 + e^-|x|), gradient = sigmoid(x) - label
    @inline(never)
    static func binaryCrossEntropy(
        _ rows: LossRows, _ logits: Target, _ losses: Target,
        _ correct: UnsafeMutablePointer<UInt8>
    ) {
        for i in 0..<rows.labels.count {
            let row = logits + i * rows.stored, x = row[0]
            var label = Float(rows.labels[i])
            if !rows.shares.isEmpty {
                label = rows.shares[i] * label + (1 - rows.shares[i]) * Float(rows.partners[i])
            }
            let e = exp(Vector(x > 0 ? -x : x))
            losses[i] = logarithmOfOne(plus: e)[0] + ((x > 0 ? x : 0) - x * label)
            correct[i] = (x > 0) == (rows.label(ofRow: i) > 0) ? 1 : 0
            let gradient = sigmoid(Vector(x)) - Vector(label)
            for q in stride(from: 0, to: rows.stored, by: 16) {
                (row + q).vector = gradient.keeping(channels(from: q, below: 1))
            }
        }
        clearDead(rows, logits, losses, correct)
    }

    /// loss = sum over c of e / C, gradient[c] = e' / C, where e is d^2 or |d| of d = x[c] - target[c]
    @inline(never)
    static func meanError(
        _ rows: LossRows, squared: Bool, _ logits: Target, _ losses: Target,
        _ correct: UnsafeMutablePointer<UInt8>
    ) {
        let count = Float(rows.classes)
        for i in 0..<rows.labels.count {
            let row = logits + i * rows.stored,
                targets = rows.targets.baseAddress! + i * rows.classes
            var sum: Float = 0
            for c in 0..<rows.classes {
                let d = row[c] - targets[c]
                // Neither way makes a number of a NaN.
                let slope: Float = squared ? 2 * d : d > 0 ? 1 : d < 0 ? -1 : d
                sum += squared ? d * d : d < 0 ? -d : d
                row[c] = slope / count
            }
            losses[i] = sum / count
            correct[i] = 0
            for c in rows.classes..<rows.stored { row[c] = 0 }
        }
        clearDead(rows, logits, losses, correct)
    }

    @inline(always)
    private static func isFirstLargest(_ row: Target, _ label: Int, _ classes: Int) -> Bool {
        for c in 0..<classes where c < label ? row[c] >= row[label] : row[c] > row[label] {
            return false
        }
        return row[label] == row[label]
    }

    /// ln(1 + e) for e in [0, 1]: what rounding 1 + e lost is put back.
    @inline(always)
    private static func logarithmOfOne(plus e: Vector) -> Vector {
        let u = Vector(1) + e
        return ln(u) + (e - (u - Vector(1))) / u
    }

    @inline(always)
    private static func clearDead(
        _ rows: LossRows, _ logits: Target, _ losses: Target,
        _ correct: UnsafeMutablePointer<UInt8>
    ) {
        for i in rows.labels.count..<rows.images {
            losses[i] = 0
            correct[i] = 0
            for q in stride(from: 0, to: rows.stored, by: 16) {
                (logits + i * rows.stored + q).vector = Vector()
            }
        }
    }
}
