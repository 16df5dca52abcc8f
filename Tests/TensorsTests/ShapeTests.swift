// SPDX-License-Identifier: Apache-2.0

import Tensors
import Testing

@Suite struct ShapeTests {
    @Test func countIsTheProductOfTheExtents() {
        #expect(Shape([3, 4, 5]).count == 60)
        #expect(Shape([]).count == 1)
        #expect(Shape([3, 0, 5]).count == 0)
    }

    @Test func descriptionReadsAsInKeras() {
        #expect("\(Shape([28, 28, 1]))" == "(28, 28, 1)")
    }

    @Test func negativeExtentTraps() async {
        await #expect(processExitsWith: .failure) { _ = Shape([2, -1]) }
    }
}

@Suite struct AlignedBufferTests {
    @Test(arguments: [0, 1, 17, 1 << 20])
    func memoryIsZeroAndAligned(count: Int) {
        let buffer = AlignedBuffer<Float>(count: count)
        #expect(buffer.elements.count == count)
        #expect(buffer.elements.allSatisfy { $0.bitPattern == 0 })
        #expect(UInt(bitPattern: buffer.base) % 64 == 0)
    }

    @Test func rangeBeyondTheEndTraps() async {
        await #expect(processExitsWith: .failure) { _ = AlignedBuffer<Float>(count: 8)[4..<9] }
    }
}
