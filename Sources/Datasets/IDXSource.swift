// SPDX-License-Identifier: Apache-2.0
//
// The data sets of the MNIST family: where their files lie, and what they hold.

import Tensors

/// One of the family: pairs of IDX files, images of 28 x 28 and labels.
struct IDXSource {
    /// "fashion-mnist"
    let title: String
    let directory: String
    let classNames: [String]
    let imageShape: Shape = [28, 28, 1]
    /// The label of the first class.
    var firstLabel = 0
    /// Whether images are stored column by column.
    var isTransposed = false
    /// How the names of all files begin.
    var prefix = ""
    /// How the names of the test files go on.
    var test = "t10k"
    /// What to do about missing or damaged files.
    let cure: String

    static func fashionMNIST(_ directory: String) -> IDXSource {
        IDXSource(
            title: "fashion-mnist", directory: directory,
            classNames: [
                "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker",
                "Bag", "Ankle boot",
            ],
            cure: "apt-get install --reinstall dataset-fashion-mnist")
    }

    static func mnist(_ directory: String) -> IDXSource {
        IDXSource(
            title: "mnist", directory: directory, classNames: digits,
            cure: "fetch the file anew from the MNIST distribution")
    }

    /// A split of EMNIST. Its images are stored transposed, and the letters begin with label 1.
    static func emnist(_ split: EMNISTSplit, _ directory: String) -> IDXSource {
        let inner = "\(directory)/gzip"  // as the archive unpacks
        return IDXSource(
            title: "emnist-\(split.rawValue)", directory: isDirectory(inner) ? inner : directory,
            classNames: split.classNames, firstLabel: split == .letters ? 1 : 0,
            isTransposed: true, prefix: "emnist-\(split.rawValue)-", test: "test",
            cure: "unpack the file anew from EMNIST's gzip.zip")
    }

    static let digits = (0...9).map(String.init)

    /// The first of the names that the files go by.
    func find(_ stem: String, _ ending: String) throws(DatasetError) -> String {
        let names = ["-", "."].flatMap {
            ["\(prefix)\(stem)\($0)\(ending)", "\(prefix)\(stem)\($0)\(ending).gz"]
        }
        guard let name = names.first(where: { isFile("\(directory)/\($0)") }) else {
            throw DatasetError(
                code: .notFound,
                detail: "\(title) is not in \(directory): no \(names[0]) nor \(names[1]) there;"
                    + " \(cure), or set dataset.path, or use --dataset shapes, which needs no files"
            )
        }
        return "\(directory)/\(name)"
    }
}

/// The ways in which EMNIST is cut.
enum EMNISTSplit: String, CaseIterable {
    case balanced, byclass, bymerge, digits, letters, mnist

    var classNames: [String] {
        switch self {
        // Where a small letter looks like the capital, the two are one class.
        case .balanced, .bymerge:
            IDXSource.digits + Self.capitals + words("a b d e f g h n q r t")
        case .byclass: IDXSource.digits + Self.capitals + Self.capitals.map { $0.lowercased() }
        case .digits, .mnist: IDXSource.digits
        case .letters: Self.capitals
        }
    }

    private static let capitals = words("A B C D E F G H I J K L M N O P Q R S T U V W X Y Z")
}
