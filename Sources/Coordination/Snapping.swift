// SPDX-License-Identifier: Apache-2.0
//
// Where to cut a range of shards so that few nodes travel.

/// Moves the cuts between shares to aligned places.
///
/// A share of 21 shards may take five vectors a chunk, one of 24 takes two, one of 32 a single one.
/// Among all cuts near the ideal ones that give each candidate a share within its bounds, this takes
/// those with the fewest nodes; of these the nearest. Dynamic programming from left to right:
///
///     cost(cut i at q) = min over p of cost(cut i - 1 at p) + nodes(p..<q)
struct Snapping: Sendable {
    private struct Option {
        var cost: Int
        /// Where the cut before is, as an offset into its window.
        var before: Int
    }

    /// One row of options for every cut, `width` apart.
    private var options: [Option] = []
    private var windows: [Range<Int>] = []

    var capacity: Int { options.capacity + windows.capacity }

    /// More than all the distances of a plan together.
    private static let node = 1 << 40

    /// Sets `shards` of the candidates within their `bounds`; `share` says where the ideal cuts are.
    mutating func cut(
        _ range: Range<Int>, in tree: ReductionTree, among candidates: inout [Candidate]
    ) {
        // So many shards to both sides that the work is bounded, whatever the number of cuts.
        let reach = max(8, min(64, 256 / candidates.count))
        let width = 2 * reach + 1
        options.removeAll(keepingCapacity: true)
        windows.removeAll(keepingCapacity: true)
        var ideal = range.lowerBound
        var previous = range.lowerBound..<range.lowerBound + 1
        for index in candidates.indices {
            ideal += candidates[index].share
            let isLast = index == candidates.count - 1
            let lower = isLast ? ideal : max(range.lowerBound, ideal - reach)
            let window = lower..<(isLast ? ideal : min(range.upperBound, ideal + reach)) + 1
            windows.append(window)
            for end in window {
                var best = Option(cost: .max, before: 0)
                // Only cuts from which this one is within the candidate's bounds.
                let bounds = candidates[index].bounds
                let first = max(previous.lowerBound, end - bounds.upperBound)
                let last = min(previous.upperBound - 1, end - bounds.lowerBound)
                for start in stride(from: first, through: last, by: 1) {
                    let offset = start - previous.lowerBound
                    let before = index == 0 ? 0 : options[(index - 1) * width + offset].cost
                    if before == .max { continue }
                    let cost = before + Self.node * tree.nodeCount(covering: start..<end)
                    if cost < best.cost { best = Option(cost: cost, before: offset) }
                }
                if best.cost < .max { best.cost += abs(end - ideal) }
                options.append(best)
            }
            options.append(
                contentsOf: repeatElement(
                    Option(cost: .max, before: 0), count: width - window.count))
            previous = window
        }
        // The ideal cuts are among the options, so the last one, at the end of the range, is reached.
        var end = range.upperBound
        for index in candidates.indices.reversed() {
            let option = options[index * width + end - windows[index].lowerBound]
            let start =
                index == 0 ? range.lowerBound : windows[index - 1].lowerBound + option.before
            candidates[index].shards = start..<end
            end = start
        }
    }
}
