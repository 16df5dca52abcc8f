// SPDX-License-Identifier: Apache-2.0
//
// `--http`: what a coordinator answers while it trains, and that asking changes no bit.

import Foundation
import Testing

@Suite(.serialized) struct HealthEndpointTests {
    /// Debian's package prometheus has it; `Deploy/test --long` takes it out of there.
    static let promtool: String? = {
        let given = ProcessInfo.processInfo.environment["CONVOY_PROMTOOL"]
        return [given, "/usr/bin/promtool"].compactMap { $0 }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    @Test func aRunningCoordinatorAnswers() throws {
        let run = try DisturbedRun(job: StopTests.job)
        let expected = try run.undisturbed()
        try Brake.plan(["worker-1": [20], "worker-2": [20]]).write(
            toFile: run.path + "/plan.yaml", atomically: true, encoding: .utf8)
        let program = try ConvoyProgram(
            [
                "train", run.path + "/job.yaml", "--workers", "2", "--http", "0", "--fault-plan",
                run.path + "/plan.yaml", "--output",
                run.path + "/run", "--log-json", run.log.path,
            ], in: run.path)
        #expect(wait(within: 60) { run.log.lastTrainingStep >= 10 }, "\(program.text)")
        let address = try #require(
            program.text.split(separator: "\n").first {
                $0.hasPrefix("health at http://127.0.0.1:")
            })
        let port = try #require(
            address.split(separator: ":").last.flatMap { Int($0.prefix { $0 != "/" }) })

        var status: [String: Any] = [:]
        #expect(
            wait(within: 10) {
                let page = Self.get("/status", port: port).body
                status =
                    (try? JSONSerialization.jsonObject(with: Data(page.utf8))) as? [String: Any]
                    ?? [:]
                return (status["workers"] as? [Any])?.count == 2
            }, "\(status)")
        #expect((status["step"] as? Int ?? 0) >= 10 && status["steps"] as? Int == 170, "\(status)")
        let workers = status["workers"] as? [[String: Any]] ?? []
        #expect(Set(workers.compactMap { $0["name"] as? String }) == ["worker-1", "worker-2"])
        #expect(workers.allSatisfy { ($0["arrival_lag"] as? Double ?? -1) >= 0 }, "\(status)")
        #expect(status["waiting_for"] is [String])

        let health = Self.get("/healthz", port: port)
        #expect(health.code == 200 && health.body == "ok\n", "\(health)")
        let metrics = Self.get("/metrics", port: port)
        #expect(metrics.code == 200 && metrics.body.contains("\nconvoy_workers 2\n"), "\(metrics)")
        #expect(Self.get("/nothing", port: port).code == 404)
        if let promtool = Self.promtool {
            let complaints = try Shell.run("\(promtool) check metrics", input: metrics.body)
            #expect(complaints.status == 0 && complaints.text.isEmpty, "\(complaints)")
        } else {
            print("/metrics is not linted: no promtool here (Deploy/test --long gets it)")
        }

        #expect(program.status() == 0, "\(program.text)")
        #expect(run.log.finalWeights != nil && run.log.finalWeights == expected.finalWeights)
    }

    @Test func aPortThatIsTakenIsNamed() throws {
        let folder = try ScratchFolder()
        let holder = try PortHolder()
        let result = try ConvoyProgram.run(
            ["train", "--dataset", "shapes", "--http", "\(holder.port)", "--output", folder.path],
            in: folder.path)
        #expect(result.status == 1)
        #expect(
            result.text.contains("error: --http 127.0.0.1:\(holder.port): ")
                && result.text.contains("Address already in use"), "\(result.text)")
    }

    @Test(arguments: ["health", "70000", ":", "1.2.3:x"])
    func aPortThatIsNoneIsWrongUsage(_ text: String) throws {
        let folder = try ScratchFolder()
        let result = try ConvoyProgram.run(["train", "--http", text], in: folder.path)
        #expect(result.status == 64)
        #expect(result.text.contains("--http \(text) is no port; expected PORT or ADDRESS:PORT"))
    }

    private static func get(_ path: String, port: Int) -> (code: Int, body: String) {
        let request = #"GET \#(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"#
        let script =
            "exec 3<>/dev/tcp/127.0.0.1/\(port); printf '\(request)' >&3; timeout 5 cat <&3"
        guard let text = try? Shell.run(script).text, let end = text.range(of: "\r\n\r\n") else {
            return (0, "")
        }
        let code = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return (code, String(text[end.upperBound...]))
    }
}
