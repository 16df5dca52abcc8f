// SPDX-License-Identifier: Apache-2.0
//
// What bad input gets from the real program: one sentence and an exit code, at once.

import Foundation
import Testing

@Suite struct BadInputTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    /// Runs the program; anything that hangs is killed and has status -1.
    private func convoy(_ arguments: String...) throws -> (status: Int32, text: String) {
        try ConvoyProgram.run(arguments, in: folder.path, within: 20)
    }

    /// Trains into a fresh folder.
    private func train(_ arguments: String...) throws -> (status: Int32, text: String) {
        try ConvoyProgram.run(
            ["train", "--workers", "1", "--output", folder.path + "/run"] + arguments,
            in: folder.path, within: 20)
    }

    private func write(_ name: String, _ bytes: Data) throws -> String {
        let url = URL(fileURLWithPath: "\(folder.path)/\(name)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try bytes.write(to: url)
        return url.path
    }

    private func job(
        model: String = "[Flatten, Dense: {units: 10}]", dataset: String = "{format: shapes}",
        training: String = "{epochs: 1, batch_size: 64, optimizer: adam}"
    ) throws -> String {
        try write(
            "job.yaml",
            Data("dataset: \(dataset)\nmodel: \(model)\ntraining: \(training)\n".utf8))
    }

    private func expect(
        _ result: (status: Int32, text: String), status: Int32 = 1, _ sentences: String...,
        at location: SourceLocation = #_sourceLocation
    ) {
        #expect(result.status == status, "\(result.text)", sourceLocation: location)
        for sentence in sentences {
            #expect(
                result.text.contains(sentence), "\(result.text)\nexpected: \(sentence)",
                sourceLocation: location)
        }
        #expect(!result.text.contains("Fatal error"), sourceLocation: location)
    }

    // MARK: Jobs

    @Test func anUnknownFieldIsNamedWithItsLineAndTheNearestOne() throws {
        let path = try job(training: "{epoch: 1, batch_size: 64, optimizer: adam}")
        try expect(
            train(path),
            "error: \(path):3: training.epoch: is not a field of training; did you mean 'epochs'?",
            "3 | training: {epoch: 1")
    }

    @Test func anUnknownLayerIsNamed() throws {
        let path = try job(model: "[Flaten, Dense: {units: 10}]")
        try expect(train(path), "\(path):2: ", "Flaten", "'Flatten'")
    }

    @Test func aJobThatIsNoYAMLIsNamed() throws {
        let path = try write("job.yaml", Data("model: [\n  - x\n".utf8))
        try expect(train(path), "error: \(path):")
    }

    @Test func aJobThatIsNotThereIsNamed() throws {
        try expect(
            train(folder.path + "/none.yaml"), "error: \(folder.path)/none.yaml: no such file; ")
    }

    @Test func layersThatDoNotFitAreNamedWithBothShapes() throws {
        let path = try job(
            model: """

                  - Conv2D: {filters: 8, kernel_size: 3}
                  - MaxPooling2D: {pool_size: 16}
                  - Conv2D: {filters: 8, kernel_size: 3}
                  - Flatten
                  - Dense: {units: 10}
                """)
        try expect(
            train(path), "error: conv2d_1: a 3x3 kernel does not fit into the input (1, 1, 8)")
    }

    @Test func aModelThatDoesNotFitItsDataIsNamed() throws {
        let path = try job(model: "[Flatten, Dense: {units: 7}]")
        try expect(train(path), "error: dense: ", "7", "10")
    }

    @Test(arguments: [
        ("training.epochs=0", "training.epochs"), ("training.epochs=three", "training.epochs"),
        ("training.epocs=3", "did you mean 'epochs'?"), ("nonsense", "nonsense"),
        ("cluster.lease_credits=3", "cluster.lease_credits"),
        ("training.optimizer.learning_rate=.nan", "learning_rate"),
        ("training.optimizer.learning_rate=-1", "learning_rate"),
        ("seed=99999999999999999999999", "seed"), ("dataset.format=jpeg", "dataset.format"),
    ])
    func aWrongSettingIsNamed(setting: String, sentence: String) throws {
        let result = try train("--dataset", "shapes", "--set", setting)
        expect(result, status: result.status == 64 ? 64 : 1, setting, sentence)
    }

    @Test func wrongUsageIsNamed() throws {
        try expect(train("--workers", "0"), status: 64, "--workers 0 is out of range")
        try expect(train("--speed", "9"), status: 64, "--speed")
        try expect(convoy("worker", "--connect", "nowhere"), status: 64, "'nowhere' is no endpoint")
        try expect(
            train("--dataset", "shapes", "--engine", "abacus"), status: 64, "abacus")
    }

    // MARK: Data

    @Test func aMissingDataSetIsNamedWithTheCure() throws {
        try expect(
            train("--data", folder.path + "/none"), "error: dataset.notFound: ",
            "\(folder.path)/none", "apt-get install", "--dataset shapes")
    }

    @Test func aTruncatedFileIsNamedWithTheOffset() throws {
        // Three images are promised; the second ends in its middle.
        _ = try write("data/train-labels-idx1-ubyte", Data([0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3]))
        _ = try write(
            "data/train-images-idx3-ubyte",
            Data([0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 28, 0, 0, 0, 28]) + Data(count: 784 + 400))
        try expect(
            train("--data", folder.path + "/data"), "error: dataset.",
            "\(folder.path)/data/train-images-idx3-ubyte", "1200")
    }

    @Test func aLabelOutOfRangeIsNamedWithTheOffset() throws {
        for file in (1...5).map({ "data_batch_\($0).bin" }) + ["test_batch.bin"] {
            var bytes = Data(count: 3 * 3073)
            if file == "data_batch_3.bin" { bytes[3073] = 77 }
            _ = try write("data/\(file)", bytes)
        }
        try expect(
            train("--dataset", "cifar10", "--data", folder.path + "/data"),
            "error: dataset.corrupt: \(folder.path)/data/data_batch_3.bin: label 77 at byte 3073, "
                + "expected 0 to 9")
    }

    @Test func anImageThatDoesNotDecodeIsNamed() throws {
        let png = try #require(Data(base64Encoded: Self.png))
        for name in ["a/1.png", "a/2.png", "b/1.png"] { _ = try write("data/\(name)", png) }
        // A bit of its pixels: it begins and ends as it should.
        var damaged = png
        damaged[45] ^= 1
        let broken = try write("data/b/2.png", damaged)
        let path = try job(
            model: "[Flatten, Dense: {units: 2}]",
            dataset: "{format: folder, path: \"\(folder.path)/data\", target_size: [8, 8], "
                + "validation: none}")
        for data in ["ship", "local"] {
            try expect(
                train(path, "--set", "cluster.data=\(data)"), "error: step 1 of epoch 1, shard 0",
                "worker worker-1: dataset.corrupt: \(broken): ")
        }
    }

    @Test func imagesThatAreCutOffAreNamedBeforeTheFirstStep() throws {
        let png = try #require(Data(base64Encoded: Self.png))
        for name in ["a/1.png", "a/2.png", "b/1.png"] { _ = try write("data/\(name)", png) }
        let broken = try write("data/b/2.png", png.prefix(png.count / 2))
        let path = try job(
            model: "[Flatten, Dense: {units: 2}]",
            dataset: "{format: folder, path: \"\(folder.path)/data\", target_size: [8, 8], "
                + "validation: none}")
        try expect(
            train(path), "error: dataset.truncated: \(broken): the PNG file ends too early",
            "set dataset.bad_files to skip")
        try expect(
            convoy("data", "info", path), "b/2.png: the PNG file ends too early")
        for data in ["ship", "local"] {
            let result = try convoy(
                "train", path, "--workers", "1", "--set", "dataset.bad_files=skip", "--set",
                "cluster.data=\(data)", "--output", "\(folder.path)/\(data)")
            expect(result, status: 0, "3 training images", "1 image left out")
        }
        let log = try String(contentsOfFile: "\(folder.path)/ship/run.log", encoding: .utf8)
        #expect(log.contains("left out: \(broken): the PNG file ends too early"))
        expect(
            try convoy("data", "info", path, "--set", "dataset.bad_files=skip"), status: 0,
            "are left out, 1:", broken)
    }

    /// One grey pixel, eight bits.
    private static let png =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="

    // MARK: Runs

    @Test func aPortInUseIsNamed() throws {
        let holder = try PortHolder()
        let endpoint = "tcp://127.0.0.1:\(holder.port)"
        try expect(
            convoy(
                "coordinator", job(), "--bind", endpoint, "--insecure", "--output",
                folder.path + "/run"),
            "error: zmq_bind \(endpoint): Address already in use")
    }

    @Test func aFolderInUseIsNamed() throws {
        let first = try ConvoyProgram(
            [
                "coordinator", job(), "--bind", "ipc://\(folder.path)/socket", "--output",
                folder.path + "/run",
            ], in: folder.path)
        #expect(
            wait(within: 10) {
                FileManager.default.fileExists(atPath: folder.path + "/run/job.yaml")
            })
        try expect(
            train("--dataset", "shapes"),
            "error: another coordinator (process \(first.identifier) on ",
            ") is working on \(folder.path)/run; ")
        first.end(SIGKILL)
    }

    @Test func anotherJobInTheFolderIsNamedByItsFields() throws {
        let path = try job(training: "{epochs: 1, batch_size: 5000, optimizer: sgd}")
        #expect(try train(path, "--quiet").status == 0)
        try expect(
            train(path, "--set", "training.epochs=2"),
            "error: \(folder.path)/run holds a run of another job (training.epochs: 1, here 2); "
                + "choose another --output")
    }

    @Test func aJobThatExplodesNamesStepShardAndLayer() throws {
        let path = try job(
            model: "[Rescaling: {scale: 1e30}, Flatten, Dense: {units: 32}, Dense: {units: 10}]",
            training: "{epochs: 1, batch_size: 5000, optimizer: sgd}")
        try expect(
            train(path), "error: step ", " of epoch 1, shard ", "worker worker-1: dense",
            "lower the learning rate")
    }

    // MARK: Models

    @Test func aDamagedModelIsNamed() throws {
        let path = try write("model.safetensors", Data([255, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3]))
        for command in ["evaluate", "summary"] {
            try expect(
                convoy(command, path),
                "error: \(path): not a whole safetensors file: the header claims 255 bytes, 3 are "
                    + "there; copy it again or use another one")
        }
        try expect(
            convoy("evaluate", folder.path + "/none.safetensors"), "none.safetensors")
    }
}
