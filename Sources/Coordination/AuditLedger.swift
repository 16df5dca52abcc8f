// SPDX-License-Identifier: Apache-2.0
//
// Shards that two workers compute: a copy that is not equal proves a broken machine.

/// Chooses a share of all shards by a fixed rule, so that an audit can be repeated.
public struct AuditRule: Hashable, Sendable {
    /// Of all shards, 0 to 1.
    public let share: Double
    private let threshold: UInt64

    /// - Precondition: `share` lies in 0...1.
    public init(share: Double) {
        precondition(0...1 ~= share, "a share of \(share) of the shards cannot be audited")
        self.share = share
        threshold = share < 1 ? UInt64(share * 0x1p64) : .max
    }

    /// - Source: The finalizer of SplitMix64: Steele et al. (2014), "Fast splittable pseudorandom number
    ///   generators".
    package func chooses(_ shard: Int, of step: StepID) -> Bool {
        if threshold == 0 { return false }
        var bits = step.raw &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(shard)
        bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
        return bits ^ bits >> 31 <= threshold
    }
}

/// The audited shards of one open step: the copies that have come, and what they decided.
///
/// A copy is not needed before another worker's is equal to it: what is kept of it until then is its
/// fingerprint, and the vector that enters the sum is the one that decides.
struct AuditLedger: Sendable {
    struct Copy: Equatable, Sendable {
        let worker: WorkerID
        let shard, chunk: Int
        let fingerprint: UInt64
        /// The first step that its worker may have spoiled, if this copy is wrong.
        let since: StepID
    }

    enum Judgement: Equatable, Sendable {
        /// Another worker has to say the same first.
        case held
        /// This is the vector to add up: two workers say so, or nobody is there to contradict.
        case accepted
        /// The sum has it already, and another worker's copy was equal.
        case repeated
        /// The sum has it already, from the only worker that was there: that proves nothing.
        case unproven
        /// Two workers agree on another, or its own worker has said otherwise.
        case refuted
    }

    /// Ascending.
    private(set) var shards: [Int] = []
    private(set) var copies: [Copy] = []
    private var chosen = BitSet()
    private var chunks = 0
    /// By place in `shards` and chunk.
    private var decided = BitSet()
    private var unproven = BitSet()
    private var values: [UInt64] = []
    /// By place in `shards`: whether the caller knows that nobody is left who could decide.
    private var reported = BitSet()

    var capacity: Int {
        shards.capacity + copies.capacity + chosen.capacity + decided.capacity + unproven.capacity
            + values.capacity + reported.capacity
    }

    mutating func reset(step: StepID, shards count: Int, chunks: Int, rule: AuditRule) {
        self.chunks = chunks
        shards.removeAll(keepingCapacity: true)
        copies.removeAll(keepingCapacity: true)
        chosen.reset(count: count)
        if rule.share > 0 {
            for shard in 0..<count where rule.chooses(shard, of: step) {
                shards.append(shard)
                chosen.insert(shard)
            }
        }
        decided.reset(count: shards.count * chunks)
        unproven.reset(count: shards.count * chunks)
        reported.reset(count: shards.count)
        values.removeAll(keepingCapacity: true)
        values.append(contentsOf: repeatElement(0, count: shards.count * chunks))
    }

    /// The first audited shard of a range.
    func first(in range: Range<Int>) -> Int? {
        shards.isEmpty ? nil : chosen.first(in: range)
    }

    /// Takes note of a copy of an audited shard.
    ///
    /// - Parameter isAlone: There is no other worker that could be asked.
    mutating func judge(
        _ contribution: Contribution, shard: Int, since: StepID, isAlone: Bool
    ) -> Judgement {
        let place = self.place(of: shard) * chunks + contribution.chunk
        let fingerprint = contribution.fingerprint
        if unproven.contains(place) { return .unproven }
        if decided.contains(place) { return values[place] == fingerprint ? .repeated : .refuted }
        var isConfirmed = false
        var isDisputed = false
        var isKnown = false
        for copy in copies where copy.shard == shard && copy.chunk == contribution.chunk {
            switch (copy.worker == contribution.worker, copy.fingerprint == fingerprint) {
            case (true, true): isKnown = true
            case (true, false): return .refuted
            case (false, true): isConfirmed = true
            case (false, false): isDisputed = true
            }
        }
        if !isKnown {
            copies.append(
                Copy(
                    worker: contribution.worker, shard: shard, chunk: contribution.chunk,
                    fingerprint: fingerprint, since: since))
        }
        guard isConfirmed || isAlone && !isDisputed else { return .held }
        decided.insert(place)
        values[place] = fingerprint
        if !isConfirmed { unproven.insert(place) }
        return .accepted
    }

    /// What a worker has said counts no more.
    mutating func forget(_ worker: WorkerID) {
        copies.removeAll { $0.worker == worker }
    }

    /// The fewest copies there are of any undecided chunk of a shard; nil if all are decided.
    func fewestCopies(ofPlace place: Int) -> Int? {
        var fewest: Int?
        for chunk in 0..<chunks where !decided.contains(place * chunks + chunk) {
            let count = copies.count { $0.shard == shards[place] && $0.chunk == chunk }
            fewest = min(fewest ?? count, count)
        }
        return fewest
    }

    func hasCopy(of shard: Int, from worker: WorkerID) -> Bool {
        copies.contains { $0.shard == shard && $0.worker == worker }
    }

    /// Whether anybody but this worker has sent an undecided chunk of a shard.
    func hasOthers(ofPlace place: Int, than worker: WorkerID) -> Bool {
        copies.contains {
            $0.shard == shards[place] && $0.worker != worker
                && !decided.contains(place * chunks + $0.chunk)
        }
    }

    /// Returns whether that is news.
    mutating func report(place: Int) -> Bool {
        if reported.contains(place) { return false }
        reported.insert(place)
        return true
    }

    /// Somebody has come who may decide.
    mutating func forgetReports() { reported.reset(count: shards.count) }

    private func place(of shard: Int) -> Int {
        guard let place = shards.firstIndex(of: shard) else {
            preconditionFailure("shard \(shard) is not audited; audited are \(shards)")
        }
        return place
    }
}
