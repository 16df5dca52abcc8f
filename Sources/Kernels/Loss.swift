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
        if !rows.targets.isEmpty || rows.smoothing > 0 {
            return sharedCrossEntropy(rows, logits, losses, correct)
        }
        if !rows.shares.isEmpty { return mixedCrossEntropy(rows, logits, losses, correct) }
        for i in 0..<rows.labels.count {
            let row = logits + i * rows.stored, label = Int(rows.labels[i]), x = row[label]
            correct[i] = isFirstLargest(row, label, rows.classes) ? 1 : 0
            let (largest, sum) = exponentials(of: row, stored: rows.stored, live: rows.classes)
            losses[i] = ln(Vector(sum))[0] + (largest - x)
            divide(row, by: sum, stored: rows.stored)
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
            divide(row, by: sum, stored: rows.stored)
            row[label] -= p
            row[partner] -= rest
        }
        clearDead(rows, logits, losses, correct)
    }

    /// The same for shares t of all classes:
    /// loss = sum over c of t[c] (ln Σ e^x - x[c]), gradient = softmax(x) sum over c of t[c] - t
    @inline(never)
    private static func sharedCrossEntropy(
        _ rows: LossRows, _ logits: Target, _ losses: Target,
        _ correct: UnsafeMutablePointer<UInt8>
    ) {
        for i in 0..<rows.labels.count {
            let row = logits + i * rows.stored
            correct[i] = isFirstLargest(row, Int(rows.label(ofRow: i)), rows.classes) ? 1 : 0
            var top = row[0]
            for c in 1..<max(1, rows.classes) where row[c] > top { top = row[c] }
            var shares: Float = 0, below: Float = 0
            for c in 0..<rows.classes {
                let t = share(rows, i, c)
                shares += t
                // What has no share may be as small as it likes.
                if t != 0 { below += t * (top - row[c]) }
            }
            let (_, sum) = exponentials(of: row, stored: rows.stored, live: rows.classes)
            losses[i] = shares * ln(Vector(sum))[0] + below
            divide(row, by: sum, stored: rows.stored)
            for c in 0..<rows.classes { row[c] = row[c] * shares - share(rows, i, c) }
        }
        clearDead(rows, logits, losses, correct)
    }

    /// What class c of row i should have.
    @inline(always)
    private static func share(_ rows: LossRows, _ i: Int, _ c: Int) -> Float {
        var share: Float = 0
        if !rows.targets.isEmpty {
            share = rows.targets[i * rows.classes + c]
        } else if rows.shares.isEmpty {
            share = c == Int(rows.labels[i]) ? 1 : 0
        } else {
            if c == Int(rows.labels[i]) { share = rows.shares[i] }
            if c == Int(rows.partners[i]) { share += 1 - rows.shares[i] }
        }
        guard rows.smoothing > 0 else { return share }
        return share * (1 - rows.smoothing) + rows.smoothing / Float(rows.classes)
    }

    /// loss = max(x, 0) - x * label + ln(1 + e^-|x|), gradient = sigmoid(x) - label
    @inline(never)
    static func binaryCrossEntropy(
        _ rows: LossRows, _ logits: Target, _ losses: Target,
        _ correct: UnsafeMutablePointer<UInt8>
    ) {
        for i in 0..<rows.labels.count {
            let row = logits + i * rows.stored, x = row[0]
            var label = mixedLabel(rows, i)
            if rows.smoothing > 0 { label = label * (1 - rows.smoothing) + 0.5 * rows.smoothing }
            let e = exp(Vector(x > 0 ? -x : x))
            losses[i] = logarithmOfOne(plus: e)[0] + ((x > 0 ? x : 0) - x * label)
            correct[i] = (x > 0) == (rows.label(ofRow: i) > 0) ? 1 : 0
            let gradient = sigmoid(Vector(x)) - Vector(label)
            var q = 0
            while q < rows.stored {
                (row + q).vector = gradient.keeping(channels(from: q, below: 1))
                q += 16
            }
        }
        clearDead(rows, logits, losses, correct)
    }

    /// Of two classes, with its partner's share.
    @inline(always)
    private static func mixedLabel(_ rows: LossRows, _ i: Int) -> Float {
        let label = Float(rows.labels[i])
        guard !rows.shares.isEmpty else { return label }
        return rows.shares[i] * label + (1 - rows.shares[i]) * Float(rows.partners[i])
    }

    /// loss = max(0, 1 - x y), gradient = -y where that is above 0, for y = 2 label - 1
    @inline(never)
    static func hinge(
        _ rows: LossRows, _ logits: Target, _ losses: Target,
        _ correct: UnsafeMutablePointer<UInt8>
    ) {
        for i in 0..<rows.labels.count {
            let row = logits + i * rows.stored, x = row[0]
            let y = 2 * mixedLabel(rows, i) - 1, missing = 1 - x * y
            // Neither way makes a number of a NaN.
            losses[i] = missing < 0 ? 0 : missing
            correct[i] = (x > 0) == (rows.label(ofRow: i) > 0) ? 1 : 0
            for c in 0..<rows.stored { row[c] = 0 }
            row[0] = missing > 0 ? -y : missing <= 0 ? 0 : missing
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
    private static func divide(_ row: Target, by sum: Float, stored: Int) {
        var q = 0
        while q < stored {
            (row + q).vector = (row + q).vector / Vector(sum)
            q += 16
        }
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
            var q = 0
            while q < rows.stored {
                (logits + i * rows.stored + q).vector = Vector()
                q += 16
            }
        }
    }
}
