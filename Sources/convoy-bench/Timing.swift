// SPDX-License-Identifier: Apache-2.0
//
// How things are timed here: repeats between probes, and their medians.

import Foundation
import Tensors

/// Seconds that `body` takes.
func seconds(_ body: () -> Void) -> Double { ContinuousClock().measure(body) / .seconds(1) }

/// Seconds that this thread computes in `body`: what other programs take from it does not count.
func threadSeconds(_ body: () -> Void) -> Double {
    func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
    let begin = now()
    body()
    return now() - begin
}

/// A speed, and the speed that the cores had around it.
struct Sample {
    var rate: Double
    /// FLOP/s of the register tile alone, or bytes/s of a copy: the mean of just before and just after.
    var peak: Double
}

/// Repeats of one measurement.
struct Samples {
    private(set) var all: [Sample] = []

    /// - Parameters:
    ///   - repeats: Samples to take.
    ///   - peak: Probes the cores; see `KernelSet.peak`.
    ///   - rate: Measures once.
    init(repeats: Int, peak: () -> Double, rate: () -> Double) {
        var before = peak()
        for _ in 0..<repeats {
            let rate = rate()
            let after = peak()
            all.append(Sample(rate: rate, peak: (before + after) / 2))
            before = after
        }
    }

    init() {}

    mutating func append(_ sample: Sample) { all.append(sample) }

    var rate: Double { all.map(\.rate).median }
    var lowest: Double { all.map(\.rate).min() ?? .nan }
    var highest: Double { all.map(\.rate).max() ?? .nan }
    var peak: Double { all.map(\.peak).median }
    /// Rate by peak, each against the probes beside it.
    var fraction: Double { all.map { $0.rate / $0.peak }.median }
}

extension [Double] {
    var median: Double {
        guard !isEmpty else { return .nan }
        let sorted = sorted()
        return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
    }
}

extension KernelSet {
    /// FLOP/s of the register tile on this thread, right now; takes some five milliseconds.
    func peak() -> Double {
        var flops = 0.0
        let time = threadSeconds { flops = peakProbe(rounds: 8) }
        return flops / time
    }
}

/// A copy of memory, the least that a kernel has to do which reads and writes as much.
final class Copy {
    private let source: AlignedBuffer<UInt8>, target: AlignedBuffer<UInt8>

    /// - Parameter bytes: Read and written, together.
    init(bytes: Int) {
        source = AlignedBuffer(count: bytes / 2)
        target = AlignedBuffer(count: bytes / 2)
    }

    /// Bytes a second that this thread reads and writes, right now; takes some five milliseconds.
    func rate() -> Double {
        let calls = max(1, (1 << 25) / target.count)
        let time = threadSeconds {
            for _ in 0..<calls { _ = target.elements.update(fromContentsOf: source.elements) }
        }
        return Double(2 * target.count * calls) / time
    }
}
