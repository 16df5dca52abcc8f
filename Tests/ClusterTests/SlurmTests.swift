// SPDX-License-Identifier: Apache-2.0
//
// Deploy/slurm on a real Slurm: a node that dies in the middle, a job that is stopped and queued again.

import Foundation
import Testing

@Suite(.serialized) struct SlurmTests {
    /// A minute or so, for a node that is silent is given up after ten seconds.
    private static let job = StopTests.job.replacingOccurrences(of: "epochs: 2", with: "epochs: 40")
    private static let script =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().path
        + "/../../Deploy/slurm/convoy.sbatch"

    @Test(
        .enabled(if: LongRuns.areWanted, LongRuns.hint),
        .enabled(if: SlurmCluster.obstacle == nil, "\(SlurmCluster.obstacle ?? "")"))
    func aNodeDiesAndTheJobIsQueuedAgain() throws {
        let folder = try ScratchFolder()
        let job = folder.path + "/job.yaml"
        try Self.job.write(toFile: job, atomically: true, encoding: .utf8)
        let expected = EventFile(path: folder.path + "/expected.jsonl")
        let undisturbed = try ConvoyProgram.run(
            [
                "train", job, "--quiet", "--workers", "2", "--output", folder.path + "/expected",
                "--log-json", expected.path,
            ], in: folder.path, within: 600)
        #expect(undisturbed.status == 0, "\(undisturbed.text)")

        let cluster = try SlurmCluster()
        let lost = cluster.nodes[2]
        let log = EventFile(path: folder.path + "/log.jsonl")
        let number = try cluster.run(
            """
            export CONVOY=\(ConvoyProgram.path) CONVOY_PORT=\(try freePort()) CONVOY_THREADS=1
            sbatch --parsable --nodes=3 --output=\(folder.path)/slurm.out \(Self.script) \(job) \
                --quiet --output \(folder.path)/run --log-json \(log.path)
            """
        ).trimmingCharacters(in: .whitespacesAndNewlines)
        func report() -> String {
            let output = try? String(contentsOfFile: folder.path + "/slurm.out", encoding: .utf8)
            let events = log.events.filter { $0["event"] as? String != "step" }.suffix(12)
            return "after step \(log.lastTrainingStep): \(output ?? "") \(events)"
        }
        func state() -> String {
            (try? cluster.run("timeout 10 scontrol --oneliner show job \(number)")) ?? "unknown"
        }
        #expect(wait(within: 120) { log.events("worker_joined").count >= 3 }, "\(report())")

        let goal = log.lastTrainingStep + 100
        #expect(wait(within: 120) { log.lastTrainingStep >= goal }, "\(report())")
        try cluster.lose(lost)
        #expect(
            wait(within: 60) {
                log.events("worker_lost").contains { $0["worker"] as? String == lost }
            },
            "\(report())")
        let next = log.lastTrainingStep + 100
        #expect(wait(within: 120) { log.lastTrainingStep >= next }, "\(report())")

        // What Slurm does before the time is up.
        try cluster.run("timeout 10 scancel --signal=TERM --batch \(number)")
        #expect(wait(within: 60) { state().contains("JobState=PENDING") }, "\(state()) \(report())")
        let stopped = log.lastTrainingStep
        try cluster.bringBack(lost)
        // Slurm holds a job that is queued again for two minutes.
        _ = try? cluster.run("timeout 10 scontrol update jobid=\(number) StartTime=now")
        #expect(wait(within: 400) { log.finalWeights != nil }, "\(state()) \(report())")
        #expect(log.events("resumed").last?["step"] as? Int == stopped)
        #expect(
            wait(within: 60) { state().contains("JobState=COMPLETED") }, "\(state()) \(report())")
        #expect(state().contains("Restarts=1"), "\(state())")
        #expect(log.finalWeights == expected.finalWeights)
        print(
            "Slurm: \(lost) lost, queued again after step \(stopped), \(log.finalWeights?.prefix(16) ?? "")"
        )
    }
}
