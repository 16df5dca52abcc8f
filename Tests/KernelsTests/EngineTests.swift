// SPDX-License-Identifier: Apache-2.0

import Engines
import Tensors
import Testing

@Suite struct EngineTests {
    @Test func setsHaveNamesAndTheBestIsLast() {
        let names = Engine.available.map(\.name)
        #expect(Engine.best().name == names.last)
        for name in names { #expect(Engine.named(name)?.name == name) }
        #expect(Engine.named("mmx") == nil)
    }

    @Test func subnormalsAreZeroOnAThreadThatAsked() {
        #expect(onFreshThread(flushing: true) { Engine.isFlushingToZero })
    }

    @Test(arguments: Engine.available)
    func probeCountsItsWork(_ kernels: KernelSet) {
        #expect(kernels.peakProbe(rounds: 1) == 0x1p27)
    }

    @Test func wrongCountsTrap() async {
        await #expect(processExitsWith: .failure) {
            let values = AlignedBuffer<Float>(count: 16)
            let rows = Rows(count: 2, stored: 16, live: 16)
            Engine.best().activationForward(.relu, rows, values.elements)
        }
        await #expect(processExitsWith: .failure) {
            let geometry = ConvGeometry.keras(5, 5, 16, to: 16, images: 7)
            Engine.best().convPrepare(
                geometry, Floats(start: nil, count: 0), into: .init(start: nil, count: 0))
        }
    }
}
