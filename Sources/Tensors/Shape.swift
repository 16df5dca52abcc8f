// SPDX-License-Identifier: Apache-2.0
//
// The extents of a tensor, outermost first.

/// A list of extents, for example `[H, W, C]` of an image or `[kH, kW, inC, outC]` of a kernel.
public struct Shape: Hashable, Sendable, CustomStringConvertible, ExpressibleByArrayLiteral {
    public let extents: [Int]

    /// - Precondition: No extent is negative.
    public init(_ extents: [Int]) {
        precondition(extents.allSatisfy { $0 >= 0 }, "Shape: negative extent in \(extents)")
        self.extents = extents
    }

    public init(arrayLiteral extents: Int...) { self.init(extents) }

    public var rank: Int { extents.count }
    public var count: Int { extents.reduce(1, *) }
    public subscript(axis: Int) -> Int { extents[axis] }
    public var description: String { "(" + extents.map(String.init).joined(separator: ", ") + ")" }
}
