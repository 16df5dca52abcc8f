// SPDX-License-Identifier: Apache-2.0

import Testing
import ZeroMQ

@Suite struct BrokenPeerTests {
    @Test(arguments: Transport.allCases, [3, 4, 100])
    func aMessageOfTooManyFramesIsReadOffAndReported(_ transport: Transport, _ count: Int) throws {
        let context = try Context()
        let router = try Router(context)
        let endpoint = try router.bind(transport.endpoint)
        let dealer = try Dealer.connected(context, to: endpoint)
        try dealer.send("good")
        let peer = try router.next().peer
        try dealer.send(frames: (0..<count).map { [UInt8($0)] })
        try dealer.send("good again")

        #expect(try router.next().header.text == "good again")
        #expect(
            router.socket.takeMalformed()?.description
                == "zmq_msg_recv \(endpoint): Bad message; peer \(peer) sent \(count) "
                + "frames, expected a header and at most one payload; the message was dropped")
        #expect(router.socket.takeMalformed() == nil)
    }

    @Test func aLongRoutingIDIsReadOffAndReported() throws {
        let context = try Context()
        let router = try Router(context)
        let endpoint = try router.bind(Transport.inproc.endpoint)
        let dealer = try Dealer(context)
        try dealer.name(Array(repeating: 7, count: 17))
        try dealer.connect(endpoint)
        try dealer.send("hello", payload: .copied(.init(start: nil, count: 0)))
        #expect(try router.hasMessage(within: patience))
        let rest = try router.receive() == nil
        #expect(rest)
        #expect(
            router.socket.takeMalformed()?.description
                == "zmq_msg_recv \(endpoint): Bad message; a peer has a routing id of 17 "
                + "bytes, expected at most 16; the message was dropped")
    }

    @Test(arguments: [Transport.ipc, .tcp])
    func aFrameBeyondTheMaximumEndsTheConnection(_ transport: Transport) throws {
        var options = SocketOptions.data
        options.maximumFrame = 4096
        options.reconnectPause = .milliseconds(5)
        let context = try Context()
        let router = try Router(context, options: options)
        let endpoint = try router.bind(transport.endpoint)
        let dealer = try Dealer.connected(context, to: endpoint, options: options)
        let large = Memory(count: 4097)
        try dealer.send("large", payload: .copied(large.readOnly))
        // The connection ends in the background, and what is sent meanwhile ends with it.
        try eventually {
            if try dealer.waitForRouter(timeout: patience) { try dealer.send("small") }
            return try router.hasMessage(within: .milliseconds(5))
        }
        #expect(try router.next().header.text == "small")
    }

    @Test func aFrameOfTheMaximumPasses() throws {
        let context = try Context()
        let router = try Router(context)
        let dealer = try Dealer.connected(context, to: try router.bind(Transport.tcp.endpoint))
        let largest = Memory(count: SocketOptions.data.maximumFrame)
        try dealer.send("largest", payload: .copied(largest.readOnly))
        let received = try router.next()
        #expect(received.payload.contents == largest.contents)
    }
}
