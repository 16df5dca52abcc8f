// SPDX-License-Identifier: Apache-2.0

/// Opens what the configuration names: `.train` always, `.validation` as it says, `.test` if the data
/// comes with a test set.
public func openDatasets(
    _ configuration: DatasetConfiguration
) throws(DatasetError) -> [Partition: any Dataset] {
    throw DatasetError(code: .unsupported, detail: "not read yet")
}
