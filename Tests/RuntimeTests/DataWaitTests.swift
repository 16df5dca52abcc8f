// SPDX-License-Identifier: Apache-2.0

import Runtime
import Testing

@Suite struct DataWaitMeterTests {
    @Test func aShareIsOfTheTimeOfAllThreads() {
        var meter = DataWaitMeter()
        #expect(meter.total == DataWait(seconds: 0, share: 0))
        meter.advance(to: .seconds(10), threads: 0)  // nobody is there
        meter.advance(to: .seconds(14), threads: 2)
        meter.add(DataWaits(samples: 500_000_000, decoding: 1_500_000_000))
        #expect(meter.total == DataWait(seconds: 1, share: 0.25))
        #expect(meter.endEpoch() == DataWait(seconds: 1, share: 0.25))
        meter.advance(to: .seconds(22), threads: 1)
        #expect(meter.endEpoch() == DataWait(seconds: 0, share: 0))
        // 2 s of 16 s, in 12 s.
        #expect(meter.total == DataWait(seconds: 1.5, share: 0.125))
    }

    @Test func nobodyWaitsLongerThanTheTimeThereIs() {
        var meter = DataWaitMeter()
        meter.advance(to: .seconds(1), threads: 1)
        meter.add(DataWaits(samples: 3_000_000_000))
        #expect(meter.total == DataWait(seconds: 1, share: 1))
    }
}

@Suite(.serialized) struct DataWaitTests {
    /// Images take far longer to turn and to blur than one small layer takes.
    @Test func decodingThatLimitsAWorkerIsNamed() throws {
        let run = try LocalRun(workers: 1)
        let report = try #require(
            try run.run(
                LocalRun.job([
                    "model=[MaxPooling2D: {pool_size: 8}, Flatten, Dense: {units: 10}]",
                    "dataset.augmentation.rotation_range=40", "dataset.augmentation.zoom_range=0.2",
                    "dataset.augmentation.gaussian_blur=[4, 5]",
                    "dataset.augmentation.gaussian_noise=4",
                ])))
        #expect(report.dataWait.share > 0.05 && report.dataWait.share <= 1, "\(report.dataWait)")
        #expect(report.dataLimits.map(\.isDecoding) == [true])
    }
}
