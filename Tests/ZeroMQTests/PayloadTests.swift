// SPDX-License-Identifier: Apache-2.0

import Testing
import ZeroMQ

@Suite struct PayloadTests {
    @Test(arguments: Transport.allCases)
    func lentMemoryComesBackWhenAllItsMessagesHave(_ transport: Transport) throws {
        let context = try Context()
        let router = try Router(context)
        let dealer = try Dealer.connected(context, to: try router.bind(transport.endpoint))
        let memory = Memory(count: 1 << 20)
        let returned = try Signal()
        let loan = Loan(owner: memory) { returned.send() }
        for _ in 0..<3 {
            #expect(try dealer.send("lent", payload: .lent(memory.readOnly, loan)))
        }
        for _ in 0..<3 {
            let received = try router.next()
            #expect(received.payload.contents == memory.contents)
        }
        while loan.inFlight > 0 { try returned.wait() }
        #expect(loan.inFlight == 0)
    }

    @Test func nothingIsCopiedWithinAProcess() throws {
        let context = try Context()
        let router = try Router(context)
        let dealer = try Dealer.connected(context, to: try router.bind(Transport.inproc.endpoint))
        let memory = Memory(count: 4096)
        try dealer.send("lent", payload: .lent(memory.readOnly, Loan(owner: memory)))
        let received = try router.next()
        #expect(
            received.payload.address == UInt(bitPattern: memory.readOnly.baseAddress))
    }

    @Test func aFrameMayBeKeptAfterItsMessageAndItsSocket() throws {
        let memory = Memory(count: 5000)
        let kept = try receive(memory)
        #expect(kept.contents == memory.contents)
    }

    /// The payload of a message whose sockets and context are gone when the call returns.
    private func receive(_ memory: Memory) throws -> Frame? {
        let context = try Context()
        let router = try Router(context)
        let dealer = try Dealer.connected(context, to: try router.bind(Transport.tcp.endpoint))
        try dealer.send("keep", payload: .copied(memory.readOnly))
        let received = try router.next()
        return received.payload
    }

    @Test func theEndOfTheContextEndsEveryLoan() throws {
        weak var forgotten: Memory?
        do {
            let memory = Memory(count: 1 << 20)
            forgotten = memory
            let context = try Context()
            let router = try Router(context)
            let dealer = try Dealer.connected(context, to: try router.bind(Transport.tcp.endpoint))
            let loan = Loan(owner: memory)
            for _ in 0..<32 {
                try dealer.send("unread", payload: .lent(memory.readOnly, loan))
            }
        }
        #expect(forgotten == nil)
    }

    @Test func whatCannotBeSentComesBackAtOnce() throws {
        let context = try Context()
        let dealer = try Dealer(context)
        try dealer.connect("tcp://127.0.0.1:9")
        let memory = Memory(count: 4096)
        let loan = Loan(owner: memory)
        #expect(try !dealer.send("nobody", payload: .lent(memory.readOnly, loan)))
        #expect(loan.inFlight == 0)
    }

    @Test(arguments: Transport.allCases, [16, 1 << 20])
    func aSharedFrameReachesThreePeers(_ transport: Transport, _ count: Int) throws {
        let context = try Context()
        let router = try Router(context)
        let endpoint = try router.bind(transport.endpoint)
        let a = try Dealer.connected(context, to: endpoint)
        let b = try Dealer.connected(context, to: endpoint)
        let c = try Dealer.connected(context, to: endpoint)
        try a.send("here")
        try b.send("here")
        try c.send("here")
        let peers = [try router.next().peer, try router.next().peer, try router.next().peer]

        let shared = SharedFrame()
        for _ in 0..<2 {  // the frame is used again
            let memory = Memory(count: count)
            let returned = try Signal()
            let loan = Loan(owner: memory) { returned.send() }
            try shared.fill(lending: memory.readOnly, loan)
            for peer in peers {
                #expect(try router.send(to: peer, "weights", payload: .shared(shared)))
            }
            #expect(loan.inFlight == 1)
            shared.empty()
            #expect(try a.next().payload.contents == memory.contents)
            #expect(try b.next().payload.contents == memory.contents)
            #expect(try c.next().payload.contents == memory.contents)
            while loan.inFlight > 0 { try returned.wait() }
        }
    }

    @Test func aCopiedSharedFrameOutlivesItsSource() throws {
        let context = try Context()
        let router = try Router(context)
        let dealer = try Dealer.connected(context, to: try router.bind(Transport.inproc.endpoint))
        let shared = SharedFrame()
        let memory = Memory(count: 5000)
        try shared.fill(copying: memory.readOnly)
        try dealer.send("once", payload: .shared(shared))
        try dealer.send("twice", payload: .shared(shared))
        let first = try router.next()
        let second = try router.next()
        #expect(first.payload.contents == memory.contents)
        #expect(second.payload.contents == memory.contents)
        #expect(first.payload.address == second.payload.address)
    }
}
