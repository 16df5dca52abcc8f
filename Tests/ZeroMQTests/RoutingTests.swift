// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import ZeroMQ

@Suite struct RoutingTests {
    @Test(arguments: Transport.allCases)
    func repliesReachTheDealerThatAsked(_ transport: Transport) throws {
        let context = try Context()
        let router = try Router(context)
        let endpoint = try router.bind(transport.endpoint)
        let first = try Dealer.connected(context, to: endpoint)
        let second = try Dealer.connected(context, to: endpoint)
        #expect(try first.send("first"))
        #expect(try second.send("second"))

        var peers: Set<RoutingID> = []
        for _ in 0..<2 {
            let received = try router.next()
            peers.insert(received.peer)
            #expect(received.payload.contents == nil)
            #expect(try router.send(to: received.peer, "hello " + received.header.text))
        }
        #expect(peers.count == 2)
        #expect(try first.next().header.text == "hello first")
        #expect(try second.next().header.text == "hello second")
    }

    @Test(arguments: Transport.allCases, [0, 1, 33, 34, 8192, 1 << 20])
    func payloadsArriveWhole(_ transport: Transport, _ count: Int) throws {
        let context = try Context()
        let router = try Router(context)
        let dealer = try Dealer.connected(context, to: try router.bind(transport.endpoint))
        let memory = Memory(count: count)
        try dealer.send("up", payload: .copied(memory.readOnly))
        let received = try router.next()
        #expect(received.payload.contents == memory.contents)
        try router.send(to: received.peer, "down", payload: .copied(memory.readOnly))
        let answer = try dealer.next()
        #expect(answer.payload.contents == memory.contents)
    }

    @Test func nothingThereIsNil() throws {
        let context = try Context()
        let router = try Router(context)
        let dealer = try Dealer.connected(context, to: try router.bind(Transport.inproc.endpoint))
        let atRouter = try router.receive() == nil
        let atDealer = try dealer.receive() == nil
        #expect(atRouter)
        #expect(atDealer)
    }

    @Test(arguments: Transport.allCases)
    func sendingToALostPeerSaysSo(_ transport: Transport) throws {
        let context = try Context()
        let router = try Router(context)
        let endpoint = try router.bind(transport.endpoint)
        let peer = try greet(router, context, endpoint)
        // The loss is noticed in the background; until then what is sent is lost.
        try eventually { try !router.send(to: peer, "still there?") }
    }

    /// A dealer that says hello and is gone when the call returns.
    private func greet(_ router: borrowing Router, _ context: Context, _ endpoint: String) throws
        -> RoutingID
    {
        let dealer = try Dealer.connected(context, to: endpoint)
        try dealer.send("hello")
        return try router.next().peer
    }

    @Test func sendingToAStrangerSaysSo() throws {
        let context = try Context()
        let router = try Router(context)
        try router.bind(Transport.inproc.endpoint)
        let stranger = try #require([1, 2, 3 as UInt8].withUnsafeBytes { RoutingID($0) })
        #expect(
            try !router.send(to: stranger, "hello", payload: .copied(.init(start: nil, count: 0))))
        // Not stuck in the middle of a message.
        #expect(try !router.send(to: stranger, "hello"))
    }

    @Test func sendingWithoutARouterSaysSo() throws {
        let context = try Context()
        let dealer = try Dealer(context)
        try dealer.connect("tcp://127.0.0.1:9")
        #expect(try !dealer.send("hello"))
        #expect(try !dealer.waitForRouter(timeout: .zero))
    }

    @Test(arguments: [Transport.ipc, .tcp])
    func aDealerFindsTheNextRouterAndBringsItNothingOld(_ transport: Transport) throws {
        var options = SocketOptions.data
        options.reconnectPause = .milliseconds(5)
        let context = try Context()
        let dealer = try Dealer(context, options: options)
        let endpoint = try meetAndLose(dealer, transport.endpoint)
        try eventually { try !dealer.send("to the old one") }

        let another = try Context()
        let router = try Router(another)
        try router.bind(endpoint)
        #expect(try dealer.waitForRouter(timeout: patience))
        #expect(try dealer.send("to the new one"))
        #expect(try router.next().header.text == "to the new one")
    }

    /// Connects to a router that is gone, with its context, when the call returns.
    private func meetAndLose(_ dealer: borrowing Dealer, _ endpoint: String) throws -> String {
        let context = try Context()
        let router = try Router(context)
        let endpoint = try router.bind(endpoint)
        try dealer.connect(endpoint)
        try #require(try dealer.waitForRouter(timeout: patience))
        try dealer.send("hello")
        _ = try router.next()
        return endpoint
    }

    @Test func aRouterTakesItsSocketFileAway() throws {
        let context = try Context()
        let endpoint = Transport.ipc.endpoint
        let path = String(endpoint.dropFirst("ipc://".count))
        do {
            let router = try Router(context)
            try router.bind(endpoint)
            #expect(FileManager.default.fileExists(atPath: path))
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func aSocketFileThatAnotherTookOverStays() throws {
        let context = try Context()
        let endpoint = Transport.ipc.endpoint
        let second = try Router(context)
        do {
            let first = try Router(context)
            try first.bind(endpoint)
            try second.bind(endpoint)
        }
        let dealer = try Dealer.connected(context, to: endpoint)
        try dealer.send("hello")
        #expect(try second.next().header.text == "hello")
    }
}
