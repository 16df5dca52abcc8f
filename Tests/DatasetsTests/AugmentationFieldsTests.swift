// SPDX-License-Identifier: Apache-2.0

import Configuration
import Datasets
import Testing

@Suite struct AugmentationFieldsTests {
    private typealias Augmentation = DatasetConfiguration.Augmentation

    private func read(_ entries: ConfigValue.Entry...) throws -> Augmentation {
        var fields = try Fields(
            .map([.init("format", .scalar("shapes")), .init("augmentation", .map(entries))]),
            path: "dataset")
        return try DatasetConfiguration(fields: &fields).augmentation
    }

    /// What is wrong with a field.
    private func complaint(_ name: String, _ value: ConfigValue) -> String? {
        do {
            _ = try read(.init(name, value))
            return nil
        } catch {
            return "\(error)".replacing("dataset.augmentation.", with: "")
        }
    }

    @Test func everyFieldReadsBack() throws {
        var augmentation = Augmentation(horizontalFlip: true)
        augmentation.rotationRange = 12.5
        augmentation.widthShiftRange = .whole(3)
        augmentation.heightShiftRange = .real(0.1)
        augmentation.shearRange = 1
        augmentation.zoomRange = 0.7...1
        augmentation.verticalFlip = true
        augmentation.fillMode = .constant
        augmentation.cval = 128
        augmentation.channelShiftRange = 30
        augmentation.brightnessRange = 0.5...1.5
        augmentation.contrastRange = 0.8...1.25
        augmentation.saturationRange = 0...2
        augmentation.hueRange = 0.1
        augmentation.grayscale = 0.2
        augmentation.randomCropPadding = 4
        augmentation.gaussianNoise = 2.5
        augmentation.cutout = 16
        augmentation.randomResizedCrop = 0.25...0.75
        augmentation.randomResizedCropRatio = 0.5...2
        augmentation.gaussianBlur = 0.1...2
        augmentation.mixup = 0.2
        augmentation.cutmix = 1
        let configuration = DatasetConfiguration(format: .shapes, augmentation: augmentation)
        var fields = try Fields(configuration.encoded(), path: "dataset")
        #expect(try DatasetConfiguration(fields: &fields) == configuration)
        try fields.finish()
    }

    @Test func whatIsOffIsNotWritten() {
        guard case .map(let entries) = DatasetConfiguration(format: .shapes).encoded().kind,
            let entry = entries.first(where: { $0.name == "augmentation" })
        else {
            Issue.record("no augmentation is written")
            return
        }
        #expect(entry.value == .map([.init("horizontal_flip", .scalar(false))]))
    }

    @Test func numbersMeanWhatTheyMeanInKeras() throws {
        #expect(try read(.init("zoom_range", .scalar(0.25))).zoomRange == 0.75...1.25)
        let bounds = ConfigValue.list([.scalar(0.5), .scalar(0.9)])
        #expect(try read(.init("zoom_range", bounds)).zoomRange == 0.5...0.9)
        #expect(try read(.init("width_shift_range", .scalar("2"))).widthShiftRange == .whole(2))
        #expect(try read(.init("width_shift_range", .scalar("2.0"))).widthShiftRange == .real(2))
        #expect(try read(.init("height_shift_range", .scalar("0"))) == .init())
        let crop = try read(.init("random_resized_crop", .scalar(0.5)))
        #expect(crop.randomResizedCrop == 0.5...1)
        #expect(crop.randomResizedCropRatio == 3.0 / 4...4.0 / 3)
        #expect(try read(.init("gaussian_blur", .scalar(1.5))).gaussianBlur == 0...1.5)
    }

    @Test func greyImagesHaveNoColoursToChange() {
        #expect(
            throws: ConfigError(
                code: .outOfRange, path: "dataset.augmentation", line: 0,
                detail:
                    "found saturation_range, hue_range or grayscale, but color_mode is grayscale;"
                    + " leave them out, or use color_mode: rgb")
        ) {
            var fields = try Fields(
                .map([
                    .init("format", .scalar("mnist")), .init("path", .scalar("m")),
                    .init("augmentation", .map([.init("hue_range", .scalar(0.1))])),
                ]), path: "dataset")
            _ = try DatasetConfiguration(fields: &fields)
        }
    }

    @Test func mistakesAreNamed() {
        #expect(
            complaint("rotation_range", .scalar("much"))
                == "rotation_range: found 'much', expected a number")
        #expect(
            complaint("width_shift_range", .scalar(-0.5))
                == "width_shift_range: found -0.5, expected 0.0 to 8192.0")
        #expect(
            complaint("zoom_range", .list([.scalar(1)]))
                == "zoom_range: found a list of 1, expected a number, or a list of two: the lower and"
                + " the upper one")
        #expect(
            complaint("zoom_range", .list([.scalar(2), .scalar(1)]))
                == "zoom_range: found a list of 2, expected the lower number, 1.0, before the upper one"
        )
        #expect(
            complaint("zoom_range", .scalar(1.5))
                == "zoom_range: found -0.5, expected 0.0 to 100.0")
        #expect(
            complaint("random_resized_crop", .list([.scalar(0.5), .scalar(2)]))
                == "random_resized_crop: found 2.0, expected 1e-06 to 1.0")
        #expect(
            complaint("random_resized_crop_ratio", .list([.scalar(0.5), .scalar(2)]))
                == "random_resized_crop_ratio: is of no use without random_resized_crop; give that, too,"
                + " as [0.08, 1]")
        #expect(
            complaint("random_resized_crop_ratio", .scalar(1))
                == "random_resized_crop_ratio: found '1', expected a list of two: the lower and the"
                + " upper one")
        #expect(
            complaint("gaussian_blur", .list([.scalar(2), .scalar(1)]))
                == "gaussian_blur: found a list of 2, expected the lower number, 1.0, before the upper"
                + " one")
        #expect(
            complaint("fill_mode", .scalar("mirror"))
                == "fill_mode: found 'mirror', expected one of nearest, constant, reflect, wrap")
    }
}
