// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What went wrong in a run: seen, expected, what to do.
public struct RuntimeError: Error, Equatable, CustomStringConvertible {
    public enum Code: Sendable {
        case system, checkpoint, modelFile, runFolder, refused, workerFailed, notFinite, noWorkers
        case lostCoordinator, stopped, dataset, network, keys
        /// A worker has computed wrong, and the run goes on from an earlier checkpoint.
        case wentBack
    }
    public let code: Code
    public let detail: String
    public var description: String { detail }

    public init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    /// - Parameter errno: Read on the line after the call.
    init(call: String, errno: CInt, cure: String = "") {
        self.init(
            .system,
            "\(call): \(String(cString: strerror(errno)))" + (cure.isEmpty ? "" : "; \(cure)"))
    }
}
