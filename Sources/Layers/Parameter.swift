// SPDX-License-Identifier: Apache-2.0
//
// Between the tensors that users know and their place in the flat buffer.

import Tensors

/// A parameter tensor: its entry in the layout, and where each of its values lies.
struct Parameter: Hashable, Sendable {
    enum Placement: Hashable, Sendable {
        case kernel(KernelPlacement)
        /// Runs of `channels` values, each followed by zeros until it is `stored` long.
        case channels(Int, stored: Int)
    }

    let entry: ParameterLayout.Entry
    let placement: Placement
    let initializer: Initializer

    /// Calls `body` with the place in the flat buffer of each value, in the order of `entry.shape`.
    func forEachPlace(_ body: (Int) -> Void) {
        let start = entry.range.lowerBound
        switch placement {
        case .channels(let channels, let stored):
            for index in 0..<entry.shape.count {
                body(start + index / channels * stored + index % channels)
            }
        case .kernel(let placement):
            placement.forEachOffset { body(start + $0) }
        }
    }

    /// Puts values in the order of `entry.shape` into their places in the flat buffer.
    func put(_ values: [Float], into weights: MutableFloats) {
        var index = 0
        forEachPlace { place in
            weights[place] = values[index]
            index += 1
        }
    }
}

/// A kernel `[taps][channels][filters]` (HWIO; of a dense layer `[inputs, units]`, its inputs flattened
/// as height, width, channel) stored as `[filters / 16][taps][depth][16]`, where the depth is that of the
/// stored channels which a block of 16 filters reads.
struct KernelPlacement: Hashable, Sendable {
    private let taps: Int
    /// That a filter reads.
    private let channels: Int
    private let filters: Int
    private let depth: Int
    private let groups: ConvGeometry.Groups?
    /// For each block of filters the first channel that it reads.
    private let starts: [Int]

    init(_ geometry: ConvGeometry, channels: Int, filters: Int) {
        taps = geometry.kernelHeight * geometry.kernelWidth
        self.channels = channels
        self.filters = filters
        depth = geometry.inputDepth
        groups = geometry.algorithm == .depthwise ? nil : geometry.groups
        starts = (0..<geometry.outputChannels / 16).map {
            geometry.algorithm == .depthwise ? 0 : geometry.inputStart(ofBlock: $0)
        }
    }

    func forEachOffset(_ body: (Int) -> Void) {
        for tap in 0..<taps {
            for channel in 0..<channels {
                for filter in 0..<filters {
                    let block = filter / 16
                    let group = groups.map { filter / $0.outputs * $0.inputs } ?? 0
                    let row = group + channel - starts[block]
                    body(((block * taps + tap) * depth + row) * 16 + filter % 16)
                }
            }
        }
    }
}
