// SPDX-License-Identifier: Apache-2.0
//
// Connections of strangers, and how long they are borne. A pure value: the door does what it says.

/// All connections from a network that are open. Those that have not become a worker's are bounded in
/// number, in time, and in what they may send.
package struct Lobby {
    /// One connection: a descriptor is used again, a number never.
    package struct Connection: Equatable {
        package let descriptor: Int32
        let number: UInt64
    }

    private enum Standing: Equatable {
        /// Has said nothing that is of use.
        case stranger
        /// Belongs to a worker that still has to prove itself.
        case newcomer
        case worker
        /// Was told to go, and has until then to hear it.
        case dismissed(until: Duration, hasWorked: Bool)
        case shut
    }

    private struct Entry {
        let connection: Connection
        let since: Duration
        var standing: Standing
    }

    /// Strangers at a time; beyond it the oldest has to go.
    package static let capacity = 256
    /// Bytes that may come before a worker works: a few headers, never a tensor.
    package static let allowance = 1 << 20
    /// In which a farewell gets to the other side.
    private static let grace = Duration.milliseconds(300)

    /// In the order in which they came.
    private var entries: [Entry] = []
    private var newest: UInt64 = 0

    package init() {}

    /// Somebody is there who is no worker.
    package var isWatchful: Bool {
        entries.contains { $0.standing != .worker && $0.standing != .shut }
    }
    package var hasDismissed: Bool {
        entries.contains {
            switch $0.standing {
            case .dismissed, .shut: true
            case .stranger, .newcomer, .worker: false
            }
        }
    }

    package func connection(_ descriptor: Int32) -> Connection? {
        entries.last { $0.connection.descriptor == descriptor }?.connection
    }

    package func isDismissed(_ descriptor: Int32) -> Bool {
        switch entries.last(where: { $0.connection.descriptor == descriptor })?.standing {
        case .dismissed, .shut: true
        case .stranger, .newcomer, .worker, nil: false
        }
    }

    package mutating func came(_ descriptor: Int32, at now: Duration) {
        left(descriptor)
        newest += 1
        entries.append(
            Entry(
                connection: Connection(descriptor: descriptor, number: newest), since: now,
                standing: .stranger))
    }

    package mutating func left(_ descriptor: Int32) {
        entries.removeAll { $0.connection.descriptor == descriptor }
    }

    package mutating func welcomed(_ connection: Connection) { set(connection, .newcomer) }
    package mutating func works(_ connection: Connection) { set(connection, .worker) }

    /// Has to go; once is enough.
    package mutating func dismiss(_ connection: Connection, at now: Duration) {
        guard let entry = entries.last(where: { $0.connection == connection }),
            !isDismissed(connection.descriptor)
        else { return }
        set(
            connection,
            .dismissed(until: now + Self.grace, hasWorked: entry.standing == .worker))
    }

    /// Has to go without a farewell.
    ///
    /// - Returns: Whether it is still there, to be shut now.
    package mutating func shut(_ connection: Connection) -> Bool {
        let entry = entries.last { $0.connection == connection }
        set(connection, .shut)
        return entry.map { $0.standing != .shut } ?? false
    }

    private mutating func set(_ connection: Connection, _ standing: Standing) {
        guard let index = entries.lastIndex(where: { $0.connection == connection }) else { return }
        entries[index].standing = standing
    }

    /// Whose connections are to be shut now.
    ///
    /// - Parameters:
    ///   - patience: For strangers who say nothing.
    ///   - received: Bytes that have come by a descriptor.
    package mutating func overdue(
        at now: Duration, patience: Duration, received: (Int32) -> Int
    ) -> [Int32] {
        var surplus = entries.count { $0.standing == .stranger } - Self.capacity
        var result: [Int32] = []
        for index in entries.indices {
            let entry = entries[index]
            let isOverdue: Bool
            switch entry.standing {
            case .stranger:
                isOverdue =
                    surplus > 0 || now - entry.since > patience
                    || received(entry.connection.descriptor) > Self.allowance
                if isOverdue { surplus -= 1 }
            case .newcomer: isOverdue = received(entry.connection.descriptor) > Self.allowance
            case .dismissed(let end, let hasWorked):
                isOverdue =
                    now >= end
                    || !hasWorked && received(entry.connection.descriptor) > Self.allowance
            case .worker, .shut: isOverdue = false
            }
            guard isOverdue else { continue }
            entries[index].standing = .shut
            result.append(entry.connection.descriptor)
        }
        return result
    }
}
