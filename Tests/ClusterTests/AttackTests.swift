// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Somebody reaches the coordinator's port during training, and does what they can with plain sockets: the
/// bits are those of a run in peace, and the coordinator's memory stays what it was.
@Suite(.serialized) struct AttackTests {
    /// KiB that it may grow by, whatever is sent to it: 256 strangers may send 1 MiB each before they are shown
    /// out.
    private static let allowance = 256 << 10
    private static let epochs = LongRuns.areWanted ? 60 : 8
    private static func job(heartbeat: Double = 1) -> String {
        StopTests.job(heartbeat: heartbeat).replacingOccurrences(
            of: "epochs: 2", with: "epochs: \(epochs)")
    }

    @Test(arguments: [true, false])
    func anAttackedRunHasTheSameBits(hasKeys: Bool) throws {
        let run = try DisturbedRun(job: Self.job(), isRemote: true, hasKeys: hasKeys)
        let expected = try run.undisturbed()
        try run.startCoordinator()
        for number in 0..<2 { try run.startWorker(number) }
        let coordinator = try #require(run.coordinator)
        #expect(wait(within: 60) { run.log.lastTrainingStep >= 30 }, "\(run.report)")
        let before = try Footprint(of: coordinator.identifier)
        let attacker = Attacker(port: run.port) { [link = run.link] in link?.recorded ?? [] }
        attacker.start(threads: 4, seed: 5)
        var most = (memory: 0, descriptors: 0)
        let end = Date().addingTimeInterval(300)
        while coordinator.isRunning, Date() < end {
            if let now = try? Footprint(of: coordinator.identifier) {
                most = (max(most.memory, now.memory), max(most.descriptors, now.descriptors))
            }
            usleep(5000)
        }
        attacker.stop()
        #expect(coordinator.status(within: 1) == 0, "\(run.report)")
        print(
            "\(hasKeys ? "keys" : "--insecure"): "
                + "\(attacker.attacks.values.reduce(0, +)) attacks; \(before), then at most "
                + "\(most.memory) KiB, \(most.descriptors) descriptors")
        #expect(Attacker.Attack.allCases.allSatisfy { attacker.attacks[$0] ?? 0 > 0 })
        #expect(run.log.trainingSteps.map(\.weights) == expected.trainingSteps.map(\.weights))
        #expect(run.log.finalWeights != nil && run.log.finalWeights == expected.finalWeights)
        #expect(most.memory < before.memory + Self.allowance)
        // Those of strangers, and of newcomers; replayed greetings make some.
        #expect(most.descriptors < before.descriptors + 600)
        // It does not write a line for each.
        let log = try Data(contentsOf: URL(fileURLWithPath: run.path + "/run/run.log"))
        #expect(log.count < 100_000, "\(log.count) bytes of log")
    }

    /// Who says nothing that is of use is not borne for ever.
    @Test(arguments: [true, false])
    func strangersAreShownOut(hasKeys: Bool) throws {
        let run = try DisturbedRun(
            job: Self.job(heartbeat: 0.1), isRemote: true, hasKeys: hasKeys)
        try run.startCoordinator()
        var silent: RawPeer?
        #expect(
            wait(within: 20) {
                silent = RawPeer(port: run.port)
                return silent != nil
            })
        let greeted = try #require(RawPeer(port: run.port))
        greeted.greet()
        let garbled = try #require(RawPeer(port: run.port))
        garbled.greet()
        garbled.send(RawPeer.frame([1, 2, 3]))
        #expect(garbled.isHungUpOn(), "at once")
        // After thirty heartbeats.
        #expect(wait(within: 10) { silent?.isHungUpOn() == true })
        #expect(wait(within: 10) { greeted.isHungUpOn() })
    }
}
