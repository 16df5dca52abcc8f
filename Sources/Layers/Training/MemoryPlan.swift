// SPDX-License-Identifier: Apache-2.0
//
// Which numbers of a block share memory, decided once from the order of the passes.

/// Places in one run of floats for all values, gradients and kept inputs of a block.
///
/// Time runs through the forward pass (stage `i` at `i`), the loss (at the number of stages `S`) and the
/// backward pass (stage `i` at `2S - i`). Two numbers may share memory if their times do not meet: so
/// the gradients of the early layers lie where the late activations were, still warm in the cache.
package struct MemoryPlan: Equatable {
    /// Value 0 are the images, value `i + 1` is what stage `i` writes; the last one holds the logits.
    package private(set) var values: [Range<Int>] = []
    /// Gradients of those values; empty where nobody asks for one.
    package private(set) var gradients: [Range<Int>] = []
    /// What stage `i` keeps for its backward pass.
    package private(set) var kept: [Range<Int>] = []
    /// Floats in all.
    package private(set) var count = 0

    /// - Parameters:
    ///   - inputs: For each stage the values that it reads. Without, stages form a line.
    ///   - wantsGradient: For each value whether anybody asks for its gradient. Without, all are wanted
    ///     but that of the images.
    ///   - sharing: False gives each number memory of its own, the reference of tests.
    package init(
        _ stages: [StageNeeds], inputs given: [[Int]]? = nil, wantsGradient: [Bool]? = nil,
        sharing: Bool = true
    ) {
        let end = stages.count
        let inputs = given ?? stages.indices.map { [$0] }
        let wants = wantsGradient ?? (0...end).map { $0 > 0 }
        precondition(
            end > 0 && inputs.count == end && wants.count == end + 1,
            "MemoryPlan: \(end) stages, \(inputs.count) inputs, \(wants.count) values")
        var spans: [Span] = []
        func add(_ count: Int, _ times: ClosedRange<Int>) -> Int {
            spans.append(Span(count: count, times: times))
            return spans.count - 1
        }

        // When stage i reads something for the last time that it rereads in its backward pass, if any.
        func last(_ i: Int, _ rereads: Bool) -> Int { rereads && wants[i + 1] ? 2 * end - i : i }
        // When a value is read for the last time, a stage's reading in its forward pass left out.
        func lastUse(of value: Int, but stage: Int? = nil) -> Int {
            var time = value == end ? end : value - 1
            if value > 0 { time = max(time, last(value - 1, stages[value - 1].rereadsOutput)) }
            for (i, read) in inputs.enumerated() {
                guard let place = read.firstIndex(of: value) else { continue }
                let rereads = place == 0 ? stages[i].rereadsInput : stages[i].rereadsOthers
                if i != stage || rereads { time = max(time, last(i, rereads)) }
            }
            return time
        }

        var value = [add(stages[0].input, -1...max(0, lastUse(of: 0)))], keep: [Int] = []
        for (i, stage) in stages.enumerated() {
            let until = max(i, lastUse(of: i + 1))
            if let place = stage.inPlace, lastUse(of: inputs[i][place], but: i) < i {
                value.append(value[inputs[i][place]])
                spans[value[i + 1]].live(until: until)
            } else {
                value.append(add(stage.output, i...until))
            }
            keep.append(add(stage.kept, i...last(i, true)))
        }

        // The loss turns logits into their gradient where they lie, unless somebody reads them again.
        var gradient = [Int?](repeating: nil, count: end + 1)
        if wants[end], stages[end - 1].rereadsOutput {
            gradient[end] = add(stages[end - 1].output, end...end + 1)
        } else {
            gradient[end] = value[end]
            spans[value[end]].live(until: end + 1)
        }
        // A value's gradient is there from its last reader's backward pass on until its writer's.
        for i in stages.indices.reversed() {
            for (place, input) in inputs[i].enumerated()
            where wants[input] && gradient[input] == nil {
                let needed = 2 * end - input + 1
                if stages[i].inPlace == place, let output = gradient[i + 1] {
                    gradient[input] = output
                    spans[output].live(until: needed)
                } else {
                    gradient[input] = add(stages[input - 1].output, 2 * end - i...needed)
                }
            }
        }

        let places = Self.place(spans, sharing: sharing)
        values = value.map { places[$0] }
        gradients = gradient.map { $0.map { places[$0] } ?? 0..<0 }
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
