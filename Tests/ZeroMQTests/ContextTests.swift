// SPDX-License-Identifier: Apache-2.0

import CAllocations
import Testing
import ZeroMQ

@Suite struct ContextTests {
    @Test(arguments: Transport.allCases)
    func aContextEndsAfterTheLastOfItsSockets(_ transport: Transport) throws {
        weak var ended: Context?
        var poller = Poller()  // outlives them all, and holds nobody up
        do {
            let dealer: Dealer
            do {
                let context = try Context()
                ended = context
                let router = try Router(context)
                dealer = try Dealer.connected(context, to: try router.bind(transport.endpoint))
                _ = poller.watch(router.socket)
                _ = poller.watch(dealer.socket)
                let memory = Memory(count: 1 << 20)
                try dealer.send("unread", payload: .lent(memory.readOnly, Loan(owner: memory)))
            }
            #expect(ended != nil)
            try dealer.send("nobody reads this either")
        }
        #expect(ended == nil)
        #expect(try !poller.wait(timeout: .zero))
    }

    @Test func aGoodbyeLeavesBeforeTheSocketCloses() throws {
        let context = try Context()
        let router = try Router(context, options: .control)
        let endpoint = try router.bind(Transport.tcp.endpoint)
        try sayGoodbye(endpoint)
        #expect(try router.next().header.text == "goodbye")
    }

    /// The dealer and its context are gone when the call returns.
    private func sayGoodbye(_ endpoint: String) throws {
        let dealer = try Dealer.connected(Context(), to: endpoint, options: .control)
        try dealer.send("goodbye")
    }

    /// libzmq takes a block for every 256 messages of a queue, and one for each lent payload.
    @Test(.enabled(if: allocations_are_counted()))
    func aMessageAllocatesNothingInSwift() throws {
        let context = try Context()
        let router = try Router(context)
        let dealer = try Dealer.connected(context, to: try router.bind(Transport.inproc.endpoint))
        let memory = Memory(count: 4096)
        let loan = Loan(owner: memory)
        var poller = Poller()
        let source = poller.watch(router.socket)
        let header = Memory(count: 33)

        func exchange(_ payload: Payload?) throws {
            try dealer.send(header: header.readOnly, payload: payload)
            try poller.wait(timeout: patience)
            guard poller.isReady(source), let received = try router.receive() else {
                throw Missing()
            }
            try router.send(to: received.peer, header: header.readOnly)
            _ = try dealer.receive()
        }
        func allocations(of payload: Payload?) throws -> Int {
            try exchange(payload)
            let start = allocations_of_this_thread()
            for _ in 0..<1000 { try exchange(payload) }
            return allocations_of_this_thread() - start
        }
        let bare = try allocations(of: nil)
        let lent = try allocations(of: .lent(memory.readOnly, loan))
        #expect(bare <= 20)
        #expect((1000...1030).contains(lent))
        #expect(loan.inFlight == 0)
    }
}
