// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `convoy data`
struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Looks at the data of a job, and prepares it.",
        subcommands: [DataInfo.self, DataPreview.self, DataSplit.self, DataPack.self])
}
