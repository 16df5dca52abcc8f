// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Datasets

/// `convoy data split`
struct DataSplit: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "split",
        abstract: "Cuts a folder of class folders into train, validation and test.",
        discussion: """
            Amounts are images of each class, 1000, or shares of it, 0.8. Files are chosen at random \
            by the seed, and appear as hard links, which take no space; the source stays as it is.

            Example:
              convoy data split cats-and-dogs split --train 1000 --validation 500 --test 500
            """)

    @Argument(help: "A folder of class folders of images.", completion: .directory)
    var source: String

    @Argument(help: "The folder to make.", completion: .directory)
    var destination: String

    @Option(help: ArgumentHelp("For training.", valueName: "amount"))
    var train: DatasetSplit.Amount

    @Option(help: ArgumentHelp("For validation.", valueName: "amount"))
    var validation: DatasetSplit.Amount?

    @Option(help: ArgumentHelp("For the test.", valueName: "amount"))
    var test: DatasetSplit.Amount?

    @Option(help: ArgumentHelp("Another seed chooses other files.", valueName: "n"))
    var seed: UInt64 = 0

    @Flag(help: "Copy the files.")
    var copy = false

    func run() throws {
        var amounts: [Partition: DatasetSplit.Amount] = [.train: train]
        amounts[.validation] = validation
        amounts[.test] = test
        let split = try DatasetSplit(source: source, amounts: amounts, seed: seed)
        try split.write(to: destination, copying: copy)
        for part in Partition.allCases where amounts[part] != nil {
            let count = split.files.count { $0.part == part }
            print("\(destination)/\(part.rawValue): \(count) images")
        }
        if split.leftOut > 0 { print("left out: \(split.leftOut) images") }
    }
}

extension DatasetSplit.Amount: ExpressibleByArgument {
    /// "1000" or "0.8"; a share is above 0 and at most 1 and has a point.
    public init?(argument: String) {
        if let count = Int(argument), count > 0 {
            self = .images(count)
        } else if argument.contains("."), let share = Double(argument), share > 0, share <= 1 {
            self = .share(share)
        } else {
            return nil
        }
    }
}
