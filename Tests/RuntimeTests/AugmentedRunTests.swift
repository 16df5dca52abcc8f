// SPDX-License-Identifier: Apache-2.0

import Jobs
import Runtime
import Testing

/// A run with every option for images on, all at once.
@Suite(.serialized) struct AugmentedRunTests {
    private static let options = """
        dataset.augmentation={rotation_range: 30, width_shift_range: 0.1, height_shift_range: 2, \
        shear_range: 10, zoom_range: 0.2, horizontal_flip: true, vertical_flip: true, \
        fill_mode: reflect, random_crop_padding: 3, random_resized_crop: [0.3, 1], \
        channel_shift_range: 20, brightness_range: 0.3, contrast_range: 0.3, saturation_range: 0.5, \
        hue_range: 0.1, grayscale: 0.2, gaussian_blur: 1.5, gaussian_noise: 4, cutout: 8, \
        mixup: 0.4, cutmix: 1}
        """
    private static let preprocessing = """
        dataset.preprocessing={featurewise_std_normalization: true, \
        samplewise_std_normalization: true}
        """

    /// The same by a model's own layers.
    private static let layers = """
        model=[RandomFlip: {mode: horizontal}, RandomRotation: {factor: 0.1, fill_mode: constant}, \
        RandomZoom: {height_factor: 0.2, width_factor: [-0.3, 0.1], fill_mode: wrap}, \
        Rescaling: {scale: 1/255}, RandomContrast: {factor: 0.3, value_range: [0, 1]}, \
        RandomTranslation: {height_factor: 0.2, width_factor: 0.1, interpolation: nearest}, \
        Conv2D: {filters: 16, kernel_size: 3, strides: 2, activation: relu}, Flatten, Dense: {units: 10}]
        """

    private static func run(
        _ flags: [String] = [], options: [String] = [options, preprocessing], workers: Int,
        threads: Int = 1, isRemote: Bool = false
    ) throws -> FinalReport {
        let folder = try TemporaryFolder()
        try TinyCIFAR.write(folder, "data", seed: 1)
        let run = try LocalRun(workers: workers, threads: threads, folder: folder)
        run.isRemote = isRemote
        let job = try TinyCIFAR.job(
            folder.path + "/data",
            options + ["training.epochs=2", "training.class_weight={cat: 2}"] + flags)
        let report = try run.run(job)
        #expect(run.faults == [])
        return try #require(report)
    }

    @Test func whoeverMakesThemImagesAreTheSame() throws {
        let alone = try Self.run(workers: 1)
        let many = try Self.run(workers: 3, isRemote: true)
        #expect(many.weightsDigest == alone.weightsDigest && many.testLoss == alone.testLoss)
        let local = try Self.run(["cluster.data=local"], workers: 2, threads: 2)
        #expect(local.weightsDigest == alone.weightsDigest)
        let other = try Self.run(["seed=6"], workers: 1)
        #expect(other.weightsDigest != alone.weightsDigest)
        let plain = try Self.run(["dataset.augmentation.mixup=0"], workers: 1)
        #expect(plain.weightsDigest != alone.weightsDigest)
    }

    @Test func whoeverMakesThemImagesOfLayersAreTheSame() throws {
        let alone = try Self.run(options: [Self.layers], workers: 1)
        let many = try Self.run(options: [Self.layers], workers: 3, isRemote: true)
        #expect(many.weightsDigest == alone.weightsDigest && many.testLoss == alone.testLoss)
        let local = try Self.run(
            ["cluster.data=local"], options: [Self.layers], workers: 2, threads: 2)
        #expect(local.weightsDigest == alone.weightsDigest)
        let plain = try Self.run(options: [Self.layers, "seed=6"], workers: 1)
        #expect(plain.weightsDigest != alone.weightsDigest)
    }
}
