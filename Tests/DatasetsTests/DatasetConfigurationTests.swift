// SPDX-License-Identifier: Apache-2.0

import Configuration
import Datasets
import Testing

@Suite struct DatasetConfigurationTests {
    private func read(_ entries: [ConfigValue.Entry]) throws -> DatasetConfiguration {
        var fields = try Fields(.map(entries), path: "dataset")
        let configuration = try DatasetConfiguration(fields: &fields)
        try fields.finish()
        return configuration
    }

    private func complaint(_ entries: [ConfigValue.Entry]) -> String? {
        do {
            _ = try read(entries)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test func fashionMNISTNeedsItsNameOnly() throws {
        let configuration = try read([.init("format", .scalar("fashion-mnist"))])
        #expect(configuration == DatasetConfiguration(format: .fashionMNIST))
        #expect(configuration.path == "/usr/share/datasets/fashion-mnist")
        #expect(configuration.targetSize == [28, 28])
        #expect(configuration.validation == .test)
    }

    @Test func everyFieldReadsBack() throws {
        let configuration = DatasetConfiguration(
            format: .folder, path: "/data/flowers", targetSize: [180, 160], colorMode: .grayscale,
            validation: .split, validationSplit: 0.15, augmentation: .init(horizontalFlip: true),
            preprocessing: .init(
                samplewiseCenter: true, featurewiseCenter: true, zcaWhitening: true,
                zcaEpsilon: 0.5),
            fitting: .init(interpolation: .area, framing: .pad), classes: ["b", "a"],
            classMode: .binary, badFiles: .skip, maxSampleBytes: 12_345,
            cache: .memory, cacheLimit: 7 << 20)
        for configuration in [
            configuration, .init(format: .shapes), .init(format: .cifar10, path: "c"),
            .init(format: .table, path: "t", table: .init(xCol: "x", yCol: "y", directory: "d")),
        ] {
            var fields = try Fields(configuration.encoded(), path: "dataset")
            #expect(try DatasetConfiguration(fields: &fields) == configuration)
            try fields.finish()
        }
    }

    @Test func mistakesAreNamed() {
        let names = DatasetConfiguration.Format.allCases.map(\.rawValue).joined(separator: ", ")
        #expect(complaint([]) == "dataset.format: is missing; add it under dataset")
        #expect(
            complaint([.init("format", .scalar("cifar-10"))])
                == "dataset.format: found 'cifar-10', expected one of \(names); did you mean"
                + " 'cifar10'?")
        #expect(
            complaint([.init("format", .scalar("emnist"))])?
                .hasSuffix("; did you mean 'emnist-balanced'?") == true)
        #expect(
            complaint([.init("format", .scalar("folder"))])
                == "dataset.path: is missing; add it under dataset")
        #expect(
            complaint([.init("format", .scalar("shapes")), .init("target_size", .scalar(64))])
                == "dataset.target_size: found [64, 64], but shapes is always [32, 32]; leave the field"
                + " out, or use format: folder")
        #expect(
            complaint([
                .init("format", .scalar("shapes")),
                .init("augmentation", .map([.init("horizontal_flop", .scalar(true))])),
            ])
                == "dataset.augmentation.horizontal_flop: is not a field of dataset.augmentation;"
                + " did you mean 'horizontal_flip'?")
        #expect(
            complaint([.init("format", .scalar("shapes")), .init("validation_split", .scalar(1.5))])
                == "dataset.validation_split: found 1.5, expected 0.0 to 0.95")
    }

    @Test func samplesHaveABound() throws {
        func bytes(_ value: Int) -> [ConfigValue.Entry] {
            [
                .init("format", .scalar("folder")), .init("path", .scalar("p")),
                .init("max_sample_bytes", .scalar(value)),
            ]
        }
        #expect(try read(Array(bytes(1)[..<2])).maxSampleBytes == 67_108_864)
        #expect(try read(bytes(1)).maxSampleBytes == 1)
        #expect(
            complaint(bytes(0))
                == "dataset.max_sample_bytes: found 0, expected 1 to 268435456")
    }

    @Test func whatIsScaledIsCentred() throws {
        func preprocessing(_ fields: (String, Bool)...) throws -> DatasetConfiguration.Preprocessing
        { try preprocessing(fields) }
        func preprocessing(_ fields: [(String, Bool)]) throws -> DatasetConfiguration.Preprocessing
        {
            let map = fields.map { ConfigValue.Entry($0.0, .scalar($0.1)) }
            return try read([
                .init("format", .scalar("shapes")), .init("preprocessing", .map(map)),
            ]).preprocessing
        }
        #expect(try preprocessing() == .init())
        let features = try preprocessing(("featurewise_std_normalization", true))
        #expect(features == .init(featurewiseCenter: true, featurewiseStdNormalization: true))
        #expect(features.needsStatistics)
        let samples = try preprocessing(("samplewise_std_normalization", true))
        #expect(samples == .init(samplewiseCenter: true, samplewiseStdNormalization: true))
        #expect(!samples.needsStatistics)
        #expect(try preprocessing(("featurewise_center", true)).needsStatistics)
        let white = try preprocessing(("zca_whitening", true))
        #expect(white == .init(featurewiseCenter: true, zcaWhitening: true, zcaEpsilon: 1e-6))
        for (fields, detail) in [
            (
                [("zca_whitening", true), ("featurewise_std_normalization", true)],
                "featurewise_std_normalization: is what zca_whitening takes the place of; leave one of "
                    + "them out"
            ),
            (
                [("zca_whitening", true), ("featurewise_center", false)],
                "featurewise_center: is false, but zca_whitening centres, too; leave one of them out"
            ),
        ] {
            #expect {
                _ = try preprocessing(fields)
            } throws: {
                "\($0)" == "dataset.preprocessing.\(detail)"
            }
        }
        #expect {
            _ = try preprocessing(
                ("samplewise_center", false), ("samplewise_std_normalization", true))
        } throws: {
            "\($0)" == "dataset.preprocessing.samplewise_center: is false, but "
                + "samplewise_std_normalization centres, too; leave one of them out"
        }
        #expect {
            _ = try preprocessing(("featurewise_centre", true))
        } throws: {
            "\($0)".hasSuffix("did you mean 'featurewise_center'?")
        }
    }

    @Test func aFitIsOneOfTwoAndClassesAreNamedOnce() {
        let folder: [ConfigValue.Entry] = [
            .init("format", .scalar("folder")), .init("path", .scalar("p")),
        ]
        func list(_ names: String...) -> ConfigValue { .list(names.map { .scalar($0) }) }
        #expect(
            complaint(
                folder + [
                    .init("crop_to_aspect_ratio", .scalar(true)),
                    .init("pad_to_aspect_ratio", .scalar(true)),
                ])
                == "dataset.pad_to_aspect_ratio: is true, and so is crop_to_aspect_ratio; choose one of"
                + " them")
        #expect(
            complaint(
                folder + [
                    .init("interpolation", .scalar("pil-bilinear")),
                    .init("pad_to_aspect_ratio", .scalar(true)),
                ])
                == "dataset.pad_to_aspect_ratio: is true, but Pillow, whose way pil-bilinear is, only crops;"
                + " use another interpolation, or crop_to_aspect_ratio")
        #expect(
            complaint(folder + [.init("classes", list("a", "b", "a"))])
                == "dataset.classes: found a list of 3, expected each name once")
        #expect(
            complaint(folder + [.init("interpolation", .scalar("cubic"))])
                == "dataset.interpolation: found 'cubic', expected one of nearest, bilinear, bicubic,"
                + " area, pil-box, pil-bilinear, pil-bicubic; did you mean 'bicubic'?")
        #expect(
            complaint([.init("format", .scalar("shapes")), .init("classes", list("circle"))])?
                .hasPrefix("dataset.classes: is not a field of dataset") == true)
    }
}
