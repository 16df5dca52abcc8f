// SPDX-License-Identifier: Apache-2.0

import Layers
import Reporting
import Runtime
import Testing

@Suite struct ProgressTextTests {
    @Test func waitsForDataAreToldWithTheirCause() {
        var report = FinalReport(
            model: "m", weightsDigest: "0", dataWait: DataWait(seconds: 12.34, share: 0.0567),
            dataLimits: [], seconds: 200)
        #expect(
            ProgressText.dataWait(report) == ["steps waited 12.3 s for data, 5.7 % of the time"])
        report.dataLimits = [
            .init(worker: "a\n1", share: 0.3, isDecoding: true),
            .init(worker: "b", share: 0.0625, isDecoding: false),
        ]
        #expect(
            Array(ProgressText.dataWait(report).dropFirst()) == [
                "a 1 waited 30.0 % of its time for images to be decoded and augmented, which limits this"
                    + " machine: leave it more cores for that (fewer --workers or --threads), or give it"
                    + " smaller images",
                "b waited 6.3 % of its time for samples to come: use cluster.data: local, or a faster"
                    + " disk or network",
            ])
    }

    @Test func aRegressionHasNoAccuracy() {
        var step = StepReport.example
        step.accuracy = .nan
        #expect(!ProgressText.bar(step, epochs: 5, width: 120, style: .ascii).contains("accuracy"))
        #expect(ProgressText.plain(step, epochs: 5).contains("  loss 0.6321  ETA 0:04"))
        let epoch = EpochReport(
            epoch: 1, epochs: 2, loss: 0.5, accuracy: .nan, validationLoss: 0.25, seconds: 1,
            imagesPerSecond: 10)
        #expect(ProgressText.epoch(epoch).hasSuffix("loss 0.5000  val_loss 0.2500"))
        #expect(ProgressText.result(accuracy: nil, loss: 0.125) == "test loss 0.1250")
    }

    @Test func metricsOfTheJobComeLast() {
        let metrics = MetricResults(
            values: [.init(name: "auc", value: 0.75), .init(name: "recall", value: 1)])
        let epoch = EpochReport(
            epoch: 1, epochs: 2, loss: 0.5, accuracy: 0.5, validationLoss: 0.25,
            validationAccuracy: 1, validationMetrics: metrics, seconds: 1, imagesPerSecond: 10)
        #expect(
            ProgressText.epoch(epoch).hasSuffix(
                "  val_loss 0.2500  val_accuracy 1.0000  val_auc 0.7500  val_recall 1.0000"))
        #expect(
            ProgressText.result(accuracy: 0.5, loss: 0.125, metrics: metrics)
                == "test accuracy 0.5000  loss 0.1250  auc 0.7500  recall 1.0000")
        let line = JSONLog.line(.epoch(epoch))
        #expect(line.contains(#","val_accuracy":1,"val_auc":0.75,"val_recall":1,"seconds":1"#))
        let report = FinalReport(
            testLoss: 0.5, testMetrics: .init(confusion: [[3, 0], [1, 20]]), model: "m",
            weightsDigest: "0", seconds: 1)
        #expect(
            JSONLog.line(.finished(report)).contains(
                #","test_confusion_matrix":[[3,0],[1,20]],"model":"m""#))
    }

    @Test func barTakesTheRoomThatIsLeft() {
        let line = ProgressText.bar(.example, epochs: 5, width: 120, style: .unicode)
        #expect(
            line == "epoch 2/5  312/938 ━━━━━━━━━─────────────────────   8,912 images/s  "
                + "loss 0.6321  accuracy 0.7712  ETA 0:04  2 workers")
    }

    @Test func barIsPlainWhereTheLocaleIs() {
        let line = ProgressText.bar(.example, epochs: 5, width: 100, style: .ascii)
        #expect(
            line == "epoch 2/5  312/938 [==>........]   8,912 images/s  "
                + "loss 0.6321  accuracy 0.7712  ETA 0:04  2 workers")
    }

    @Test func partsThatMatterLeastGoFirst() {
        let line = { ProgressText.bar(.example, epochs: 5, width: $0, style: .ascii) }
        #expect(line(90).hasSuffix("accuracy 0.7712  ETA 0:04"))
        #expect(line(75).hasSuffix("   8,912 images/s  loss 0.6321  accuracy 0.7712"))
        #expect(line(66).hasSuffix("  loss 0.6321  accuracy 0.7712"))
        #expect(line(42).hasSuffix("]  loss 0.6321"))
        #expect(line(35) == "epoch 2/5  312/938  loss 0.6321")
        #expect(line(10) == "epoch 2/5 ")
    }

    @Test func noLineIsWiderThanTheTerminal() {
        for width in 0...200 {
            for step in [1, 312, 938] {
                var report = StepReport.example
                report.stepInEpoch = step
                for style in [ProgressText.Style.unicode, .ascii] {
                    let line = ProgressText.bar(report, epochs: 5, width: width, style: style)
                    #expect(line.count <= width)
                }
            }
        }
    }

    @Test func fullBarIsFull() {
        var report = StepReport.example
        report.stepInEpoch = 938
        let line = ProgressText.bar(report, epochs: 5, width: 100, style: .ascii)
        #expect(line.contains(" 938/938 [===========] "))
        #expect(line.contains("ETA 0:00"))
    }

    @Test func phasesAreNamed() {
        var report = StepReport.example
        report.phase = .validate
        report.stepInEpoch = 3
        report.stepsInEpoch = 10
        #expect(
            ProgressText.bar(report, epochs: 5, width: 80, style: .ascii)
                .hasPrefix("epoch 2/5  validation  3/10 ["))
        report.phase = .test
        #expect(
            ProgressText.bar(report, epochs: 5, width: 80, style: .ascii).hasPrefix("test   3/10 [")
        )
    }

    @Test func logLineSaysEverything() {
        #expect(
            ProgressText.plain(.example, epochs: 5)
                == "epoch 2/5  312/938  33%  8,912 images/s  loss 0.6321  accuracy 0.7712  "
                + "ETA 0:04  2 workers")
    }

    @Test func epochLineHasBothSets() {
        #expect(
            ProgressText.epoch(.example)
                == "epoch 2/5  12.3 s  8,912 images/s  loss 0.5212  accuracy 0.8123  "
                + "val_loss 0.3912  val_accuracy 0.8612")
        var report = EpochReport.example
        report.validationLoss = nil
        report.validationAccuracy = nil
        #expect(ProgressText.epoch(report).hasSuffix("accuracy 0.8123"))
    }

    @Test func resultIsTheLineThatScriptsRead() {
        #expect(
            ProgressText.result(accuracy: 0.89342, loss: 0.30209)
                == "test accuracy 0.8934  loss 0.3021")
    }

    @Test func namesCannotMoveTheCursor() {
        #expect(ProgressText.clean("a\u{1b}[2Jb\nc\u{9b}") == "a [2Jb c ")
    }
}

@Suite struct FiguresTests {
    @Test func decimalsRoundAndKeepTheirPlaces() {
        #expect(Figures.decimal(0.99996, places: 4) == "1.0000")
        #expect(Figures.decimal(-0.00001, places: 4) == "0.0000")
        #expect(Figures.decimal(-2.5, places: 1) == "-2.5")
        #expect(Figures.decimal(12, places: 0) == "12")
        #expect(Figures.decimal(.nan, places: 4) == "nan")
        #expect(Figures.decimal(-.infinity, places: 4) == "-inf")
        #expect(Figures.decimal(1e300, places: 4) == "1e+300")
    }

    @Test func thousandsAreGrouped() {
        #expect(Figures.grouped(0) == "0")
        #expect(Figures.grouped(999) == "999")
        #expect(Figures.grouped(-1_234_567) == "-1,234,567")
    }

    @Test func timesReadAsClocks() {
        #expect(Figures.elapsed(4.23) == "4.2 s")
        #expect(Figures.elapsed(59.96) == "1:00")
        #expect(Figures.clock(3765) == "1:02:45")
        #expect(Figures.clock(.infinity) == "-:--")
    }
}

extension StepReport {
    static let example = StepReport(
        step: 1250, epoch: 2, stepInEpoch: 312, stepsInEpoch: 938, phase: .train, loss: 0.63214,
        accuracy: 0.77123, stepLoss: 0.5, samples: 64, imagesPerSecond: 8911.7, workersAlive: 2,
        seconds: 61.25)
}

extension EpochReport {
    static let example = EpochReport(
        epoch: 2, epochs: 5, loss: 0.52118, accuracy: 0.81231, validationLoss: 0.39123,
        validationAccuracy: 0.86123, seconds: 12.34, imagesPerSecond: 8911.7)
}
