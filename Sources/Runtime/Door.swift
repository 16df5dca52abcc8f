// SPDX-License-Identifier: Apache-2.0
//
// The way in to a coordinator from a network.

import CMachine
import Glibc
import ZeroMQ

/// Watches the connections of a coordinator's socket, asks the allow-list, and shuts out who has no business
/// here. Belongs to the coordinator's thread.
final class Door {
    let gate: Gate
    let events: ConnectionEvents
    let keys: CoordinatorKeys?
    private(set) var lobby = Lobby()
    private var lastLook = Duration.zero

    /// To be made before the socket listens.
    init(
        of socket: borrowing Socket, _ context: Context, _ keys: CoordinatorKeys?
    ) throws(ZeroMQError) {
        self.keys = keys
        gate = try Gate(context)
        events = try ConnectionEvents(of: socket, context)
    }

    /// Lets in who is on the list, and takes note of who comes and goes. Never waits.
    ///
    /// - Parameter knocked: Told of those who stay outside.
    func attend(at now: Duration, knocked: (String) -> Void) throws(ZeroMQError) {
        try gate.answer { visitor in
            guard let keys, keys.allowed.admits(visitor.key) else {
                if let keys { knocked(Self.stranger(visitor, keys.allowed)) }
                return false
            }
            return true
        }
        while let event = try events.next() {
            switch event {
            case .accepted(let descriptor): lobby.came(descriptor, at: now)
            case .disconnected(let descriptor): lobby.left(descriptor)
            case .greeted, .failed(.broken), .failed(.denied): break
            case .failed(.otherMechanism):
                knocked(
                    keys == nil
                        ? "somebody who uses keys, which this coordinator does not (--insecure)"
                        : "somebody without keys; workers need --keys or CONVOY_SECRET_KEY")
            case .failed(.otherKey):
                knocked(
                    "somebody who takes this coordinator for one with another key; give workers "
                        + "the \(KeyFolder.coordinatorPublic) that belongs to it "
                        + "(\(keys?.secret.publicKey.short ?? "none"))")
            case .failed(.garbled): knocked("somebody who is no worker, or not one that works")
            }
        }
    }

    private static func stranger(_ visitor: Gate.Visitor, _ list: AllowList) -> String {
        let who = "a worker at \(visitor.address) with the key \(visitor.key)"
        if let problem = list.problem { return "\(who), as everybody new: \(problem)" }
        return "\(who), which is not in \(list.place); add it there to let it in"
    }

    /// Shuts what is overdue; ten times a second, or oftener while there are strangers.
    func look(at now: Duration, patience: Duration) {
        guard now - lastLook >= Self.interval else { return }
        lastLook = now
        guard lobby.isWatchful else { return }
        let overdue = lobby.overdue(at: now, patience: patience) {
            Int(clamping: machine_bytes_received($0))
        }
        // libzmq finds the connection ended, and closes it.
        for descriptor in overdue { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }

    /// How long nobody need look; nil while there is nothing to look at.
    var pause: Duration? { lobby.isWatchful ? Self.interval : nil }

    private static let interval = Duration.milliseconds(20)

    /// That by which a message has come.
    func connection(of header: borrowing Frame) -> Lobby.Connection? {
        header.connection.flatMap { lobby.connection($0) }
    }

    func welcomed(_ connection: Lobby.Connection?) {
        if let connection { lobby.welcomed(connection) }
    }

    func works(_ connections: [Lobby.Connection?]) {
        for case let connection? in connections { lobby.works(connection) }
    }

    func dismiss(_ connections: [Lobby.Connection?], at now: Duration) {
        for case let connection? in connections { lobby.dismiss(connection, at: now) }
    }

    /// Bytes that have come by a connection.
    func received(_ connection: Lobby.Connection?) -> Int {
        connection.map { Int(clamping: machine_bytes_received($0.descriptor)) } ?? 0
    }

    /// Ends connections at once.
    func shut(_ connections: [Lobby.Connection?]) {
        for case let connection? in connections where lobby.shut(connection) {
            shutdown(connection.descriptor, Int32(SHUT_RDWR))
        }
    }

    /// Whether the sender of a message was told to go: nothing it says matters any more.
    func isDismissed(_ header: borrowing Frame) -> Bool {
        lobby.hasDismissed && header.connection.map { lobby.isDismissed($0) } == true
    }
}
