// SPDX-License-Identifier: Apache-2.0
//
// What callbacks remember from epoch to epoch. A pure value, a part of every checkpoint.

/// Where the callbacks of a run stand.
public struct CallbackState: Hashable, Sendable {
    private var stopping = Watch()
    private var plateau = Watch()
    private var saving = Watch()
    private var resting = 0
    /// In place of the job's, once it has been reduced.
    public private(set) var learningRate: Double?
    /// Whether an epoch has been the last one.
    public private(set) var hasStopped = false
    /// From 0: the best one by early stopping, and by the model that is kept.
    public private(set) var bestEpoch: Int?
    public private(set) var savedEpoch: Int?

    public init() {}

    /// What follows from an epoch.
    public struct Verdict: Hashable, Sendable {
        /// Whether the weights are those to end with, as far as is known.
        public var isBest = false
        /// Whether the model is to be kept in its file.
        public var saves = false
        /// Whether the training ends here.
        public var stops = false
        /// What happened, for people.
        public var notes: [Note] = []
    }

    public struct Note: Hashable, Sendable {
        public let callback: String
        public let message: String
    }

    /// An epoch is over.
    ///
    /// - Parameters:
    ///   - epoch: From 0.
    ///   - rate: The learning rate of the job.
    public mutating func judge(
        _ metrics: EpochMetrics, epoch: Int, rate: Double, _ callbacks: Callbacks
    ) -> Verdict {
        var verdict = Verdict()
        if let rule = callbacks.reduceLROnPlateau,
            let reduced = rule.judge(
                metrics, rate: learningRate ?? rate, &plateau, resting: &resting)
        {
            learningRate = reduced
            verdict.notes.append(
                Note(
                    callback: ReduceLROnPlateau.kerasName,
                    message: "learning rate reduced to \(reduced)"))
        }
        if let rule = callbacks.modelCheckpoint, rule.judge(metrics, &saving) {
            verdict.saves = true
            savedEpoch = epoch
        }
        if let rule = callbacks.earlyStopping {
            (verdict.isBest, verdict.stops) = rule.judge(metrics, epoch: epoch, &stopping)
            if verdict.isBest { bestEpoch = epoch }
            if verdict.stops {
                hasStopped = true
                let best = bestEpoch.map { "; the best was epoch \($0 + 1)" } ?? ""
                verdict.notes.append(
                    Note(
                        callback: EarlyStopping.kerasName,
                        message:
                            "stops after epoch \(epoch + 1): \(rule.monitor.rawValue) did not improve"
                            + best
                    ))
            }
        }
        return verdict
    }

    // MARK: In a checkpoint

    /// All of it as text, exactly.
    public var text: String {
        func word(_ value: Double?) -> String {
            value.map { String($0.bitPattern, radix: 16) } ?? "-"
        }
        func word(_ value: Int?) -> String { value.map(String.init) ?? "-" }
        let watches = [stopping, plateau, saving].flatMap { [word($0.best), word($0.wait)] }
        return
            (watches + [
                word(resting), word(learningRate), hasStopped ? "1" : "0", word(bestEpoch),
                word(savedEpoch),
            ]).joined(separator: " ")
    }

    /// - Returns: Nil if it is no such text.
    public init?(text: String) {
        var words = text.split(separator: " ")[...]
        guard words.count == 11 else { return nil }
        var isSound = true
        func next() -> Substring? {
            let word = words.removeFirst()
            return word == "-" ? nil : word
        }
        func double() -> Double? {
            guard let word = next() else { return nil }
            let bits = UInt64(word, radix: 16)
            isSound = isSound && bits != nil
            return bits.map(Double.init(bitPattern:))
        }
        func int() -> Int? {
            guard let word = next() else { return nil }
            let value = Int(word)
            isSound = isSound && value != nil
            return value
        }
        stopping = Watch(best: double(), wait: int() ?? 0)
        plateau = Watch(best: double(), wait: int() ?? 0)
        saving = Watch(best: double(), wait: int() ?? 0)
        resting = int() ?? 0
        learningRate = double()
        hasStopped = int() == 1
        bestEpoch = int()
        savedEpoch = int()
        guard isSound else { return nil }
    }
}
