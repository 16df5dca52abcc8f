// SPDX-License-Identifier: Apache-2.0
//
// What a run tells whoever watches it. The runtime never prints; the command line's observers do.

import Layers

/// Something that happened in a run.
public enum RunEvent: Sendable {
    /// The job is open, the data is read, the coordinator listens.
    case started(RunInfo)
    /// The run goes on after this many committed steps.
    case resumed(step: Int)
    /// `missing` shards of the step in progress are still being computed by others.
    case workerJoined(name: String, threads: Int, alive: Int, missing: Int)
    /// The worker `owed` shards of the step in progress; others compute them now.
    case workerLost(name: String, reason: String, alive: Int, owed: Int)
    /// A process that the run has started itself has died, and is started again.
    case workerRestarted(name: String, how: String, attempt: Int, limit: Int)
    /// It has died too often, or its machine cannot be reached: the run goes on with the others.
    case workerGivenUp(name: String, how: String)
    /// A line that such a process has printed.
    case workerOutput(name: String, line: String)
    /// A worker does not fit this run, or is of another build; it was told so, and leaves.
    case workerRefused(reason: String)
    /// A worker has computed otherwise than two others: it is put out, and the run goes back to the
    /// beginning of a step, counted as in checkpoints.
    case workerDistrusted(name: String, step: Int)
    /// Workers have computed this shard differently; another one has to decide.
    case undecided(place: String)
    /// A worker let a deadline pass; its shards are computed elsewhere too.
    case straggler(name: String)
    /// No worker is left; the run goes on when one comes.
    case waitingForWorkers
    /// A step has fewer shards than the workers have threads: only `active` of `workers` can be busy.
    case idleWorkers(active: Int, workers: Int)
    case step(StepReport)
    case epoch(EpochReport)
    /// What a callback of the job made of an epoch.
    case callback(name: String, epoch: Int, message: String)
    case checkpoint(path: String)
    case finished(FinalReport)
}

/// Watches a run. Called on the coordinator's thread, in order: it must return soon.
public protocol RunObserver: AnyObject {
    func handle(_ event: RunEvent)
}

/// What is known of a run before its first step.
public struct RunInfo: Sendable, Equatable {
    public var job: String
    /// The run folder.
    public var output: String
    /// Where workers connect to.
    public var endpoint: String
    public var epochs: Int
    public var stepsPerEpoch: Int
    public var trainingSamples: Int
    public var validationSamples: Int
    public var testSamples: Int
    public var batchSize: Int
    public var shardSize: Int
    public var blockSize: Int
    public var parameters: Int
    /// Workers that the run starts itself; 0 where they come from elsewhere.
    public var workers: Int
    /// Images that are left out since they cannot be read, each with the reason.
    public var skipped: [String]

    public init(
        job: String, output: String, endpoint: String, epochs: Int, stepsPerEpoch: Int,
        trainingSamples: Int, validationSamples: Int, testSamples: Int, batchSize: Int,
        shardSize: Int, blockSize: Int, parameters: Int, workers: Int, skipped: [String] = []
    ) {
        self.job = job
        self.output = output
        self.endpoint = endpoint
        self.epochs = epochs
        self.stepsPerEpoch = stepsPerEpoch
        self.trainingSamples = trainingSamples
        self.validationSamples = validationSamples
        self.testSamples = testSamples
        self.batchSize = batchSize
        self.shardSize = shardSize
        self.blockSize = blockSize
        self.parameters = parameters
        self.workers = workers
        self.skipped = skipped
    }
}

/// One committed step.
public struct StepReport: Sendable, Equatable {
    public enum Phase: String, Sendable { case train, validate, test }

    /// Optimizer steps committed in the run so far.
    public var step: Int
    /// From 1, as users count.
    public var epoch: Int
    /// From 1; the last one is `stepsInEpoch`. Counts within the phase.
    public var stepInEpoch: Int
    public var stepsInEpoch: Int
    public var phase: Phase
    /// Means over the phase of this epoch so far. The accuracy of a regression is NaN.
    public var loss: Double
    public var accuracy: Double
    /// Mean over this step's samples alone.
    public var stepLoss: Double
    /// Samples of this step.
    public var samples: Int
    /// Names the weights after this step; equal runs have equal digests at every step.
    public var weightsDigest: UInt64
    /// Since the phase began.
    public var imagesPerSecond: Double
    public var workersAlive: Int
    /// Since the run started (or was resumed).
    public var seconds: Double

    public init(
        step: Int, epoch: Int, stepInEpoch: Int, stepsInEpoch: Int, phase: Phase, loss: Double,
        accuracy: Double, stepLoss: Double, samples: Int, weightsDigest: UInt64 = 0,
        imagesPerSecond: Double, workersAlive: Int, seconds: Double
    ) {
        self.step = step
        self.epoch = epoch
        self.stepInEpoch = stepInEpoch
        self.stepsInEpoch = stepsInEpoch
        self.phase = phase
        self.loss = loss
        self.accuracy = accuracy
        self.stepLoss = stepLoss
        self.samples = samples
        self.weightsDigest = weightsDigest
        self.imagesPerSecond = imagesPerSecond
        self.workersAlive = workersAlive
        self.seconds = seconds
    }
}

/// One finished epoch, validation included.
public struct EpochReport: Sendable, Equatable {
    /// From 1 to `epochs`.
    public var epoch: Int
    public var epochs: Int
    public var loss: Double
    /// NaN of a regression.
    public var accuracy: Double
    public var validationLoss: Double?
    public var validationAccuracy: Double?
    /// By the metrics of the job.
    public var validationMetrics: MetricResults
    /// Of this epoch.
    public var seconds: Double
    /// Of this epoch's training.
    public var imagesPerSecond: Double
    public var dataWait: DataWait

    public init(
        epoch: Int, epochs: Int, loss: Double, accuracy: Double, validationLoss: Double? = nil,
        validationAccuracy: Double? = nil, validationMetrics: MetricResults = .init(),
        seconds: Double, imagesPerSecond: Double,
        dataWait: DataWait = .init(seconds: 0, share: 0)
    ) {
        self.epoch = epoch
        self.epochs = epochs
        self.loss = loss
        self.accuracy = accuracy
        self.validationLoss = validationLoss
        self.validationAccuracy = validationAccuracy
        self.validationMetrics = validationMetrics
        self.seconds = seconds
        self.imagesPerSecond = imagesPerSecond
        self.dataWait = dataWait
    }
}

/// The time that steps waited for data: a mean over the threads that compute.
public struct DataWait: Sendable, Equatable {
    public var seconds: Double
    /// Of the time that the threads were there.
    public var share: Double

    public init(seconds: Double, share: Double) {
        self.seconds = seconds
        self.share = share
    }
}

/// How a run ended.
public struct FinalReport: Sendable, Equatable {
    /// On the test images; nil where the data set has none.
    public var testLoss: Double?
    public var testAccuracy: Double?
    public var testMetrics: MetricResults
    /// Of the rows of a confusion matrix.
    public var classNames: [String]
    /// The saved model.
    public var model: String
    /// SHA-256 of the final weights, in lowercase hex.
    public var weightsDigest: String
    /// How many vectors each worker delivered as the first, in the order in which workers left.
    public var contributions: [Contribution]
    public var dataWait: DataWait
    /// Workers that data held up.
    public var dataLimits: [DataLimit]
    public var seconds: Double

    /// A worker that waited for data for long.
    public struct DataLimit: Sendable, Equatable {
        /// The share that is worth a word.
        static let least = 0.05

        public var worker: String
        /// Of its time.
        public var share: Double
        /// Whether it was decoding that took the longer part, not the way of the samples.
        public var isDecoding: Bool

        public init(worker: String, share: Double, isDecoding: Bool) {
            self.worker = worker
            self.share = share
            self.isDecoding = isDecoding
        }
    }

    public struct Contribution: Sendable, Equatable {
        public var worker: String
        public var vectors: Int

        public init(worker: String, vectors: Int) {
            self.worker = worker
            self.vectors = vectors
        }
    }

    public init(
        testLoss: Double? = nil, testAccuracy: Double? = nil, testMetrics: MetricResults = .init(),
        classNames: [String] = [], model: String, weightsDigest: String,
        contributions: [Contribution] = [], dataWait: DataWait = .init(seconds: 0, share: 0),
        dataLimits: [DataLimit] = [], seconds: Double
    ) {
        self.testLoss = testLoss
        self.testAccuracy = testAccuracy
        self.testMetrics = testMetrics
        self.classNames = classNames
        self.model = model
        self.weightsDigest = weightsDigest
        self.contributions = contributions
        self.dataWait = dataWait
        self.dataLimits = dataLimits
        self.seconds = seconds
    }
}
