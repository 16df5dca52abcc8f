// SPDX-License-Identifier: Apache-2.0
//
// Which numbers of a block share memory, decided once from the order of the passes.

/// Places in one run of floats for all values, gradients and kept inputs of a block.
///
/// Time runs through the forward pass (stage `i` at `i`), the loss (at the number of stages `S`) and the
/// backward pass (stage `i` at `2S - i`). Two numbers may share memory if their times do not meet: so
/// the gradients of the early layers lie where the late activations were, still warm in the cache.
package struct MemoryPlan: Equatable {
    /// Value `i` is the input of stage `i`; the last one holds the logits.
    package private(set) var values: [Range<Int>] = []
    /// Gradients of those values.
    package private(set) var gradients: [Range<Int>] = []
    /// What stage `i` keeps for its backward pass.
    package private(set) var kept: [Range<Int>] = []
    /// Floats in all.
    package private(set) var count = 0

    /// - Parameters:
    ///   - firstTrained: The stage where the backward pass ends; nobody asks for gradients before it.
    ///   - sharing: False gives each number memory of its own, the reference of tests.
    package init(_ stages: [StageNeeds], firstTrained: Int = 0, sharing: Bool = true) {
        let end = stages.count
        precondition(
            stages.indices.contains(firstTrained), "MemoryPlan: stage \(firstTrained) of \(end)")
        var spans: [Span] = []
        func add(_ count: Int, _ times: ClosedRange<Int>) -> Int {
            spans.append(Span(count: count, times: times))
            return spans.count - 1
        }

        // When stage i reads for the last time.
        func last(_ i: Int, _ rereads: Bool) -> Int {
            rereads && i >= firstTrained ? 2 * end - i : i
        }

        var value = [add(stages[0].input, -1...last(0, stages[0].rereadsInput))]
        var keep: [Int] = []
        for (i, stage) in stages.enumerated() {
            let reader = i + 1 < end ? last(i + 1, stages[i + 1].rereadsInput) : end
            let times = i...max(reader, last(i, stage.rereadsOutput))
            let mayOverwrite = i == 0 || last(i - 1, stages[i - 1].rereadsOutput) < i
            if stage.isInPlace && mayOverwrite {
                value.append(value[i])
                spans[value[i]].live(until: times.upperBound)
            } else {
                value.append(add(stage.output, times))
            }
            keep.append(add(stage.kept, i...last(i, true)))
        }

        // The loss turns logits into their gradient where they lie, unless somebody reads them again.
        var gradient = [value[end]]
        if stages[end - 1].rereadsOutput {
            gradient = [add(stages[end - 1].output, end...end + 1)]
        } else {
            spans[value[end]].live(until: end + 1)
        }
        for i in stages.indices.reversed() where i > firstTrained {
            if stages[i].isInPlace {
                gradient.append(gradient[gradient.count - 1])
                spans[gradient[gradient.count - 1]].live(until: 2 * end - i + 1)
            } else {
                gradient.append(add(stages[i].input, 2 * end - i...2 * end - i + 1))
            }
        }

        let places = Self.place(spans, sharing: sharing)
        values = value.map { places[$0] }
        gradients = Array(repeating: 0..<0, count: firstTrained + 1)
        gradients += gradient.reversed().map { places[$0] }
        kept = keep.map { places[$0] }
        count = places.map(\.upperBound).max() ?? 0
    }

    /// A run of floats and when it holds something.
    private struct Span {
        let count: Int
        var times: ClosedRange<Int>

        mutating func live(until last: Int) {
            times = times.lowerBound...max(times.upperBound, last)
        }
    }

    /// The largest first, each at the lowest place where nothing else lies at its time.
    private static func place(_ spans: [Span], sharing: Bool) -> [Range<Int>] {
        var places = [Range<Int>](repeating: 0..<0, count: spans.count)
        var placed: [Int] = []
        let order = spans.indices.sorted { (spans[$0].count, $1) > (spans[$1].count, $0) }
        for index in order where spans[index].count > 0 {
            let neighbours =
                placed
                .filter { !sharing || spans[$0].times.overlaps(spans[index].times) }
                .map { places[$0] }
                .sorted { $0.lowerBound < $1.lowerBound }
            var start = 0
            for neighbour in neighbours {
                if start + spans[index].count <= neighbour.lowerBound { break }
                // A cache line more than aligned: runs a power of two apart evict each other.
                start = max(start, (neighbour.upperBound + 15) / 16 * 16 + 16)
            }
            places[index] = start..<start + spans[index].count
            placed.append(index)
        }
        return places
    }
}
