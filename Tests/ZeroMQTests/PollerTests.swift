// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import ZeroMQ

@Suite struct PollerTests {
    @Test func itTellsSocketsAndFilesApart() throws {
        let context = try Context()
        let router = try Router(context)
        let dealer = try Dealer.connected(context, to: try router.bind(Transport.inproc.endpoint))
        let signal = try Signal()
        var poller = Poller(capacity: 3)
        let atRouter = poller.watch(router.socket)
        let atDealer = poller.watch(dealer.socket)
        let atSignal = poller.watch(fileDescriptor: signal.reading)
        func ready() -> [Bool] {
            [poller.isReady(atRouter), poller.isReady(atDealer), poller.isReady(atSignal)]
        }

        #expect(try !poller.wait(timeout: .zero))
        #expect(ready() == [false, false, false])
        signal.send()
        #expect(try poller.wait(timeout: nil))
        #expect(ready() == [false, false, true])
        try dealer.send("up")
        #expect(try poller.wait(timeout: patience))
        #expect(ready() == [true, false, true])
        signal.clear()
        let peer = try router.next().peer
        try router.send(to: peer, "down")
        #expect(try poller.wait(timeout: patience))
        #expect(ready() == [false, true, false])
    }

    /// Sending takes in what libzmq has to say, and with it the signal that a message has come.
    @Test func aMessageThatComesWhileOneSendsIsNoticed() throws {
        let context = try Context()
        let router = try Router(context)
        let dealer = try Dealer.connected(context, to: try router.bind(Transport.inproc.endpoint))
        try dealer.send("hello")
        let peer = try router.next().peer
        var poller = Poller(capacity: 2)
        let (atDealer, atRouter) = (poller.watch(dealer.socket), poller.watch(router.socket))
        for round in 0..<500 {
            #expect(try !poller.wait(timeout: .zero), "round \(round)")
            try router.send(to: peer, "down")
            for _ in 0..<3 { try dealer.send("up") }
            #expect(try poller.wait(timeout: patience))
            #expect(poller.isReady(atDealer) && poller.isReady(atRouter))
            #expect(try dealer.receive() != nil)
            for _ in 0..<3 { #expect(try router.receive() != nil) }
        }
    }

    @Test func aSignalFromAnotherThreadEndsAWaitWithoutEnd() throws {
        let signal = try Signal()
        Thread.detachNewThread { signal.send() }
        var poller = Poller(capacity: 1)
        let source = poller.watch(fileDescriptor: signal.reading)
        try poller.wait(timeout: nil)
        let isReady = poller.isReady(source)
        #expect(isReady)
    }

    @Test func aClosedSocketIsForgotten() throws {
        let context = try Context()
        let signal = try Signal()
        var poller = Poller()
        let closed = try watchBriefly(&poller, context)
        let open = poller.watch(fileDescriptor: signal.reading)
        #expect(try !poller.wait(timeout: .zero))
        signal.send()
        #expect(try poller.wait(timeout: patience))
        let ready = [poller.isReady(closed), poller.isReady(open)]
        #expect(ready == [false, true])
    }

    /// The socket has a message, and is closed when the call returns.
    private func watchBriefly(_ poller: inout Poller, _ context: Context) throws -> Poller.Source {
        let router = try Router(context)
        let dealer = try Dealer.connected(context, to: try router.bind(Transport.inproc.endpoint))
        try dealer.send("unread")
        let source = poller.watch(router.socket)
        #expect(try poller.wait(timeout: patience))
        return source
    }

    @Test func aWaitLastsAtLeastItsTimeout() throws {
        var poller = Poller()
        let clock = ContinuousClock()
        let start = clock.now
        #expect(try !poller.wait(timeout: .microseconds(1500)))
        #expect(clock.now - start >= .microseconds(1500))
    }

    @Test(arguments: [
        (Duration.zero, 0 as Int32), (.nanoseconds(1), 1), (.milliseconds(1), 1),
        (.microseconds(1001), 2),
        (.seconds(-3), 0), (.seconds(2), 2000), (.seconds(Int64.max), .max),
    ])
    func timesAreRoundedUpToMilliseconds(_ duration: Duration, _ milliseconds: Int32) {
        #expect(duration.milliseconds == milliseconds)
    }
}
