// SPDX-License-Identifier: Apache-2.0

import Runtime
import Testing

/// How many strangers are borne, for how long, and what they may send.
@Suite struct LobbyTests {
    private static let patience = Duration.seconds(10)

    private func overdue(
        _ lobby: inout Lobby, at now: Duration, received: [Int32: Int] = [:]
    ) -> [Int32] {
        lobby.overdue(at: now, patience: Self.patience) { received[$0] ?? 0 }
    }

    @Test func whoSaysNothingHasToGo() {
        var lobby = Lobby()
        lobby.came(7, at: .seconds(1))
        #expect(overdue(&lobby, at: .seconds(11)) == [])
        #expect(overdue(&lobby, at: .milliseconds(11_001)) == [7])
        #expect(overdue(&lobby, at: .seconds(99)) == [], "once is enough")
        lobby.left(7)
        #expect(!lobby.isWatchful)
    }

    @Test func aWorkerMayStayAndSendWhatItLikes() throws {
        var lobby = Lobby()
        lobby.came(7, at: .zero)
        lobby.works(try #require(lobby.connection(7)))
        #expect(!lobby.isWatchful)
        #expect(overdue(&lobby, at: .seconds(9999), received: [7: 1 << 40]) == [])
    }

    @Test func whoIsNoWorkerYetMaySendLittle() throws {
        var lobby = Lobby()
        for descriptor: Int32 in [7, 8, 9] { lobby.came(descriptor, at: .zero) }
        lobby.welcomed(try #require(lobby.connection(8)))
        let received: [Int32: Int] = [7: Lobby.allowance + 1, 8: Lobby.allowance + 1, 9: 1]
        #expect(overdue(&lobby, at: .zero, received: received) == [7, 8])
        #expect(overdue(&lobby, at: .seconds(11)) == [9])
    }

    @Test func theOldestStrangersMakeRoom() throws {
        var lobby = Lobby()
        let all = (0..<Int32(Lobby.capacity + 3))
        for descriptor in all { lobby.came(descriptor, at: .zero) }
        // It came first, but it is no stranger any more.
        lobby.welcomed(try #require(lobby.connection(0)))
        #expect(overdue(&lobby, at: .zero) == [1, 2])
        #expect(overdue(&lobby, at: .zero) == [])
    }

    @Test func whoIsToldToGoHasAMomentToHearIt() throws {
        var lobby = Lobby()
        lobby.came(7, at: .zero)
        lobby.dismiss(try #require(lobby.connection(7)), at: .seconds(1))
        #expect(lobby.isDismissed(7) && lobby.hasDismissed)
        #expect(overdue(&lobby, at: .milliseconds(1100)) == [])
        // Being told again does not make the moment longer.
        lobby.dismiss(try #require(lobby.connection(7)), at: .milliseconds(1250))
        #expect(overdue(&lobby, at: .milliseconds(1300)) == [7])
        #expect(lobby.isDismissed(7), "nothing it says counts, until it is gone")
    }

    /// The system uses descriptors again.
    @Test func whoHasGoneIsNotTakenForWhoCame() throws {
        var lobby = Lobby()
        lobby.came(7, at: .zero)
        let first = try #require(lobby.connection(7))
        lobby.left(7)
        lobby.dismiss(first, at: .zero)
        lobby.came(7, at: .seconds(1))
        lobby.dismiss(first, at: .seconds(1))
        #expect(!lobby.isDismissed(7))
        lobby.works(first)
        #expect(lobby.isWatchful)
    }
}

@Suite struct KnockLogTests {
    @Test func oneLineIsToldOnceAMinute() {
        var log = KnockLog()
        #expect(log.note("x", at: .zero) == "x")
        for second in 1...60 { #expect(log.note("x", at: .seconds(second)) == nil) }
        #expect(
            log.note("x", at: .seconds(61))
                == "x (and 60 times more of what was told before)")
    }

    @Test func manyLinesAreToldTenAMinute() {
        var log = KnockLog()
        let told = (0..<1000).compactMap { log.note("\($0)", at: .milliseconds($0)) }
        #expect(told == (0..<10).map { "\($0)" })
        #expect(
            log.note("y", at: .seconds(100)) == "y (and 990 times more of what was told before)")
        #expect(log.note("z", at: .seconds(100)) == "z")
    }
}
