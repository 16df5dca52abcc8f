// SPDX-License-Identifier: Apache-2.0
//
// The numeric loops of one instruction set, as a value that the layers are given.

public typealias Floats = UnsafeBufferPointer<Float>
public typealias MutableFloats = UnsafeMutableBufferPointer<Float>
public typealias Bytes = UnsafeBufferPointer<UInt8>
public typealias MutableBytes = UnsafeMutableBufferPointer<UInt8>
public typealias Words = UnsafeBufferPointer<UInt32>
public typealias MutableWords = UnsafeMutableBufferPointer<UInt32>
public typealias Integers = UnsafeBufferPointer<Int32>
public typealias MutableIntegers = UnsafeMutableBufferPointer<Int32>

/// The functions that compute, for one instruction set.
///
/// Every function gives each output element one fixed sequence of fused operations, so the members of
/// two kernel sets return the same bits. The methods (`KernelSet+Convolution.swift` and its neighbours)
/// compare counts with geometries once, at the edge, and trap on a caller's mistake; the loops behind
/// them take everything on trust. No kernel allocates, and none touches memory outside its arguments.
public struct KernelSet: Sendable {
    /// The images of a block are a multiple of this, on every instruction set: the widest tile's rows.
    public static let imageMultiple = 8

    /// `portable`, `avx2`, `avx512` or `neon`.
    public let name: String
    /// Rows of the register tile.
    public var tileRows: Int { loops.tileRows }
    package let loops: any KernelLoops.Type

    package init(name: String, loops: any KernelLoops.Type) {
        self.name = name
        self.loops = loops
    }
}

/// What a kernel module provides: the functions behind the methods of the same names, which say what
/// they do.
package protocol KernelLoops: Sendable {
    static var tileRows: Int { get }

    static func convPrepare(
        _ geometry: ConvGeometry, _ weights: Floats, into prepared: MutableFloats)
    static func convForward(
        _ geometry: ConvGeometry, _ operands: ConvOperands, into output: MutableFloats,
        argmax: MutableBytes)
    static func convBackward(
        _ geometry: ConvGeometry, _ operands: ConvOperands, _ gradients: ConvGradients,
        argmax: Bytes)
    static func convFinish(
        _ geometry: ConvGeometry, _ accumulator: Floats, blocks: Int, scratch: MutableFloats,
        adding: Bool, into weightGradient: MutableFloats)
    static func convFinish(
        _ geometry: ConvGeometry, _ accumulator: Floats, blocks: Int, part: Range<Int>,
        into weightGradient: MutableFloats)

    static func maxPoolForward(
        _ geometry: PoolGeometry, _ input: Floats, into output: MutableFloats, argmax: MutableBytes)
    static func maxPoolBackward(
        _ geometry: PoolGeometry, _ outputGradient: Floats, argmax: Bytes, adding: Bool,
        into inputGradient: MutableFloats)
    static func averagePoolForward(
        _ geometry: PoolGeometry, _ input: Floats, into output: MutableFloats)
    static func averagePoolBackward(
        _ geometry: PoolGeometry, _ outputGradient: Floats, adding: Bool,
        into inputGradient: MutableFloats)

    static func normalizeForward(
        _ geometry: NormalizationGeometry, live: Int, _ operands: NormalizationOperands,
        _ sums: NormalizationSums, into output: MutableFloats)
    static func normalizeBackward(
        _ geometry: NormalizationGeometry, live: Int, _ operands: NormalizationOperands,
        _ gradients: NormalizationGradients)
    static func foldNormalization(
        _ statistics: NormalizationStatistics, scale: MutableFloats, shift: MutableFloats)
    static func scaleChannels(
        _ geometry: NormalizationGeometry, _ input: Floats, addend: Floats, scale: Floats,
        shift: Floats, into output: MutableFloats)

    static func groupNormalizeForward(
        _ geometry: GroupGeometry, live: Int, _ operands: GroupOperands, into output: MutableFloats)
    static func groupNormalizeBackward(
        _ geometry: GroupGeometry, live: Int, _ operands: GroupOperands,
        _ gradients: GroupGradients)

    static func activationForward(
        _ activation: ElementActivation, _ rows: Rows, _ values: MutableFloats)
    static func activationBackward(
        _ activation: ElementActivation, _ rows: Rows, values: Floats, _ gradient: MutableFloats)
    static func affine(scale: Float, offset: Float, _ rows: Rows, _ values: MutableFloats)
    static func upsampleForward(
        _ geometry: UpsampleGeometry, _ input: Floats, into output: MutableFloats)
    static func upsampleBackward(
        _ geometry: UpsampleGeometry, _ outputGradient: Floats, adding: Bool,
        into inputGradient: MutableFloats)
    static func repack(
        _ input: PixelRows, as output: PixelRows, images: Int, _ values: Floats, adding: Bool,
        into result: MutableFloats)
    static func placeChannels(_ slice: ChannelSlice, _ part: Floats, into whole: MutableFloats)
    static func takeChannels(
        _ slice: ChannelSlice, _ whole: Floats, adding: Bool, into part: MutableFloats)
    static func multiply(_ values: MutableFloats, by factors: Floats)
    static func sumProducts(
        _ first: Floats, _ second: Floats, adding: Bool, into sums: MutableFloats)
    static func dropoutForward(_ draw: DropoutDraw, _ values: MutableFloats, kept: MutableBytes)
    static func addNoise(_ draw: NoiseDraw, to values: MutableFloats)
    static func dropoutBackward(rate: Float, kept: Bytes, _ gradient: MutableFloats)

    static func softmaxCrossEntropy(
        _ rows: LossRows, _ logits: MutableFloats, losses: MutableFloats, correct: MutableBytes)
    static func binaryCrossEntropy(
        _ rows: LossRows, _ logits: MutableFloats, losses: MutableFloats, correct: MutableBytes)

    static func hinge(
        _ rows: LossRows, _ logits: MutableFloats, losses: MutableFloats, correct: MutableBytes)
    static func meanError(
        _ rows: LossRows, squared: Bool, _ logits: MutableFloats, losses: MutableFloats,
        correct: MutableBytes)

    static func packPixels(
        _ block: PixelBlock, _ pixels: Bytes, tables: Floats, into values: MutableFloats)
    static func mixRows(
        _ above: Bytes, _ below: Bytes, weight: UInt32, into mixed: MutableWords)
    static func mixColumns(
        _ mixed: Words, _ columns: ColumnMix, into row: MutableBytes)
    static func sumColumns(
        _ mixed: Integers, _ columns: ColumnSums, into line: MutableIntegers)
    static func clampLevels(_ line: Integers, shift: Int, into levels: MutableBytes)
    static func addRow(_ row: Bytes, weight: Int32, to sums: MutableIntegers)

    static func sample(
        _ image: Bytes, length: Int, channels: Int, _ run: PlaceRun, into row: MutableBytes)
    static func mapLevels(_ pixels: MutableBytes, channels: Int, tables: Bytes)
    static func channelSums(_ pixels: Bytes, channels: Int) -> SIMD4<Int64>
    static func changeColours(_ pixels: MutableBytes, _ change: KernelSet.ColourChange)
    static func addNoise(
        _ pixels: MutableBytes, _ noise: Philox, from block: UInt64,
        table: UnsafeBufferPointer<Int16>)
    static func blend(_ own: MutableBytes, with other: Bytes, share: Int32)
    static func blur(
        _ pixels: MutableBytes, height: Int, width: Int, channels: Int, weights: Words,
        scratch: MutableBytes)
    static func reverseRows(_ pixels: MutableBytes, width: Int, channels: Int)
    static func reverseColumns(_ pixels: MutableBytes, length: Int)

    static func add(
        _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer, into sum: MutableFloats)
    static func addScaled(_ addend: Floats, scale: Float, to sum: MutableFloats)
    static func clip(_ values: MutableFloats, limit: Float)
    static func isFinite(_ values: UnsafeRawBufferPointer) -> Bool

    static func sgd(_ step: SGDStep, _ slice: OptimizerSlice)
    static func rmsprop(_ step: RMSpropStep, _ slice: OptimizerSlice)
    static func adam(_ step: AdamStep, _ slice: OptimizerSlice)
    static func adagrad(_ step: AdagradStep, _ slice: OptimizerSlice)
    static func adamDirection(_ step: AdamDirectionStep, _ slice: OptimizerSlice)
    static func penalize(
        _ penalty: ParameterLayout.Penalty, samples: Int, _ gradient: Floats, _ weights: Floats,
        into sum: MutableFloats)
    static func magnitudes(_ values: Floats) -> (absolute: Double, squares: Double)
    static func shorten(_ limit: ParameterLayout.Limit, _ weights: MutableFloats)
    static func movingAverage(_ step: MovingAverageStep, _ slice: OptimizerSlice)

    static func peakProbe(rounds: Int) -> Double
    static func exponential(_ values: MutableFloats)
    static func logarithm(_ values: MutableFloats)
}
