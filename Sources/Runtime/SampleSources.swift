// SPDX-License-Identifier: Apache-2.0
//
// Which sample stands at which position of a step.

import Coordination
import Datasets
import Digests
import Jobs

/// The data sets of a run, and the order in which each kind of step reads them: training in the pass's
/// shuffled order, validation as stored.
public struct SampleSources: Sendable {
    let training: any Dataset
    let validation: (any Dataset)?
    let seed: UInt64

    struct Source {
        let dataset: any Dataset
        let order: SampleOrder?

        func index(at position: Int) -> Int { order.map { $0[position] } ?? position }
    }

    func source(kind: PlannedStep.Kind, pass: Int) -> Source {
        switch kind {
        case .train:
            return Source(
                dataset: training,
                order: SampleOrder(seed: seed, epoch: pass, count: training.count))
        case .evaluate:
            guard let validation else {
                preconditionFailure("a step evaluates, but the job has no validation data")
            }
            return Source(dataset: validation, order: nil)
        }
    }
}

extension SampleSources {
    /// Opens the files of a job on this machine.
    static func open(_ job: Job) throws -> SampleSources {
        let datasets = try openDatasets(job.dataset)
        guard let training = datasets[.train] else {
            throw RuntimeError(.dataset, "\(job.dataset.path) has no training images")
        }
        return SampleSources(
            training: training, validation: datasets[.validation], seed: job.seed)
    }

    /// Names what workers compute with: training and validation data.
    var fingerprint: Digest {
        var hash = SHA256()
        training.fingerprint.bytes.withUnsafeBytes { hash.update($0) }
        validation?.fingerprint.bytes.withUnsafeBytes { hash.update($0) }
        return hash.finalize()
    }
}
