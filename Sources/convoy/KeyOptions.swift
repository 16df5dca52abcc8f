// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Runtime
import ZeroMQ

/// By what coordinator and workers know each other. On TCP only: a Unix socket is its user's alone.
struct KeyOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where the keys are, a folder that 'convoy keygen' made.",
            discussion: """
                Without it they are taken from the environment: CONVOY_SECRET_KEY, with \
                CONVOY_WORKER_KEYS for a coordinator and CONVOY_COORDINATOR_KEY for a worker.
                """, valueName: "folder"),
        completion: .directory)
    var keys: String?

    @Flag(help: "Use no keys on TCP: trust whoever is there, and let what travels be read.")
    var insecure = false

    func validate() throws {
        if let keys, insecure {
            throw ValidationError(
                "--insecure uses no keys, and --keys \(keys) gives some; choose one")
        }
    }

    func coordinator(at endpoint: String) throws -> Trust<CoordinatorKeys>? {
        try trust(at: endpoint, "coordinator") { try .find(folder: keys, environment: $0) }
    }

    func worker(at endpoint: String) throws -> Trust<WorkerKeys>? {
        try trust(at: endpoint, "worker") { try .find(folder: keys, environment: $0) }
    }

    /// With keys for the workers of this machine, made for this run alone.
    func train(at endpoint: String) throws -> (Trust<CoordinatorKeys>?, own: WorkerKeys?) {
        guard endpoint.hasPrefix("tcp:"), !insecure else {
            return (try coordinator(at: endpoint), nil)
        }
        let given: CoordinatorKeys? = try .find(
            folder: keys, environment: ProcessInfo.processInfo.environment)
        let all = try given ?? CoordinatorKeys(secret: .generate(), allowed: AllowList([:]))
        let own = try WorkerKeys(secret: .generate(), coordinator: all.secret.publicKey)
        all.allowed.add(own.secret.publicKey, name: "workers of this run")
        return (.keys(all), own)
    }

    private func trust<Keys>(
        at endpoint: String, _ whoIs: String, find: ([String: String]) throws -> Keys?
    ) throws -> Trust<Keys>? {
        guard endpoint.hasPrefix("tcp:") else { return nil }
        if insecure { return .anyone }
        guard let keys = try find(ProcessInfo.processInfo.environment) else {
            throw Trust<Keys>.missing(whoIs, endpoint, whoIs)
        }
        return .keys(keys)
    }
}
