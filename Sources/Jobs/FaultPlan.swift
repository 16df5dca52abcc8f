// SPDX-License-Identifier: Apache-2.0
//
// Accidents on purpose: what happens to whom, and when. For tests of a cluster.

import Configuration

/// The faults of a `--fault-plan` file, a YAML list:
///
///     - {step: 12, phase: compute, worker: worker-1, action: kill}
///     - {step: 20, phase: send, worker: worker-2, action: stop, seconds: 1.5}
///     - {step: 30, phase: commit, worker: coordinator, action: kill}
///
/// Each strikes once, at the first time that its worker comes to that phase of that step or a later one.
public struct FaultPlan: Sendable, Equatable {
    public enum Phase: String, Sendable, CaseIterable {
        /// A lease has arrived at the worker.
        case lease
        /// A shard is about to be computed.
        case compute
        /// A sum is about to be sent.
        case send
        /// The coordinator has committed the step.
        case commit
    }

    public enum Action: String, Sendable, CaseIterable {
        /// SIGKILL.
        case kill
        /// SIGSTOP, and SIGCONT after `seconds`.
        case stop
        /// As SIGTERM.
        case leave
        /// From here on the worker flips a bit of every gradient.
        case corrupt
        /// The phase takes `seconds` longer.
        case delay
        /// The connections break; the worker says hello again.
        case dropConnection = "drop-connection"
    }

    public struct Fault: Sendable, Equatable {
        /// As the log counts them, from 1.
        public let step: Int
        public let phase: Phase
        public let worker: String
        public let action: Action
        /// Of `stop` and `delay`.
        public let seconds: Double
    }

    /// The name that the coordinator goes by.
    public static let coordinator = "coordinator"

    public let faults: [Fault]

    /// - Parameters:
    ///   - yaml: The text of a fault plan.
    ///   - file: Its name, for messages.
    public static func parse(yaml: String, file: String) throws(JobError) -> FaultPlan {
        do throws(ConfigError) {
            let tree = try YAMLReader.read(yaml)
            guard case .list(let items) = tree.kind else {
                throw ConfigError(
                    code: .wrongType, path: "", line: tree.line,
                    detail: "expected a list of faults: "
                        + "- {step: 12, phase: compute, worker: worker-1, action: kill}")
            }
            var faults: [Fault] = []
            for (index, item) in items.enumerated() {
                var fields = try Fields(item, path: "[\(index)]")
                faults.append(try Fault(fields: &fields))
                try fields.finish()
            }
            return FaultPlan(faults: faults)
        } catch {
            throw JobError(error, file: file, text: yaml, overrides: [])
        }
    }
}

extension FaultPlan.Fault {
    fileprivate init(fields: inout Fields) throws(ConfigError) {
        step = try fields.int("step", in: 1...Int.max)
        worker = try fields.string("worker")
        let isCoordinator = worker == FaultPlan.coordinator
        phase = try fields.choice("phase", default: isCoordinator ? .commit : .compute)
        action = try fields.choice("action")
        let takesTime = action == .stop || action == .delay
        seconds = try fields.double("seconds", default: takesTime ? nil : 0, in: 0...3600)
        guard (phase == .commit) == isCoordinator else {
            throw Self.clash(fields, "the coordinator, and nobody else, has the phase commit")
        }
        guard !isCoordinator || action == .kill || action == .stop || action == .leave else {
            throw Self.clash(fields, "the coordinator can only kill, stop or leave")
        }
        guard action != .corrupt || phase == .compute else {
            throw Self.clash(fields, "corrupt happens in the phase compute")
        }
    }

    private static func clash(_ fields: Fields, _ rule: String) -> ConfigError {
        ConfigError(
            code: .outOfRange, path: fields.path, line: fields.line, detail: "cannot be: \(rule)")
    }
}
