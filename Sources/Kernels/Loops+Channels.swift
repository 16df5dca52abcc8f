// SPDX-License-Identifier: Apache-2.0
//
// The door for branches.

import Tensors

extension Loops {
    package static func placeChannels(
        _ slice: ChannelSlice, _ part: Floats, into whole: MutableFloats
    ) {
        guard let part = part.baseAddress, let whole = whole.baseAddress else { return }
        Channels.place(slice, part, into: whole)
    }

    package static func takeChannels(
        _ slice: ChannelSlice, _ whole: Floats, adding: Bool, into part: MutableFloats
    ) {
        guard let part = part.baseAddress, let whole = whole.baseAddress else { return }
        if adding {
            Channels.add(slice, whole, to: part)
        } else {
            Channels.take(slice, whole, into: part)
        }
    }

    package static func multiply(_ values: MutableFloats, by factors: Floats) {
        guard let base = values.baseAddress, let factor = factors.baseAddress else { return }
        Products.multiply(base, by: factor, period: factors.count, count: values.count)
    }

    package static func sumProducts(
        _ first: Floats, _ second: Floats, adding: Bool, into sums: MutableFloats
    ) {
        guard let sum = sums.baseAddress, let a = first.baseAddress, let b = second.baseAddress
        else { return }
        Products.sum(a, b, adding: adding, into: sum, period: sums.count, count: first.count)
    }
}
