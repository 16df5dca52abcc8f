// SPDX-License-Identifier: Apache-2.0
//
// What the kernel tests share: seeded numbers, buffers, and threads with a mode of their own.

import Engines
import Foundation
import Tensors
import Testing

extension KernelSet: CustomTestStringConvertible {
    public var testDescription: String { name }
}

/// Half an ulp of 1: the relative error of one rounding.
let u = 0x1p-24

/// Numbers from a seed, the same on every run.
struct Noise {
    private let philox: Philox
    private var index: UInt64 = 0

    init(seed: Int) { philox = Philox(seed: UInt64(seed), purpose: .shapes) }

    mutating func word() -> UInt32 {
        index += 1
        return philox.words(index)[0]
    }
    /// In [-1, 1).
    mutating func unit() -> Float { word().unitFloat * 2 - 1 }
    mutating func integer(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(word()) % range.count
    }
    mutating func pick<T>(_ choices: [T]) -> T { choices[integer(0...choices.count - 1)] }
    mutating func buffer(
        _ count: Int, _ value: (inout Noise) -> Float = { $0.unit() }
    )
        -> AlignedBuffer<Float>
    {
        let buffer = AlignedBuffer<Float>(count: count)
        for i in 0..<count { buffer.base[i] = value(&self) }
        return buffer
    }
}

extension AlignedBuffer<Float> {
    convenience init(_ values: [Float]) {
        self.init(count: values.count)
        for (i, value) in values.enumerated() { base[i] = value }
    }
    var values: [Float] { Array(elements) }
    var bits: [UInt32] { elements.map(\.bitPattern) }
    var doubles: [Double] { elements.map(Double.init) }
    var floats: Floats { Floats(elements) }
    func copy() -> AlignedBuffer<Float> { AlignedBuffer(values) }
}

/// Runs `body` on a thread of its own, since the floating-point mode is the thread's.
func onFreshThread<Result: Sendable>(
    flushing: Bool, _ body: @escaping @Sendable () -> Result
) -> Result {
    nonisolated(unsafe) var result: Result?
    let done = DispatchSemaphore(value: 0)
    Thread {
        if flushing { Engine.enableFlushToZero() }
        result = body()
        done.signal()
    }.start()
    done.wait()
    return result!
}
