// SPDX-License-Identifier: Apache-2.0
//
// Tests that take minutes: `Deploy/test --long` runs them.

import Foundation
import Testing

enum LongRuns {
    private static let environment = ProcessInfo.processInfo.environment

    static let areWanted = environment["CONVOY_LONG"] == "1"
    static let hint: Comment = "a long run: Deploy/test --long, or CONVOY_LONG=1"

    /// Where CIFAR-10 lies, in its binary distribution.
    static let cifar10 = environment["CONVOY_CIFAR10"]
    /// Repeats the chaos of an earlier run.
    static let chaosSeed = environment["CONVOY_CHAOS_SEED"].flatMap { UInt64($0) }
}
