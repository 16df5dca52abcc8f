// SPDX-License-Identifier: Apache-2.0
//
// What Keras made of a tiny model; see Goldens/make_goldens.py.

import Configuration
import Foundation
import Layers
import Tensors
import Testing

struct Golden: Decodable, Sendable, CustomTestStringConvertible {
    struct TensorValues: Decodable {
        let name: String, shape: [Int], values: [Float]
        var tensor: NamedTensor { (name, Shape(shape), values) }
    }
    struct Steps: Decodable {
        let optimizer: JSONValue, count: Int, weights: [TensorValues]
    }

    let layers: JSONValue
    let input: [Int]
    let loss: JSONValue
    let pixels: [UInt8], labels: [Int32]
    let weights: [TensorValues]
    let lossSum: Double
    /// With the moving statistics.
    let evaluationLossSum: Double
    let probabilities: [Float]
    let gradients: [TensorValues]
    let steps: [Steps]
    /// What the loss of an image counts, by its label.
    let classWeights: [Float]?
    /// What the loss of each image counts.
    let sampleWeights: [Float]?
    let standardization: Standardized?
    /// What the size of the weights adds to the mean loss.
    let penalty: Double?
    /// What outputs should be, where labels do not say it.
    let targets: [Float]?

    struct Standardized: Decodable {
        let centersSamples: Bool, scalesSamples: Bool, mean: [Double], deviation: [Double]
        /// The matrix, row by row; empty for none.
        let whitening: [Double]?

        private enum CodingKeys: String, CodingKey {
            case centersSamples = "centers_samples", scalesSamples = "scales_samples"
            case mean, deviation, whitening
        }
    }
    var name = ""

    private enum CodingKeys: String, CodingKey {
        case layers, input, loss, pixels, labels, weights, probabilities, gradients, steps
        case lossSum = "loss_sum", evaluationLossSum = "evaluation_loss_sum"
        case classWeights = "class_weights", sampleWeights = "sample_weights", standardization,
            penalty, targets
    }

    var testDescription: String { name }

    /// All files of the folder, in the order of their names.
    static let all: [Golden] = {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Goldens")
        let files = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
        return (files ?? []).sorted().filter { $0.hasSuffix(".json") }.compactMap { file in
            guard let data = try? Data(contentsOf: folder.appending(path: file)),
                var golden = try? JSONDecoder().decode(Golden.self, from: data)
            else { return nil }
            golden.name = String(file.dropLast(5))
            return golden
        }
    }()

    func model(winograd: Bool = true) throws -> Model {
        var loss = try Loss(loss.config, path: "loss")
        loss.isDense = targets != nil && !loss.isRegression
        return try Model(
            nodes: parseLayers(layers.config, path: "layers"), input: Shape(input),
            loss: loss, winograd: winograd,
            standardization: standardization.map {
                Standardization(
                    centersSamples: $0.centersSamples, scalesSamples: $0.scalesSamples,
                    mean: $0.mean, deviation: $0.deviation,
                    whitens: $0.whitening?.isEmpty == false)
            } ?? Standardization())
    }
}

/// JSON as a job file would say it.
enum JSONValue: Decodable {
    case bool(Bool), number(Double), text(String), list([JSONValue])
    case map([(String, JSONValue)])

    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { return nil }
    }

    init(from decoder: any Decoder) throws {
        if let map = try? decoder.container(keyedBy: Key.self) {
            self = .map(
                try map.allKeys.map { ($0.stringValue, try map.decode(JSONValue.self, forKey: $0)) }
            )
            return
        }
        let value = try decoder.singleValueContainer()
        if let list = try? value.decode([JSONValue].self) {
            self = .list(list)
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else {
            self = .text(try value.decode(String.self))
        }
    }

    var config: ConfigValue {
        switch self {
        case .bool(let bool): .scalar(bool)
        case .number(let number): Int(exactly: number).map { .scalar($0) } ?? .scalar(number)
        case .text(let text): .scalar(text)
        case .list(let list): .list(list.map(\.config))
        case .map(let entries): .map(entries.map { .init($0.0, $0.1.config) })
        }
    }
}
