// SPDX-License-Identifier: Apache-2.0
//
// The table of formats: what is known of each before a file of it is opened. `OpenDatasets.swift` has
// the readers.

extension DatasetConfiguration {
    public enum Format: String, CaseIterable, Sendable {
        case fashionMNIST = "fashion-mnist"
        case mnist
        case emnistBalanced = "emnist-balanced"
        case emnistByClass = "emnist-byclass"
        case emnistByMerge = "emnist-bymerge"
        case emnistDigits = "emnist-digits"
        case emnistLetters = "emnist-letters"
        case emnistMNIST = "emnist-mnist"
        case cifar10
        case cifar100
        /// A folder of class folders of image files.
        case folder
        /// A CSV or TSV file of file names and labels.
        case table
        /// A tar file of class folders.
        case tar
        /// NumPy arrays of images and labels.
        case npy
        /// Ten geometric shapes in noise, made by Convoy: needs no file.
        case shapes
    }
}

extension DatasetConfiguration.Format {
    /// The size of its images: for files of any size Keras's default, else a fact; empty if the data
    /// alone tells it.
    public var imageSize: [Int] { facts.imageSize }

    public var colorMode: DatasetConfiguration.ColorMode { facts.colorMode }

    /// Whether its images are files of any size.
    public var isFiles: Bool { self == .folder || self == .table || self == .tar }

    /// How many classes it has; nil if that depends on the files, as then do sizes and colours.
    public var classCount: Int? { facts.classCount }

    /// Where a system package puts the files; nil if there is none.
    public var defaultPath: String? { facts.path }

    private struct Facts {
        var imageSize = [28, 28]
        var colorMode = DatasetConfiguration.ColorMode.grayscale
        var classCount: Int? = 10
        var path: String?
    }

    private var facts: Facts {
        switch self {
        case .fashionMNIST: Facts(path: "/usr/share/datasets/fashion-mnist")
        case .mnist, .emnistDigits, .emnistMNIST: Facts()
        case .emnistBalanced, .emnistByMerge: Facts(classCount: 47)
        case .emnistByClass: Facts(classCount: 62)
        case .emnistLetters: Facts(classCount: 26)
        case .cifar10: Facts(imageSize: [32, 32], colorMode: .rgb)
        case .cifar100: Facts(imageSize: [32, 32], colorMode: .rgb, classCount: 100)
        case .folder, .table, .tar: Facts(imageSize: [256, 256], colorMode: .rgb, classCount: nil)
        case .npy: Facts(imageSize: [], classCount: nil)
        case .shapes: Facts(imageSize: [32, 32], colorMode: .rgb, path: "")
        }
    }
}
