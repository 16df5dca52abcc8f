// SPDX-License-Identifier: Apache-2.0
//
// The jobs that need no file: the network of TensorFlow's tutorial on the well-known data sets.

import Datasets

extension Job {
    /// What `convoy train` trains without a job file.
    public static let builtInFormat = DatasetConfiguration.Format.fashionMNIST

    /// The data sets that have a built-in job: those whose classes and sizes are known.
    public static let builtInFormats = DatasetConfiguration.Format.allCases.filter {
        $0.classCount != nil
    }

    /// The text of the built-in job for a data set, for people to start from; nil for files of any kind,
    /// whose images need a network of their own.
    public static func builtInYAML(dataset format: DatasetConfiguration.Format) -> String? {
        guard let classes = format.classCount else { return nil }
        return """
            name: \(format.rawValue)
            seed: 1
            dataset:
              format: \(format.rawValue)
              validation: test
            model:
              - Rescaling: {scale: 1/255}
              - Conv2D: {filters: 32, kernel_size: 3, activation: relu}
              - MaxPooling2D: {pool_size: 2}
              - Conv2D: {filters: 64, kernel_size: 3, activation: relu}
              - MaxPooling2D: {pool_size: 2}
              - Conv2D: {filters: 64, kernel_size: 3, activation: relu}
              - Flatten
              - Dense: {units: 64, activation: relu}
              - Dense: {units: \(classes)}
            loss: sparse_categorical_crossentropy
            training:
              epochs: \(epochs(format))
              batch_size: 64
              optimizer:
                Adam: {learning_rate: 0.001}

            """
    }

    /// The built-in job for a data set, changed by overrides.
    public static func builtIn(
        dataset format: DatasetConfiguration.Format = builtInFormat, overrides: [String] = []
    ) throws(JobError) -> Job {
        guard let yaml = builtInYAML(dataset: format) else {
            let names = builtInFormats.map(\.rawValue).joined(separator: ", ")
            throw JobError(
                file: "built-in job", origin: .line(0),
                detail: "there is none for '\(format.rawValue)', only for \(names); "
                    + "write a job file that says how large the images are")
        }
        return try parse(yaml: yaml, overrides: overrides, file: "built-in job \(format.rawValue)")
    }

    private static func epochs(_ format: DatasetConfiguration.Format) -> Int {
        switch format {
        case .cifar10, .cifar100: 10
        case .shapes: 3
        default: 5
        }
    }
}
