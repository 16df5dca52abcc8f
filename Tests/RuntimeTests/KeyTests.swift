// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Runtime
import Testing
import ZeroMQ

/// Keys on disk and in the environment: who may read them, what is in them, and what a mistake is told.
@Suite struct KeyTests {
    private let folder: TemporaryFolder
    private let keys: KeyFolder

    init() throws {
        folder = try TemporaryFolder()
        keys = KeyFolder(folder.path + "/keys")
    }

    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
    }

    private func sentence(_ body: () throws -> Void) -> String? {
        runtimeError(body)?.sentence(in: folder)
    }

    @Test func generatedKeysFitTogether() throws {
        try keys.make(workers: ["worker", "node7"])
        let coordinator = try #require(
            try CoordinatorKeys.find(folder: keys.coordinator, environment: [:]))
        var seen: Set<CurveKey> = [coordinator.secret.publicKey]
        for name in ["worker", "node7"] {
            let worker = try #require(
                try WorkerKeys.find(folder: keys.worker(name), environment: [:]))
            #expect(worker.coordinator == coordinator.secret.publicKey)
            #expect(coordinator.allowed.admits(worker.secret.publicKey))
            #expect(seen.insert(worker.secret.publicKey).inserted)
            #expect(mode(keys.worker(name) + "/worker.secret") == 0o600)
        }
        #expect(try !coordinator.allowed.admits(CurveSecret.generate().publicKey))
        #expect(mode(keys.coordinator + "/coordinator.secret") == 0o600)
        #expect(mode(keys.coordinator) == 0o700)
    }

    @Test func laterKeysAreAddedAndNothingIsOverwritten() throws {
        try keys.make(workers: ["worker"])
        let secret = try contents(keys.coordinator + "/coordinator.secret")
        let list = try contents(keys.allowed)
        #expect(
            sentence { try keys.make(workers: ["node7", "worker"]) }
                == "keys/worker is there already; choose another name with --worker NAME, or delete it, "
                + "and its line in keys/coordinator/workers.allowed, when its key is not used any more"
        )
        #expect(try contents(keys.allowed) == list, "nothing was made")
        try keys.make(workers: ["node7"])
        #expect(try contents(keys.coordinator + "/coordinator.secret") == secret)
        let coordinator = try #require(
            try CoordinatorKeys.find(folder: keys.coordinator, environment: [:]))
        #expect(coordinator.allowed.names.values.sorted() == ["node7", "worker"])
        for bad in ["", "coordinator", "../x", ".x", "a b"] {
            #expect(sentence { try keys.make(workers: [bad]) }?.contains("is no name") == true)
        }
    }

    @Test(arguments: [0o640, 0o604, 0o620, 0o644, 0o660])
    func aSecretThatIsOpenToOthersIsRefused(mode: mode_t) throws {
        try keys.make(workers: ["worker"])
        let path = keys.worker("worker") + "/worker.secret"
        chmod(path, mode)
        #expect(
            sentence { _ = try WorkerKeys.find(folder: keys.worker("worker"), environment: [:]) }
                == "the secret key keys/worker/worker.secret is open to others (mode "
                + "\(String(mode, radix: 8))); if nobody has taken it, chmod 600 "
                + "'keys/worker/worker.secret', else make a new one")
        chmod(path, 0o400)
        #expect(try WorkerKeys.find(folder: keys.worker("worker"), environment: [:]) != nil)
    }

    @Test func aListThatOthersCanChangeIsRefused() throws {
        try keys.make(workers: ["worker"])
        chmod(keys.allowed, 0o664)
        #expect(
            sentence { _ = try CoordinatorKeys.find(folder: keys.coordinator, environment: [:]) }
                == "keys/coordinator/workers.allowed can be changed by others (mode 664); chmod go-w "
                + "'keys/coordinator/workers.allowed' when what it holds is right")
    }

    @Test func whatIsNoKeyIsNotRepeated() throws {
        try keys.make(workers: ["worker"])
        let path = keys.worker("worker") + "/worker.secret"
        for text in ["", "hunter2", "# nothing\n", String(repeating: "0", count: 63)] {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            chmod(path, 0o600)
            #expect(
                sentence {
                    _ = try WorkerKeys.find(folder: keys.worker("worker"), environment: [:])
                }
                    == "keys/worker/worker.secret holds no key; expected 64 hexadecimal digits, as "
                    + "'convoy keygen' writes them")
        }
        unlink(path)
        #expect(
            sentence { _ = try WorkerKeys.find(folder: keys.worker("worker"), environment: [:]) }
                == "cannot open keys/worker/worker.secret: No such file or directory; 'convoy keygen' "
                + "makes keys")
    }

    @Test func theEnvironmentHoldsTheSameTexts() throws {
        try keys.make(workers: ["a", "b"])
        func text(_ path: String) throws -> String {
            String(decoding: try contents(path), as: UTF8.self)
        }
        let coordinator = try #require(
            try CoordinatorKeys.find(
                folder: nil,
                environment: [
                    "CONVOY_SECRET_KEY": text(keys.coordinator + "/coordinator.secret"),
                    "CONVOY_WORKER_KEYS": text(keys.allowed),
                ]))
        let worker = try #require(
            try WorkerKeys.find(
                folder: nil,
                environment: [
                    "CONVOY_SECRET_KEY": text(keys.worker("b") + "/worker.secret"),
                    "CONVOY_COORDINATOR_KEY": text(keys.coordinator + "/coordinator.public"),
                ]))
        #expect(worker.coordinator == coordinator.secret.publicKey)
        #expect(coordinator.allowed.admits(worker.secret.publicKey))
        #expect(coordinator.allowed.names.count == 2)
        // What a child is given.
        let child = try #require(try WorkerKeys.find(folder: nil, environment: worker.environment))
        #expect(child.secret.publicKey == worker.secret.publicKey)
        #expect(try WorkerKeys.find(folder: nil, environment: [:]) == nil)
        let half = ["CONVOY_SECRET_KEY": worker.secret.hex]
        #expect(
            sentence { _ = try WorkerKeys.find(folder: nil, environment: half) }?
                .hasPrefix("CONVOY_SECRET_KEY is set and CONVOY_COORDINATOR_KEY is not") == true)
        #expect(
            sentence { _ = try CoordinatorKeys.find(folder: nil, environment: half) }?
                .hasPrefix("CONVOY_SECRET_KEY is set and CONVOY_WORKER_KEYS is not") == true)
    }

    @Test func aListIsFollowed() throws {
        let (a, b) = (try CurveSecret.generate().publicKey, try CurveSecret.generate().publicKey)
        let path = folder.path + "/list"
        func write(_ text: String) throws {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
            chmod(path, 0o644)
        }
        try write("# us\n\(a) first worker\n\n\(b)\n")
        let list = try AllowList(path: path)
        #expect(list.names == [a: "first worker", b: ""])
        #expect(list.refresh() == .none)

        try write("\(a)\n")
        #expect(list.refresh() == .none, "it may still be written")
        #expect(list.refresh() == .revoked([b]))
        #expect(list.admits(a) && !list.admits(b))
        #expect(list.refresh() == .none)

        // While it cannot be read nobody new comes in, and nobody is put out.
        try write("\(a)\nnonsense\n")
        #expect(list.refresh() == .none)
        let problem =
            "\(path), line 2: 'nonsense' is no public key; expected 64 hexadecimal digits "
            + "and a name, or # and a comment"
        #expect(list.refresh() == .unreadable(problem))
        #expect(!list.admits(a))
        #expect(list.refresh() == .none, "told once")
        unlink(path)
        _ = list.refresh()
        guard case .unreadable = list.refresh() else {
            Issue.record("a list that is gone admits")
            return
        }
        try write("\(b)\n")
        _ = list.refresh()
        #expect(list.refresh() == .revoked([a]))
        #expect(!list.admits(a) && list.admits(b))
    }

    @Test func keysOfOnesOwnStayWhateverTheListSays() throws {
        try keys.make(workers: ["worker"])
        let list = try AllowList(path: keys.allowed)
        let own = try CurveSecret.generate().publicKey
        list.add(own, name: "own")
        try Data().write(to: URL(fileURLWithPath: keys.allowed))
        chmod(keys.allowed, 0o644)
        _ = list.refresh()
        guard case .revoked(let revoked) = list.refresh() else {
            Issue.record("not read")
            return
        }
        #expect(revoked.count == 1 && list.admits(own))
    }
}
