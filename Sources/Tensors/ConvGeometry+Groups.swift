// SPDX-License-Identifier: Apache-2.0
//
// Convolutions whose filters read some of the channels only.

extension ConvGeometry {
    /// Channels in groups: the filters of a group read its channels and no others. All counts are of
    /// channels that users know; in memory the last ones may be padding.
    public struct Groups: Hashable, Sendable {
        public var count: Int
        /// Input and output channels of one group.
        public var inputs: Int, outputs: Int

        public init(_ count: Int, inputs: Int, outputs: Int) {
            self.count = count
            self.inputs = inputs
            self.outputs = outputs
        }

        /// The same seen from the outputs.
        fileprivate var reversed: Groups { Groups(count, inputs: outputs, outputs: inputs) }

        /// Input channels that the 16 output channels from `16 * block` on read.
        fileprivate func inputs(ofBlock block: Int) -> Range<Int> {
            let first = min(block * 16 / outputs, count - 1)
            let last = min((block * 16 + 15) / outputs, count - 1)
            return first * inputs..<(last + 1) * inputs
        }

        /// As many channels as any block reads, in 8s: a register tile has 4 or 8 rows.
        fileprivate func depth(channels: Int) -> Int {
            var most = 0
            for block in 0..<(count * outputs + 15) / 16 {
                most = max(most, inputs(ofBlock: block).count)
            }
            return min((most + 7) / 8 * 8, channels)
        }
    }

    /// Input channels that each block of 16 output channels reads, and has weights for.
    public var inputDepth: Int {
        if algorithm == .depthwise { return 1 }
        return groups?.depth(channels: inputChannels) ?? inputChannels
    }
    /// The first of them.
    public func inputStart(ofBlock block: Int) -> Int {
        guard let groups else { return 0 }
        return min(groups.inputs(ofBlock: block).lowerBound, inputChannels - inputDepth)
    }

    /// The same for blocks of 16 input channels and the outputs that read them.
    public var outputDepth: Int {
        if algorithm == .depthwise { return 1 }
        return groups?.reversed.depth(channels: outputChannels) ?? outputChannels
    }
    public func outputStart(ofBlock block: Int) -> Int {
        guard let groups else { return 0 }
        return min(groups.reversed.inputs(ofBlock: block).lowerBound, outputChannels - outputDepth)
    }

    /// Whether blocks of 16 channels lie within a group, so that all of a block reads all of another.
    public var areGroupsAligned: Bool {
        guard let groups else { return true }
        return groups.inputs % 16 == 0 && groups.outputs % 16 == 0
    }

    /// Whether the channels of 16 filters lie in a vector or two, and a kernel of its own leaves out the zeros
    /// between groups: groups of 2, 4 or 8 channels and as many filters, or two filters a channel.
    public var areGroupsFine: Bool {
        guard let groups, algorithm == .direct else { return false }
        switch (groups.inputs, groups.outputs) {
        case (2, 2), (4, 4), (8, 8): return inputChannels == outputChannels
        case (1, 2): return 2 * inputChannels == outputChannels
        default: return false
        }
    }
    /// Weights of fine groups without those zeros.
    public var fineCount: Int {
        areGroupsFine ? kernelHeight * kernelWidth * (groups?.inputs ?? 0) * outputChannels : 0
    }

    /// The output channels that read an input channel; none where that is padding.
    public func outputs(ofInput channel: Int) -> Range<Int> {
        guard let groups else { return 0..<outputChannels }
        guard channel < groups.count * groups.inputs else { return 0..<0 }
        let group = channel / groups.inputs
        return group * groups.outputs..<(group + 1) * groups.outputs
    }
}
