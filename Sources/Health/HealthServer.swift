// SPDX-License-Identifier: Apache-2.0
//
// A coordinator's HTTP endpoint. Its threads read the board and nothing else.

import Dispatch
import FlyingFox
import FlyingSocks
import Foundation
import Glibc
import Synchronization

/// An endpoint that cannot be had.
public struct HealthError: Error, Equatable, CustomStringConvertible {
    public let description: String
}

/// Serves `/healthz`, `/metrics` and `/status` until the process ends.
public struct HealthServer: Sendable {
    /// Where it listens, `http://127.0.0.1:9090`.
    public let address: String

    /// Returns when it listens.
    ///
    /// - Parameters:
    ///   - address: Of IPv4 or IPv6, in numbers.
    ///   - port: 0 for a free one.
    public init(
        _ board: HealthBoard, address: String = "127.0.0.1", port: UInt16
    ) throws(HealthError) {
        let server: HTTPServer
        do {
            server =
                address.contains(":")
                ? HTTPServer(
                    address: try sockaddr_in6.inet6(ip6: address, port: port), timeout: 5,
                    logger: .disabled)
                : HTTPServer(
                    address: try sockaddr_in.inet(ip4: address, port: port), timeout: 5,
                    logger: .disabled)
        } catch {
            throw HealthError(
                description: "--http \(address): no address in numbers; give PORT, or "
                    + "ADDRESS:PORT as in 0.0.0.0:9090")
        }
        let outcome = Outcome()
        Task.detached {
            await Self.route(server, board)
            do { try await server.run() } catch { outcome.settle(.failure("\(error)")) }
        }
        Task.detached {
            do {
                try await server.waitUntilListening(timeout: 10)
                outcome.settle(
                    await server.listeningAddress.map { .port(Self.port(of: $0)) }
                        ?? .failure("it is gone"))
            } catch { outcome.settle(.failure("\(error)")) }
        }
        switch outcome.wait() {
        case .port(let port):
            self.address =
                "http://" + (address.contains(":") ? "[\(address)]" : address) + ":\(port)"
        case .failure(let reason):
            throw HealthError(
                description: "--http \(address):\(port): \(reason); choose another port, or an "
                    + "address of this machine")
        }
    }

    private static func route(_ server: HTTPServer, _ board: HealthBoard) async {
        await server.appendRoute("GET /healthz") { _ in
            let ailment = board.ailment(at: .now)
            return HTTPResponse(
                statusCode: ailment == nil ? .ok : .serviceUnavailable,
                headers: [.contentType: "text/plain; charset=utf-8"],
                body: Data(((ailment ?? "ok") + "\n").utf8))
        }
        await server.appendRoute("GET /metrics") { _ in
            HTTPResponse(
                statusCode: .ok,
                headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: Data(board.metrics.utf8))
        }
        await server.appendRoute("GET /status") { _ in
            HTTPResponse(
                statusCode: .ok, headers: [.contentType: "application/json"],
                body: Data(board.status.utf8))
        }
    }

    private static func port(of address: Socket.Address) -> UInt16 {
        switch address {
        case .ip4(_, let port), .ip6(_, let port): port
        case .unix: 0
        }
    }
}

/// What becomes of the start; the first word counts.
private final class Outcome: Sendable {
    enum Word: Sendable { case port(UInt16), failure(String) }

    private let word = Mutex<Word?>(nil)
    private let isThere = DispatchSemaphore(value: 0)

    func settle(_ word: Word) {
        self.word.withLock { if $0 == nil { $0 = word } }
        isThere.signal()
    }

    func wait() -> Word {
        isThere.wait()
        return word.withLock { $0 } ?? .failure("it did not start")
    }
}
