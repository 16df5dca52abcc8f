// SPDX-License-Identifier: Apache-2.0

import Testing
import ZeroMQ

/// Who gets in and who does not, on real connections.
@Suite struct EncryptionTests {
    private let coordinator: CurveSecret
    private let worker: CurveSecret

    init() throws {
        coordinator = try .generate()
        worker = try .generate()
    }

    private var server: SocketOptions {
        var options = SocketOptions.data
        options.encryption = .server(coordinator)
        options.greetingTimeout = .milliseconds(300)
        return options
    }

    private func client(_ secret: CurveSecret, server: CurveKey? = nil) -> SocketOptions {
        var options = SocketOptions.data
        options.encryption = .client(secret, server: server ?? coordinator.publicKey)
        options.reconnectPause = .milliseconds(5)
        options.longestReconnectPause = .milliseconds(20)
        return options
    }

    @Test func aKeyThatTheGateAdmitsComesInAndSignsItsMessages() throws {
        let context = try Context()
        let gate = try Gate(context)
        let router = try Router(context, options: server)
        let endpoint = try router.bind(Transport.tcp.endpoint)
        let dealer = try Dealer(Context(), options: client(worker))
        try dealer.connect(endpoint)
        var visitors: [Gate.Visitor] = []
        try eventually {
            try gate.answer {
                visitors.append($0)
                return $0.key == worker.publicKey
            }
            return try dealer.waitForRouter(timeout: .milliseconds(5))
        }
        #expect(visitors == [.init(key: worker.publicKey, address: "127.0.0.1")])
        let payload = Memory(count: 100_000)
        try dealer.send("header", payload: .copied(payload.readOnly))
        let received = try router.next()
        #expect(received.header.text == "header")
        #expect(received.payload.contents == payload.contents)
        #expect(received.header.sender == worker.publicKey)
        #expect(received.header.connection != nil)
    }

    private struct Outcome: Equatable {
        var client: GreetingFailure?
        var server: GreetingFailure?
        var isConnected = false
    }

    /// How a dealer fares with a router that lets in `worker` only: the first failure of each.
    private func greeting(
        _ options: SocketOptions, _ serverOptions: SocketOptions? = nil, gate hasGate: Bool = true
    ) throws -> Outcome {
        let context = try Context()
        let gate = hasGate ? try Gate(context) : nil
        let router = try Router(context, options: serverOptions ?? server)
        let routerEvents = try ConnectionEvents(of: router.socket, context)
        let endpoint = try router.bind(Transport.tcp.endpoint)
        let other = try Context()
        let dealer = try Dealer(other, options: options)
        let events = try ConnectionEvents(of: dealer.socket, other)
        try dealer.connect(endpoint)
        var outcome = Outcome()
        try eventually {
            try Self.answer(gate) { $0.key == worker.publicKey }
            while let event = try events.next() {
                if case .failed(let reason) = event { outcome.client = outcome.client ?? reason }
            }
            while let event = try routerEvents.next() {
                if case .failed(let reason) = event { outcome.server = outcome.server ?? reason }
            }
            return outcome.client != nil && outcome.server != nil
        }
        outcome.isConnected = try dealer.waitForRouter(timeout: .milliseconds(50))
        return outcome
    }

    private static func answer(
        _ gate: borrowing Gate?, _ admits: (Gate.Visitor) -> Bool
    ) throws {
        switch gate {
        case .some(let gate): try gate.answer(admits)
        case .none: break
        }
    }

    @Test func aKeyThatTheGateDoesNotAdmitIsTold() throws {
        let outcome = try greeting(client(.generate()))
        #expect(outcome == Outcome(client: .denied, server: .denied))
    }

    /// The server cannot read a word, and hangs up.
    @Test func aServerOfAnotherKeyIsNotTheOneMeant() throws {
        let outcome = try greeting(client(worker, server: CurveSecret.generate().publicKey))
        #expect(outcome == Outcome(client: .broken, server: .otherKey))
    }

    /// One of the two sees it, and may hang up before the other one does.
    @Test func aPeerWithoutKeysAndOneWithSeeTheDifference() throws {
        for outcome in [try greeting(.data), try greeting(client(worker), .data)] {
            #expect([outcome.client, outcome.server].contains(.otherMechanism))
            #expect(!outcome.isConnected)
        }
    }

    /// libzmq by itself would let everyone in.
    @Test func withoutAGateNobodyComesIn() throws {
        let outcome = try greeting(client(worker), gate: false)
        #expect(outcome.client == .broken && !outcome.isConnected)
    }

    @Test func whenTheGateIsGoneNobodyComesInAnyMore() throws {
        let context = try Context()
        let router = try Router(context, options: server)
        let endpoint: String
        do {
            let gate = try Gate(context)
            endpoint = try router.bind(Transport.tcp.endpoint)
            let dealer = try Dealer(Context(), options: client(worker))
            try dealer.connect(endpoint)
            try eventually {
                try gate.answer { _ in true }
                return try dealer.waitForRouter(timeout: .milliseconds(5))
            }
        }
        let late = try Dealer(Context(), options: client(worker))
        try late.connect(endpoint)
        #expect(try !late.waitForRouter(timeout: .milliseconds(500)))
    }

    /// It is neither let in nor turned away: the connection ends when its time is over.
    @Test func whileTheGateIsSilentNobodyComesIn() throws {
        let context = try Context()
        let gate = try Gate(context)
        let router = try Router(context, options: server)
        let events = try ConnectionEvents(of: router.socket, context)
        let endpoint = try router.bind(Transport.tcp.endpoint)
        let dealer = try Dealer(Context(), options: client(worker))
        try dealer.connect(endpoint)
        var seen: [ConnectionEvent] = []
        try eventually {
            while let event = try events.next() { seen.append(event) }
            return seen.contains(.failed(.broken))
        }
        #expect(!seen.contains(.greeted))
        #expect(try !dealer.waitForRouter(timeout: .zero))
        withExtendedLifetime(gate) {}
    }

    @Test func connectionsComeAndGoWithTheirDescriptors() throws {
        let context = try Context()
        let router = try Router(context)
        let events = try ConnectionEvents(of: router.socket, context)
        let endpoint = try router.bind(Transport.tcp.endpoint)
        var seen: [ConnectionEvent] = []
        do {
            let dealer = try Dealer.connected(Context(), to: endpoint)
            try dealer.send("here")
            let descriptor = try #require(try router.next().header.connection)
            try eventually {
                while let event = try events.next() { seen.append(event) }
                return seen.count >= 2
            }
            #expect(seen == [.accepted(descriptor: descriptor), .greeted])
        }
        try eventually {
            while let event = try events.next() { seen.append(event) }
            return seen.count >= 3
        }
        #expect(seen.count == 3)
    }

    /// Else a peer that is not read in time could fill the memory.
    @Test func aFloodWaitsOutside() throws {
        let context = try Context()
        var options = SocketOptions.data
        options.waitingMessages = 8
        let router = try Router(context, options: options)
        let dealer = try Dealer.connected(Context(), to: try router.bind(Transport.tcp.endpoint))
        let payload = Memory(count: 1 << 20)
        let loan = Loan(owner: payload)
        for _ in 0..<200 { try dealer.send("flood", payload: .lent(payload.readOnly, loan)) }
        var pause = Poller()
        try pause.wait(timeout: .milliseconds(500))
        // What has left is on its way in the kernel, or among those that wait.
        #expect(loan.inFlight > 150, "\(loan.inFlight)")
        for _ in 0..<200 { _ = try router.next() }
        try eventually { loan.inFlight == 0 }
    }

    @Test func keysAreTexts() throws {
        let text = worker.hex
        #expect(text.utf8.count == 64)
        #expect(CurveSecret(hex: text)?.publicKey == worker.publicKey)
        #expect(CurveKey(hex: worker.publicKey.description) == worker.publicKey)
        #expect(worker.publicKey.description != text)
        for bad in ["", String(text.dropLast()), text + "0", "g" + text.dropFirst()] {
            #expect(CurveKey(hex: bad) == nil && CurveSecret(hex: bad) == nil)
        }
        // Whatever prints it by mistake.
        #expect(!"\(worker)\(String(reflecting: worker))".contains(text))
        var dumped = ""
        dump(worker, to: &dumped)
        #expect(!dumped.contains(text.prefix(8)))
    }
}
