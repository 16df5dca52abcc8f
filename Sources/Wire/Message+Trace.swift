// SPDX-License-Identifier: Apache-2.0
//
// What a worker tells of its threads' time, where its coordinator draws a timeline.

extension Message {
    /// What a worker's threads have been doing. Travels on the control connection, which no chunk holds up.
    public struct Trace: Equatable, Sendable {
        public enum Kind: Equatable, Sendable, CaseIterable {
            /// Samples are read, decoded and augmented.
            case data
            case forward
            case backward
            /// A chunk of weights came; the span is a moment.
            case receive
            case waitForWork
            case waitForData
            case waitForWeights
            /// Weights are stepped.
            case update
        }

        /// A time in which one thread did one thing.
        public struct Span: Equatable, Sendable {
            public var kind: Kind
            /// 1 for what is received; then even for compute threads, odd for data threads.
            public var row: Int
            /// How long before `clock` it began, nanoseconds.
            public var age: UInt64
            /// Nanoseconds; no longer than its age.
            public var duration: UInt64
            /// As leases count them; of weights their version.
            public var step: UInt64
            /// A shard, or a chunk of the weights.
            public var part: UInt64

            public init(
                kind: Kind, row: Int, age: UInt64, duration: UInt64, step: UInt64, part: UInt64
            ) {
                self.kind = kind
                self.row = row
                self.age = age
                self.duration = duration
                self.step = step
                self.part = part
            }
        }

        /// The worker's clock as the message leaves: nanoseconds since any moment.
        public var clock: UInt64
        /// Nothing comes after it.
        public var isLast: Bool
        /// At most `WireLimits.spans`.
        public var spans: [Span]

        public init(clock: UInt64, isLast: Bool = false, spans: [Span] = []) {
            self.clock = clock
            self.isLast = isLast
            self.spans = spans
        }
    }
}
