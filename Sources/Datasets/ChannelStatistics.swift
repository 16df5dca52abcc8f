// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Mean and deviation of each channel over all pixels of a set of images, 0 to 255.
public struct ChannelStatistics: Sendable, Equatable {
    public var mean: [Double]
    public var deviation: [Double]

    public init(mean: [Double], deviation: [Double]) {
        self.mean = mean
        self.deviation = deviation
    }

    /// Of all images of a set, each decoded once and none augmented. Sums are exact, so threads and their
    /// order change nothing.
    ///
    /// - Throws: The first image's fault that cannot be read.
    public init(
        of dataset: any Dataset, _ configuration: DatasetConfiguration, _ kernels: KernelSet
    ) throws(DatasetError) {
        let survey = DatasetSurvey(dataset, configuration, kernels)
        if let fault = survey.firstFault {
            throw DatasetError(
                code: .unreadable, detail: "\(fault), so the set has no mean and deviation")
        }
        self.init(mean: survey.mean, deviation: survey.deviation)
    }
}
