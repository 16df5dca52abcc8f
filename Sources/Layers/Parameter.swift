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
}

/// A kernel `[taps][channels][filters]` (HWIO; of a dense layer `[inputs, units]`, its inputs flattened
/// as height, width, channel) stored as `[filters / 16][taps][stored channels][16]`.
struct KernelPlacement: Hashable, Sendable {
    let taps: Int
    let channels: Int, storedChannels: Int
    let filters: Int

    init(_ geometry: ConvGeometry, channels: Int, filters: Int) {
        taps = geometry.kernelHeight * geometry.kernelWidth
        self.channels = channels
        storedChannels = geometry.inputChannels
        self.filters = filters
    }

    func forEachOffset(_ body: (Int) -> Void) {
        for tap in 0..<taps {
            for channel in 0..<channels {
                for filter in 0..<filters {
                    body(
                        ((filter / 16 * taps + tap) * storedChannels + channel) * 16 + filter % 16)
                }
            }
        }
    }
}
