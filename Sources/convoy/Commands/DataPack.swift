// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Datasets

/// `convoy data pack`
struct DataPack: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pack",
        abstract: "Puts a folder of class folders into tar files.",
        discussion: """
            Many small files become a few large ones, which a network disk reads faster. The name \
            holds a number, as %05d, for as many files as it takes; without one there is one file. \
            train/, validation/ and test/ stay what they are. A job reads the result with format: tar \
            and the folder of the tar files as its path.

            Example:
              convoy data pack flowers packed/flowers-%05d.tar
            """)

    @Argument(help: "A folder of class folders of images.", completion: .directory)
    var source: String

    @Argument(help: "The tar files to make, for example shard-%05d.tar.")
    var destination: String

    @Option(help: ArgumentHelp("The most images of a file.", valueName: "n"))
    var images = 10_000

    @Option(help: ArgumentHelp("The most MiB of a file.", valueName: "n"))
    var size = 1024

    func validate() throws {
        try Limits.check("--images", images, in: 1...100_000_000)
        try Limits.check("--size", size, in: 1...1_000_000)
        guard NumberedName(destination) != nil else {
            throw ValidationError(
                "found '\(destination)', expected a name with at most one number, as %d or %05d; "
                    + "write %% for the sign itself")
        }
    }

    func run() throws {
        guard let names = NumberedName(destination) else { return }
        let limits = DatasetPack.Limits(images: images, bytes: size << 20)
        let pack = try DatasetPack(source: source, limits: names.isNumbered ? limits : nil)
        let files = pack.archives.indices.map { names[$0] }
        try pack.write(to: files)
        for (name, images) in zip(files, pack.archives) { print("\(name): \(images.count) images") }
    }
}
