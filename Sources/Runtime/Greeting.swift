// SPDX-License-Identifier: Apache-2.0
//
// What becomes of a worker's attempts to greet its coordinator over a network.

import ZeroMQ

/// Watches one connection of a worker, and says in a sentence why it does not come about.
final class Greeting {
    let events: ConnectionEvents
    private let endpoint: String
    private let keys: WorkerKeys?
    private var isConnected = false
    /// Connections that broke off before the two had greeted each other. A coordinator that is just ending
    /// breaks one off, too.
    private var broken = 0

    private static let enough = 3

    /// To be made before the socket connects.
    init(
        of socket: borrowing Socket, _ context: Context, _ options: WorkerOptions
    ) throws(ZeroMQError) {
        events = try ConnectionEvents(of: socket, context)
        endpoint = options.endpoint
        keys = options.trust?.keys
    }

    /// Why this session has ended; nil if it has not.
    func end() throws(ZeroMQError) -> WorkerSession.End? {
        while let event = try events.next() {
            switch event {
            case .accepted: break
            case .greeted: isConnected = true
            case .disconnected:
                if isConnected { return .again("the connection was lost") }
            case .failed(let failure):
                if failure == .broken { broken += 1 }
                if let reason = explain(failure) { return .outside(reason) }
            }
        }
        return nil
    }

    /// Where keys do not fit, libzmq at the other end knows why and just hangs up.
    private func explain(_ failure: GreetingFailure) -> String? {
        switch failure {
        case .denied:
            return
                "the coordinator at \(endpoint) does not let in this worker's key "
                + "\(keys?.secret.publicKey.description ?? "none"); add it to the coordinator's "
                + "\(KeyFolder.allowed)"
        case .broken where broken < Self.enough: return nil
        case .broken, .otherMechanism, .otherKey:
            guard let keys else {
                return
                    "the coordinator at \(endpoint) asks for a key, and this worker has none; give it "
                    + "--keys FOLDER in place of --insecure"
            }
            return
                "the coordinator at \(endpoint) is not the one with the key "
                + "\(keys.coordinator.short), or uses no keys; copy "
                + "\(KeyFolder.coordinatorPublic) anew from its folder"
        case .garbled:
            return "what answers at \(endpoint) is no coordinator; check the address"
        }
    }
}
