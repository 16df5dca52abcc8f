// SPDX-License-Identifier: Apache-2.0
//
// How processes that were started together find their coordinator: by a file in the run folder.

import Foundation
import Glibc
import Runtime

/// The file `endpoint` of a run folder, there while the coordinator of a launch listens.
struct Rendezvous {
    let path: String
    /// Files of other launches do not count.
    let launch: String

    init(folder: String, launch: String) {
        path = folder + "/endpoint"
        self.launch = launch
    }

    func announce(_ endpoint: String) throws {
        let text = "\(launch)\n\(endpoint)\n"
        let draft = path + ".\(getpid())"
        guard
            FileManager.default.createFile(
                atPath: draft, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600]),
            rename(draft, path) == 0
        else {
            throw RuntimeError(
                .runFolder,
                "\(path): \(String(cString: strerror(errno))); workers look for the coordinator there"
            )
        }
    }

    func withdraw() { unlink(path) }

    /// Waits for the coordinator's word.
    func find(patience: Duration) throws(RuntimeError) -> String {
        let end = ContinuousClock.now + patience
        while .now < end {
            let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            if lines.count >= 3, lines[0] == launch { return String(lines[1]) }
            usleep(50_000)
        }
        throw RuntimeError(
            .lostCoordinator,
            "no word of the coordinator in \(path) for \(patience); see that rank 0 runs, and that all "
                + "machines share this folder (--output), or say where it is with --host and --port"
        )
    }
}

/// Tells where the coordinator listens as soon as it does.
final class Announcement: RunObserver {
    private let rendezvous: Rendezvous
    private let host: String

    init(_ rendezvous: Rendezvous, host: String) {
        self.rendezvous = rendezvous
        self.host = host
    }

    func handle(_ event: RunEvent) {
        guard case .started(let info) = event else { return }
        let endpoint = info.endpoint.replacingOccurrences(of: "//0.0.0.0:", with: "//\(host):")
        do { try rendezvous.announce(endpoint) } catch {
            // The run is in the same folder and fails by itself if that cannot be written.
        }
    }
}
