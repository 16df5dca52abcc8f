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
    /// For balanced sampling.
    private let classes: ClassIndex?

    init(
        training: any Dataset, validation: (any Dataset)?, seed: UInt64,
        sampling: TrainingOptions.Sampling
    ) {
        self.training = training
        self.validation = validation
        self.seed = seed
        classes = sampling == .balanced ? ClassIndex(training) : nil
    }

    struct Source {
        let dataset: any Dataset
        let order: Order

        /// - Precondition: `position` is in `0..<dataset.count`.
        func index(at position: Int) -> Int {
            switch order {
            case .stored: position
            case .shuffled(let order): order[position]
            case .balanced(let order): order[position]
            }
        }
    }

    enum Order {
        case stored
        case shuffled(SampleOrder)
        case balanced(BalancedOrder)
    }

    /// - Returns: Nil for a step that evaluates where there is no validation data.
    func source(kind: PlannedStep.Kind, pass: Int) -> Source? {
        switch kind {
        case .train:
            return Source(
                dataset: training,
                order: classes.map { .balanced(BalancedOrder(seed: seed, epoch: pass, $0)) }
                    ?? .shuffled(SampleOrder(seed: seed, epoch: pass, count: training.count)))
        case .evaluate:
            return validation.map { Source(dataset: $0, order: .stored) }
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
            training: training, validation: datasets[.validation], seed: job.seed,
            sampling: job.training.sampling)
    }

    /// Of the files that are on all machines.
    func manifests(
        at path: String, in cache: String?
    ) -> (training: SampleManifest, validation: SampleManifest?) {
        (
            SampleManifest(training, at: "\(path) training", in: cache),
            validation.map { SampleManifest($0, at: "\(path) validation", in: cache) }
        )
    }

    /// Names what workers compute with: training and validation data.
    var fingerprint: Digest {
        var hash = SHA256()
        training.fingerprint.bytes.withUnsafeBytes { hash.update($0) }
        validation?.fingerprint.bytes.withUnsafeBytes { hash.update($0) }
        return hash.finalize()
    }
}
