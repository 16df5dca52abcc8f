// SPDX-License-Identifier: Apache-2.0
//
// The numeric loops of one instruction set, as a value that the layers are given.

public typealias Floats = UnsafeBufferPointer<Float>
public typealias MutableFloats = UnsafeMutableBufferPointer<Float>
public typealias Bytes = UnsafeBufferPointer<UInt8>
public typealias MutableBytes = UnsafeMutableBufferPointer<UInt8>

/// The functions that compute, for one instruction set.
///
/// Every function gives each output element one fixed sequence of fused operations, so the members of
/// two kernel sets return the same bits. The kernel modules fill in the `...Kernel` properties; callers
/// use the checked methods of `KernelSet+Checked.swift`, which compare counts with geometries once, at
/// the edge. No kernel allocates, and none touches memory outside its arguments.
public struct KernelSet: Sendable {
    public typealias ConvPrepare = @Sendable (ConvGeometry, Floats, MutableFloats) -> Void
    public typealias ConvForward =
        @Sendable (ConvGeometry, ConvOperands, MutableFloats, MutableBytes) -> Void
    public typealias ConvBackward =
        @Sendable (ConvGeometry, ConvOperands, ConvGradients, Bytes) -> Void

    /// `portable`, `avx2`, `avx512` or `neon`.
    public let name: String
    /// Rows of the register tile; the block's images are a multiple of it.
    public let tileRows: Int

    public var convPrepare: ConvPrepare
    public var convForward: ConvForward
    public var convBackward: ConvBackward
    public var convFinish: @Sendable (ConvGeometry, Floats, MutableFloats) -> Void
    public var maxPoolForward: @Sendable (PoolGeometry, Floats, MutableFloats, MutableBytes) -> Void
    public var maxPoolBackward: @Sendable (PoolGeometry, Floats, Bytes, MutableFloats) -> Void
    public var activationForward: @Sendable (ElementActivation, Rows, MutableFloats) -> Void
    public var activationBackward: @Sendable (ElementActivation, Rows, Floats, MutableFloats) -> Void
    public var affine: @Sendable (Float, Float, Rows, MutableFloats) -> Void
    public var dropoutForward: @Sendable (DropoutDraw, MutableFloats, MutableBytes) -> Void
    public var dropoutBackward: @Sendable (Float, Bytes, MutableFloats) -> Void
    public var softmaxCrossEntropy: @Sendable (LossRows, MutableFloats, MutableFloats, MutableBytes) -> Void
    public var binaryCrossEntropy: @Sendable (LossRows, MutableFloats, MutableFloats, MutableBytes) -> Void
    public var packPixels: @Sendable (PixelBlock, Bytes, MutableFloats) -> Void
    public var add: @Sendable (UnsafeRawBufferPointer, MutableFloats) -> Void
    public var isFinite: @Sendable (UnsafeRawBufferPointer) -> Bool
    public var sgd: @Sendable (SGDStep, OptimizerSlice) -> Void
    public var rmsprop: @Sendable (RMSpropStep, OptimizerSlice) -> Void
    public var adam: @Sendable (AdamStep, OptimizerSlice) -> Void
    /// FLOPs done in about `milliseconds` by the register tile alone: the probe of the bench.
    public var peakProbe: @Sendable (Int) -> Double
    /// e^x and ln x of each element in place, for tests of their error.
    public var exponential: @Sendable (MutableFloats) -> Void
    public var logarithm: @Sendable (MutableFloats) -> Void
}
