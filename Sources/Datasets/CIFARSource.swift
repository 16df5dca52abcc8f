// SPDX-License-Identifier: Apache-2.0
//
// Where a copy of CIFAR-10 or CIFAR-100 lies, and what it calls its classes.

import Tensors

/// The binary distribution of one of the two.
struct CIFARSource {
    static let imageShape: Shape = [32, 32, 3]

    /// "CIFAR-10"
    let title: String
    let classes: Int
    let train: [String]
    let test: [String]
    /// Bytes before the pixels of a record; the last of them is the label.
    let labelBytes: Int
    let archive: String
    private let unpacked: String
    /// A file of class names, one a line.
    private let names: String
    private let builtInNames: [String]
    /// A file that only the Python version has.
    private let pickle: String

    static let cifar10 = CIFARSource(
        title: "CIFAR-10", classes: 10, train: (1...5).map { "data_batch_\($0).bin" },
        test: ["test_batch.bin"], labelBytes: 1, archive: "cifar-10-binary.tar.gz",
        unpacked: "cifar-10-batches-bin", names: "batches.meta.txt",
        builtInNames: words(
            "airplane automobile bird cat deer dog frog horse ship truck"),
        pickle: "data_batch_1")

    /// Its records begin with the number of one of twenty groups, then the fine label, which is used.
    static let cifar100 = CIFARSource(
        title: "CIFAR-100", classes: 100, train: ["train.bin"], test: ["test.bin"], labelBytes: 2,
        archive: "cifar-100-binary.tar.gz", unpacked: "cifar-100-binary",
        names: "fine_label_names.txt",
        builtInNames: words(
            """
            apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus
            butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach
            couch crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster
            house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree
            motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear
            pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket
            rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar
            sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip
            turtle wardrobe whale willow_tree wolf woman worm
            """),
        pickle: "train")

    /// The size of a record.
    var recordBytes: Int { labelBytes + Self.imageShape.count }
    var cure: String { "fetch \(archive) anew" }

    /// The directory of the files: `path`, or the one in it that the archive makes.
    func directory(_ path: String) throws(DatasetError) -> String {
        let directory = isDirectory("\(path)/\(unpacked)") ? "\(path)/\(unpacked)" : path
        if isFile("\(directory)/\(pickle)"), !isFile("\(directory)/\(train[0])") {
            throw DatasetError(
                code: .unsupported,
                detail: "\(directory) holds the Python version of \(title); fetch the binary"
                    + " version, \(archive)")
        }
        return directory
    }

    func find(_ file: String, in directory: String) throws(DatasetError) -> String {
        guard isFile("\(directory)/\(file)") else {
            throw DatasetError(
                code: .notFound,
                detail: "\(title) is not complete in \(directory): no \(file) there; unpack"
                    + " \(archive) and set dataset.path to its folder, or use --dataset shapes,"
                    + " which needs no files")
        }
        return "\(directory)/\(file)"
    }

    /// A name a line; empty lines at the end are customary.
    func classNames(in directory: String) throws(DatasetError) -> [String] {
        let path = "\(directory)/\(names)"
        guard isFile(path) else { return builtInNames }
        let size = try fileSize(path)
        guard size <= 1 << 16 else {
            throw DatasetError(
                code: .corrupt,
                detail: "\(path): \(size) bytes, expected \(classes) class names; \(cure)")
        }
        var bytes = [UInt8](repeating: 0, count: size)
        let file = try InflatedFile(path: path, cure: cure)
        try file.read("class names", into: &bytes)
        let names = bytes.split { $0 == 10 || $0 == 13 }.map { String(decoding: $0, as: UTF8.self) }
        guard names.count == classes else {
            throw DatasetError(
                code: .corrupt,
                detail: "\(path): \(names.count) class names, expected \(classes); \(cure)")
        }
        return names
    }
}

/// The words of a text.
func words(_ text: String) -> [String] {
    text.split { $0 == " " || $0 == "\n" }.map(String.init)
}
