// SPDX-License-Identifier: Apache-2.0
//
// The `dataset:` map of a job, every default made explicit.

/// Where images come from, how they are decoded, and what is held out.
public struct DatasetConfiguration: Sendable, Equatable {
    public enum Format: String, CaseIterable, Sendable {
        case fashionMNIST = "fashion-mnist"
        case mnist
        case cifar10
        /// A folder of class folders of JPEG and PNG files.
        case folder
        /// Ten geometric shapes in noise, made by Convoy: needs no file.
        case shapes
    }

    public enum ColorMode: String, CaseIterable, Sendable {
        case rgb, grayscale

        public var channels: Int { self == .rgb ? 3 : 1 }
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

    public struct Augmentation: Sendable, Equatable {
        /// Mirror each image, or not, by the toss of a coin.
        public var horizontalFlip = false

        public init(horizontalFlip: Bool = false) { self.horizontalFlip = horizontalFlip }
    }

    public var format: Format
    /// The directory of the files; empty for `shapes`.
    public var path: String
    /// `[H, W]` that every image is resized to. Fixed by the format but for `folder`.
    public var targetSize: [Int]
    public var colorMode: ColorMode
    public var validation: Validation
    public var validationSplit: Double
    public var augmentation: Augmentation

    public init(
        format: Format, path: String? = nil, targetSize: [Int]? = nil, colorMode: ColorMode? = nil,
        validation: Validation? = nil, validationSplit: Double = 0.2,
        augmentation: Augmentation = .init()
    ) {
        self.format = format
        self.path = path ?? format.defaultPath ?? ""
        self.targetSize = targetSize ?? format.imageSize
        self.colorMode = colorMode ?? format.colorMode
        self.validation = validation ?? (format == .folder ? .auto : .test)
        self.validationSplit = validationSplit
        self.augmentation = augmentation
    }
}

extension DatasetConfiguration.Format {
    /// The size of its images: for a folder Keras's default, for the others a fact.
    public var imageSize: [Int] {
        switch self {
        case .fashionMNIST, .mnist: [28, 28]
        case .cifar10, .shapes: [32, 32]
        case .folder: [256, 256]
        }
    }

    public var colorMode: DatasetConfiguration.ColorMode {
        switch self {
        case .fashionMNIST, .mnist: .grayscale
        case .cifar10, .shapes, .folder: .rgb
        }
    }

    /// Where a system package puts the files; nil if there is none.
    public var defaultPath: String? {
        switch self {
        case .fashionMNIST: "/usr/share/datasets/fashion-mnist"
        case .shapes: ""
        case .mnist, .cifar10, .folder: nil
        }
    }
}
