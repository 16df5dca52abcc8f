// SPDX-License-Identifier: Apache-2.0
//
// Time for a test to act in.

/// Small runs are over sooner than a busy machine lets a test look; brakes hold them where it wants to look.
enum Brake {
    /// Longer than it takes to start a process, or to write a file, or to notice that somebody is gone.
    static let seconds = 3.0

    /// A fault plan that makes workers linger once at each of some steps, counted from 1.
    static func plan(_ steps: [String: [Int]]) -> String {
        steps.sorted { $0.key < $1.key }.flatMap { worker, steps in
            steps.map { "- {step: \($0), worker: \(worker), action: delay, seconds: \(seconds)}" }
        }.joined(separator: "\n")
    }
}
