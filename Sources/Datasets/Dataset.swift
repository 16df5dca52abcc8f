// SPDX-License-Identifier: Apache-2.0
//
// What every source of labelled images looks like to the rest of Convoy.

import Digests
import Tensors

/// What a part of the data is for.
public enum Partition: String, CaseIterable, Sendable {
    case train
    /// Evaluated after each epoch.
    case validation
    /// The held-out set that came with the data, if there is one.
    case test
}

/// The form in which samples are stored, and travel.
public enum SampleEncoding: String, CaseIterable, Sendable {
    /// Pixels, uint8, `[H, W, C]`.
    case pixels
    /// The bytes of an image file.
    case file
}

/// The stored samples of one partition, in a fixed order.
public protocol Dataset: Sendable {
    var count: Int { get }
    /// `classNames[label]` is what a label means.
    var classNames: [String] { get }
    /// `[H, W, C]` of a sample once it is decoded.
    var imageShape: Shape { get }
    var encoding: SampleEncoding { get }
    /// Names the contents, the labels and their order; what it proves is said where it is made.
    var fingerprint: Digest { get }
    /// What was left out since it cannot be read, each with the reason; it has no index.
    var skipped: [String] { get }

    func label(_ index: Int) -> Int32

    /// Of `class_mode: raw` the numbers that `classNames` name, in place of the label; else empty.
    func targets(_ index: Int) -> [Float]

    /// What the loss of a sample counts, where the data says so.
    func weight(_ index: Int) -> Float?

    /// Says in messages which sample it is: a file's path, or the set and a number.
    func name(_ index: Int) -> String

    /// Names a file as it is now, by its path, size and time of change; nil for what has no file of its own.
    func key(_ index: Int) -> UInt64?

    /// The size of the stored form.
    func storedBytes(_ index: Int) throws(DatasetError) -> Int

    /// Copies the stored form.
    ///
    /// - Precondition: `bytes.count == storedBytes(index)`.
    func read(_ index: Int, into bytes: UnsafeMutableRawBufferPointer) throws(DatasetError)
}

extension Dataset {
    public var skipped: [String] { [] }
    public func key(_ index: Int) -> UInt64? { nil }
    public func targets(_ index: Int) -> [Float] { [] }
    public func weight(_ index: Int) -> Float? { nil }

    /// All numbers that come with a sample: its targets, then its weight.
    public func numbers(_ index: Int) -> [Float] {
        guard let weight = weight(index) else { return targets(index) }
        return targets(index) + [weight]
    }

    /// What is to be learnt of a sample, in words: "roses", or "price 3.5 size 2.0".
    public func answer(_ index: Int) -> String {
        let targets = targets(index)
        guard targets.isEmpty else {
            return zip(classNames, targets).map { "\($0) \($1)" }.joined(separator: " ")
        }
        return classNames[Int(label(index))]
    }

    /// "Found 2934 images belonging to 5 classes."
    public var summary: String {
        let numbers = count > 0 ? targets(0).count : 0
        return numbers > 0
            ? "Found \(count) images with \(numbers) number\(numbers == 1 ? "" : "s") each."
            : "Found \(count) images belonging to \(classNames.count) classes."
    }
}
