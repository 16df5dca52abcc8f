// SPDX-License-Identifier: Apache-2.0
//
// The `dataset:` map of a job, every default made explicit.

/// Where images come from, how they are decoded, and what is held out.
public struct DatasetConfiguration: Sendable, Equatable {
    public enum ColorMode: String, CaseIterable, Sendable {
        case rgb, grayscale, rgba

        public var channels: Int {
            switch self {
            case .rgb: 3
            case .grayscale: 1
            case .rgba: 4
            }
        }
    }

    /// `[H, W, C]` of a decoded image; nil if the data alone tells it.
    public var imageShape: [Int]? { targetSize.isEmpty ? nil : targetSize + [colorMode.channels] }

    /// What Keras makes of labels. The loss decides that here; `binary` checks that there are two classes.
    public enum ClassMode: String, CaseIterable, Sendable {
        case sparse, categorical, binary
        /// The numbers of one or several columns, for a regression; of a table alone.
        case raw
    }

    /// What is evaluated after each epoch.
    public enum Validation: String, CaseIterable, Sendable {
        /// The set that came with the data for the purpose: its validation set, else its test set.
        case test
        /// `validation_split` of the training set.
        case split
        /// Nothing is: "none" in a job.
        case disabled = "none"
        /// `test` where the data has such a set, else `split`.
        case auto
    }

    /// What becomes of image files that cannot be read.
    public enum BadFiles: String, CaseIterable, Sendable {
        /// They are an error, found before the first step where their headers or ends are damaged.
        case stop
        /// They are left out: every file is decoded once before the first step.
        case skip
    }

    /// What workers keep of images once they are decoded and resized.
    public enum Cache: String, CaseIterable, Sendable {
        /// Nothing: "none" in a job.
        case disabled = "none"
        /// As many as `cache_limit_mb` allows.
        case memory
        /// All, in a file that goes with the worker.
        case disk
    }

    public var format: Format
    /// The directory of the files, or the table, archive or arrays; empty for `shapes`.
    public var path: String
    /// `[H, W]` that every image is resized to. Fixed by the format but for files of any kind; empty for
    /// `npy`.
    public var targetSize: [Int]
    public var colorMode: ColorMode
    public var validation: Validation
    public var validationSplit: Double
    public var augmentation: Augmentation
    public var preprocessing: Preprocessing
    /// For files alone, `folder` and `table`.
    public var fitting: Fitting
    /// Of files the classes to take, in the order of their labels; empty takes all, sorted. Of arrays the
    /// names of labels 0, 1, ...
    public var classes: [String]
    /// For files alone.
    public var classMode: ClassMode
    /// For files alone.
    public var badFiles: BadFiles
    /// Of the files that a listing has: a larger one is refused. For files alone.
    public var maxSampleBytes: Int
    /// For files alone.
    public var cache: Cache
    /// Bytes that each worker process may keep in memory: `cache_limit_mb`, in MiB.
    public var cacheLimit: Int
    /// Whether an array says what the loss of each image counts. For `npy` alone.
    public var sampleWeight = false
    /// For `table` alone.
    public var table: Table

    /// Of `max_sample_bytes`: 64 MiB.
    public static let usualSampleBytes = 64 << 20
    /// Of `cache_limit_mb`: 1024 MiB.
    public static let usualCacheLimit = 1024 << 20

    public init(
        format: Format, path: String? = nil, targetSize: [Int]? = nil, colorMode: ColorMode? = nil,
        validation: Validation? = nil, validationSplit: Double = 0.2,
        augmentation: Augmentation = .init(), preprocessing: Preprocessing = .init(),
        fitting: Fitting = .init(), classes: [String] = [],
        classMode: ClassMode = .sparse, badFiles: BadFiles = .stop,
        maxSampleBytes: Int = usualSampleBytes, cache: Cache = .disabled,
        cacheLimit: Int = usualCacheLimit, table: Table = .init()
    ) {
        self.format = format
        self.path = path ?? format.defaultPath ?? ""
        self.targetSize = targetSize ?? format.imageSize
        self.colorMode = colorMode ?? format.colorMode
        self.validation = validation ?? (format.classCount == nil ? .auto : .test)
        self.validationSplit = validationSplit
        self.augmentation = augmentation
        self.preprocessing = preprocessing
        self.fitting = fitting
        self.classes = classes
        self.classMode = classMode
        self.badFiles = badFiles
        self.maxSampleBytes = maxSampleBytes
        self.cache = cache
        self.cacheLimit = cacheLimit
        self.table = table
    }
}
