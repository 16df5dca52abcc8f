// SPDX-License-Identifier: Apache-2.0
//
// Who is let in, who is told to go, and who is put out.

import Glibc
import Wire
import ZeroMQ

extension Coordinator {
    /// Lets in who has a key of the list, and takes note of who comes and goes.
    func attendDoor() throws(ZeroMQError) {
        try door?.attend(at: now) { knocked($0) }
    }

    /// Puts out whose key is on the list no more.
    func followAllowList() {
        guard let list = door?.keys?.allowed else { return }
        switch list.refresh() {
        case .none: break
        case .unreadable(let problem): knocked("everybody new: \(problem)")
        case .revoked(let keys):
            for key in keys {
                while let member = members.first(where: { $0.key == key }) {
                    let reason = "the key \(key.short) was taken off \(list.place)"
                    send(.refused(reason: reason), to: member.control)
                    lose(member.number, reason: reason)
                }
            }
        }
    }

    /// Puts out who sends a message that has no end.
    func followIntakes() {
        guard let door else { return }
        var endless: [UInt64] = []
        for index in members.indices where members[index].phase == .working {
            let received = members[index].connections.map(door.received)
            let isEndless = members[index].intakes.control.isEndless(received: received[0])
            if members[index].intakes.data.isEndless(received: received[1]) || isEndless {
                endless.append(members[index].number)
            }
        }
        for number in endless {
            guard let member = members.first(where: { $0.number == number }) else { continue }
            lose(number, reason: "sends a message without end")
            door.shut(member.connections)
        }
    }

    /// Somebody is not let in. Told in a few lines a minute.
    func knocked(_ line: String) {
        if let line = knocks.note(line, at: now) { observer.handle(.workerRefused(reason: line)) }
    }

    /// The one answer to somebody who has no business here.
    func dismiss(_ message: borrowing Router.Received, _ answer: Message) {
        send(answer, to: message.peer)
        guard let door else { return }
        door.dismiss([door.connection(of: message.header)], at: now)
    }

    /// Somebody who is no worker of this run, or speaks as no worker does. Not worth an answer.
    func dismissStranger(_ message: borrowing Router.Received) {
        logger.debug("a message of no worker", metadata: ["peer": "\(message.peer)"])
        guard let door else { return }
        door.dismiss([door.connection(of: message.header)], at: now)
    }
}

/// Connections of strangers must not take the files that a checkpoint needs.
func allowManyFiles() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = min(limit.rlim_max, 65_536)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}
