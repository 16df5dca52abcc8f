// SPDX-License-Identifier: Apache-2.0
//
// Whom a coordinator lets in over a network, and whom a worker works for.

import ZeroMQ

/// Whom a process trusts at the other end of a network.
public enum Trust<Keys> {
    /// Whoever is there; what travels can be read and changed on its way.
    case anyone
    /// Those who hold the right key.
    case keys(Keys)
}

extension Trust: Sendable where Keys: Sendable {}

/// What a coordinator knows itself and its workers by.
public struct CoordinatorKeys {
    public let secret: CurveSecret
    public let allowed: AllowList

    public init(secret: CurveSecret, allowed: AllowList) {
        self.secret = secret
        self.allowed = allowed
    }

    /// From a folder that `convoy keygen` has made, or else from the environment; nil if there are none.
    public static func find(
        folder: String?, environment: [String: String]
    ) throws(RuntimeError) -> CoordinatorKeys? {
        if let folder {
            return CoordinatorKeys(
                secret: try KeyText.secret(file: folder + "/" + KeyFolder.coordinatorSecret),
                allowed: try AllowList(path: folder + "/" + KeyFolder.allowed))
        }
        guard let secret = environment[KeyText.secretVariable] else { return nil }
        guard let list = environment[KeyText.allowedVariable] else {
            throw RuntimeError(
                .keys,
                "\(KeyText.secretVariable) is set and \(KeyText.allowedVariable) is not; set it to the "
                    + "public keys of the workers, one a line, or give the keys with --keys FOLDER")
        }
        return CoordinatorKeys(
            secret: try KeyText.secret(secret, from: KeyText.secretVariable),
            allowed: AllowList(try AllowList.parse(list, from: KeyText.allowedVariable)))
    }
}

/// What a worker knows itself and its coordinator by.
public struct WorkerKeys: Sendable {
    public let secret: CurveSecret
    public let coordinator: CurveKey

    public init(secret: CurveSecret, coordinator: CurveKey) {
        self.secret = secret
        self.coordinator = coordinator
    }

    /// From a folder that `convoy keygen` has made, or else from the environment; nil if there are none.
    public static func find(
        folder: String?, environment: [String: String]
    ) throws(RuntimeError) -> WorkerKeys? {
        if let folder {
            return WorkerKeys(
                secret: try KeyText.secret(file: folder + "/" + KeyFolder.workerSecret),
                coordinator: try KeyText.key(file: folder + "/" + KeyFolder.coordinatorPublic))
        }
        guard let secret = environment[KeyText.secretVariable] else { return nil }
        guard let key = environment[KeyText.coordinatorVariable] else {
            throw RuntimeError(
                .keys,
                "\(KeyText.secretVariable) is set and \(KeyText.coordinatorVariable) is not; set it to "
                    + "the coordinator's public key, or give the keys with --keys FOLDER")
        }
        return WorkerKeys(
            secret: try KeyText.secret(secret, from: KeyText.secretVariable),
            coordinator: try KeyText.key(key, from: KeyText.coordinatorVariable))
    }

    /// As a child process is told them: the environment is its user's alone, arguments are everybody's.
    public var environment: [String: String] {
        [
            KeyText.secretVariable: secret.hex,
            KeyText.coordinatorVariable: coordinator.description,
        ]
    }
}

extension Trust {
    /// The keys, if any are used.
    var keys: Keys? {
        switch self {
        case .anyone: nil
        case .keys(let keys): keys
        }
    }

    /// What a process says that is to use a network and was not told whom to trust.
    public static func missing(
        _ whoIs: String, _ endpoint: String, _ folder: String
    ) -> RuntimeError {
        RuntimeError(
            .keys,
            "\(endpoint) can be reached by others, and this \(whoIs) has no keys; make some with "
                + "'convoy keygen keys' and give them with --keys keys/\(folder), or trust whoever is "
                + "there with --insecure")
    }
}
