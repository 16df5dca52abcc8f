// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Reporting
import Runtime

/// `convoy predict`
struct Predict: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What a trained model sees in image files.",
        discussion: """
            Prints the most probable classes of each JPEG, PNG, BMP or WebP file. Images are brought to the \
            size and the colours that the model was trained on.

            Example:
              convoy predict runs/fashion-mnist/model.safetensors shoe.png shirt.jpg
            """)

    @Argument(help: "A model.safetensors, or a run folder.", completion: .file())
    var model: String

    @Argument(
        help: "Image files.",
        completion: .file(extensions: ["jpg", "jpeg", "png", "bmp", "webp"]))
    var images: [String]

    @Option(help: ArgumentHelp("Classes to show for each image.", valueName: "n"))
    var top = 3

    @OptionGroup var engine: EngineOptions

    func validate() throws { try Limits.check("--top", top, in: 1...10_000) }

    func run() throws {
        let evaluator = try Evaluator(
            try ModelFile.read(ModelFile.path(model)), engine: engine.name)
        for image in images {
            let bytes: Data
            do {
                bytes = try Data(contentsOf: URL(fileURLWithPath: image))
            } catch CocoaError.fileReadNoSuchFile {
                throw RuntimeError(.dataset, "\(image): no such file")
            } catch {
                throw RuntimeError(.dataset, "\(image): \(error.localizedDescription)")
            }
            let classes: [(className: String, probability: Float)]
            do {
                classes = try bytes.withUnsafeBytes { try evaluator.predict($0) }
            } catch {
                throw RuntimeError(.dataset, "\(image): \(error)")
            }
            print(image)
            for (name, value) in evaluator.isRegression ? classes[...] : classes.prefix(top) {
                print("  \(Figures.decimal(Double(value), places: 4))  \(name)")
            }
        }
    }
}
