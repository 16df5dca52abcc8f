// SPDX-License-Identifier: Apache-2.0

import CAllocations
import Testing
import Wire

@Suite struct AllocationTests {
    /// protobuf-c takes one block for the envelope and one for the body; Swift takes none. The list of a renewal, of
    /// which there is one a layer and step, takes one of each.
    @Test(.enabled(if: allocations_are_counted()), arguments: samples.filter { $0.limits == .data })
    func aDataMessageTakesTwoBlocksOfProtobufAndNoneOfSwift(_ sample: Sample) throws {
        var buffer = HeaderBuffer()
        sample.message.encode(into: &buffer)  // what happens once per process happens here
        _ = try Message.decode(header: buffer.bytes, payload: sample.payload, limits: .data)

        let start = allocations_of_this_thread()
        for _ in 0..<100 { sample.message.encode(into: &buffer) }
        let encoded = allocations_of_this_thread()
        for _ in 0..<100 {
            _ = try Message.decode(header: buffer.bytes, payload: sample.payload, limits: .data)
        }
        let decoded = allocations_of_this_thread()
        #expect(encoded - start == 0)
        let hasList = if case .renewal = sample.message { true } else { false }
        #expect(decoded - encoded == (hasList ? 400 : 200))
    }
}
