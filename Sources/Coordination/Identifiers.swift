// SPDX-License-Identifier: Apache-2.0
//
// The names by which workers, steps and leases are known. All three ascend and are never reused, so
// that comparing two of them says which came first.

/// A worker of this run. One that comes back is a new worker and gets a new number.
public struct WorkerID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let raw: UInt64

    public init(raw: UInt64) {
        self.raw = raw
    }

    public static func < (left: WorkerID, right: WorkerID) -> Bool {
        left.raw < right.raw
    }

    public var description: String { "\(raw)" }
}

/// A step of the run, training and evaluation counted together, from 0.
public struct StepID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let raw: UInt64

    public init(raw: UInt64) {
        self.raw = raw
    }

    /// The step that many later.
    public func advanced(by steps: UInt64) -> StepID {
        StepID(raw: raw + steps)
    }

    public static func < (left: StepID, right: StepID) -> Bool {
        left.raw < right.raw
    }

    public var description: String { "\(raw)" }
}

/// A range of shards entrusted to a worker.
public struct LeaseID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let raw: UInt64

    public init(raw: UInt64) {
        self.raw = raw
    }

    public static func < (left: LeaseID, right: LeaseID) -> Bool {
        left.raw < right.raw
    }

    public var description: String { "\(raw)" }
}
