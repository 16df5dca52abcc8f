// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The `--log-json` file of a run, as it grows.
struct EventFile {
    let path: String

    /// Whole lines only: the last may still be in the making.
    var events: [[String: Any]] {
        guard let data = FileManager.default.contents(atPath: path) else { return [] }
        return data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true).compactMap
        {
            (try? JSONSerialization.jsonObject(with: Data($0))) as? [String: Any]
        }
    }

    func events(_ name: String) -> [[String: Any]] {
        events.filter { $0["event"] as? String == name }
    }

    /// The weights' digest after each training step, in the order in which steps were committed.
    var trainingSteps: [(step: Int, weights: String)] {
        events("step").compactMap {
            guard $0["phase"] as? String == "train", let step = $0["step"] as? Int,
                let weights = $0["weights"] as? String
            else { return nil }
            return (step, weights)
        }
    }

    /// SHA-256 of the final weights.
    var finalWeights: String? { events("finished").last?["weights"] as? String }

    /// What each worker delivered, by its name; who was lost and came back counts as one.
    var contributions: [String: Int] {
        let text = events("finished").last?["contributions"] as? String ?? ""
        let items = text.split(separator: " ").map { $0.split(separator: "=") }
        return Dictionary(
            items.filter { $0.count == 2 }.map { (String($0[0]), Int($0[1]) ?? 0) },
            uniquingKeysWith: +)
    }
}
