// SPDX-License-Identifier: Apache-2.0
//
// What every optimizer can do, and how a job file names it. A new one is its file and one line below.

import Configuration
import Tensors

/// Turns the gradient of a step into new weights, element by element.
///
/// Since no element depends on another, any contiguous slice of the flat buffers can be stepped as soon
/// as its gradient is complete, on any thread, with the same bits.
public protocol Optimizer: Sendable {
    /// The name in job files, in lower case as Keras's `compile` takes it: `adam`.
    static var kerasName: String { get }

    init(fields: inout Fields) throws(ConfigError)
    /// All fields with their resolved values, in Keras's order.
    var fields: [ConfigValue.Entry] { get }

    /// Twins of the flat buffer that hold state, zero before the first step: `first` if 1 or more,
    /// `second` if 2.
    var slots: Int { get }

    /// One step on a slice.
    ///
    /// - Parameters:
    ///   - step: From 1.
    ///   - samples: By which the gradient's sum is divided.
    ///   - slice: Its slots beyond `slots` are empty.
    func apply(_ kernels: KernelSet, step: Int, samples: Int, _ slice: OptimizerSlice)
}

/// Every kind of optimizer, in the order in which messages list them.
public let optimizerKinds: [any Optimizer.Type] = [SGD.self, RMSprop.self, Adam.self]

/// Reads an optimizer, a bare name or a map with a name and fields:
///
///     optimizer: adam
///     optimizer: {name: sgd, learning_rate: 0.1, momentum: 0.9}
public func parseOptimizer(
    _ value: ConfigValue, path: String
) throws(ConfigError) -> any Optimizer {
    var map = value
    if case .scalar = value.kind { map.kind = .map([.init("name", value)]) }
    var fields = try Fields(map, path: path)
    let name = try fields.string("name")
    guard let kind = optimizerKinds.first(where: { $0.kerasName == name.lowercased() }) else {
        let names = optimizerKinds.map { $0.kerasName }
        throw ConfigError(
            code: .outOfRange, path: path, line: value.line,
            detail: "'\(name)' is not an optimizer"
                + (Fields.nearest(name, names).map { "; did you mean '\($0)'?" }
                    ?? "; expected one of \(names.joined(separator: ", "))"))
    }
    let optimizer = try kind.init(fields: &fields)
    try fields.finish()
    return optimizer
}

extension Optimizer {
    /// One step on a slice of the flat buffers that begins at `start`: what is trained follows its
    /// gradient, what is averaged moves to the step's mean.
    public func apply(
        _ kernels: KernelSet, step: Int, samples: Int, _ slice: OptimizerSlice, at start: Int,
        of layout: ParameterLayout
    ) {
        let end = start + slice.weights.count
        var place = start
        func train(until next: Int) {
            guard next > place else { return }
            apply(kernels, step: step, samples: samples, slice[place - start..<next - start])
        }
        for entry in layout.averages where entry.range.overlaps(start..<end) {
            let range = entry.range.clamped(to: start..<end)
            train(until: range.lowerBound)
            if case .averaged(let momentum) = entry.renewal {
                kernels.movingAverage(
                    MovingAverageStep(samples: Float(samples), rest: Float(1 - momentum)),
                    slice[range.lowerBound - start..<range.upperBound - start])
            }
            place = range.upperBound
        }
        train(until: end)
    }

    /// The optimizer as it stands in a job file: `{name: adam, learning_rate: 0.001, ...}`.
    public func encoded() -> ConfigValue {
        .map([.init("name", .scalar(Self.kerasName))] + fields)
    }

    public var kerasName: String { Self.kerasName }
}

extension Double {
    /// This number to the power of a whole number: squarings and products, the same on every machine.
    func raised(to exponent: Int) -> Double {
        precondition(exponent >= 0, "raised(to:): exponent \(exponent) is negative")
        var (result, square, rest) = (1.0, self, exponent)
        while rest > 0 {
            if rest & 1 == 1 { result *= square }
            square *= square
            rest >>= 1
        }
        return result
    }
}
