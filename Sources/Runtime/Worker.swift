// SPDX-License-Identifier: Apache-2.0
//
// The worker's socket thread: finds a coordinator, proves itself, passes work in and sums out.

import Coordination
import Datasets
import Digests
import Engines
import Foundation
import Glibc
import Jobs
import Layers
import Logging
import Tensors
import Wire
import ZeroMQ

/// How a worker runs; nothing here changes a bit of the result.
public struct WorkerOptions: Sendable {
    public var endpoint: String
    /// Whom it works for; has to be said where the endpoint is of a network.
    public var trust: Trust<WorkerKeys>?
    public var name: String
    public var threads: Int
    /// Name of a kernel set, or nil for the best one.
    public var engine: String?
    /// Where this machine has the data, if not where the job says. For `cluster.data: local`.
    public var dataPath: String?
    /// How long to look for a coordinator, at the start and when it is lost.
    public var patience: Duration
    /// The core of the first compute thread, the next one's of the second, ...; nil leaves it to the system.
    public var firstCore: Int?
    /// All other threads stay on those cores too: where every core has its compute thread, whatever else
    /// there is to do takes time from that of its own worker, and nobody waits for another core.
    public var keepsToItsCores = false
    /// The process that started this worker; when it is gone, so is the worker.
    public var parent: Int?
    /// What happens to it on purpose.
    public var faults: FaultInjector?

    public init(
        endpoint: String, name: String, threads: Int = 1, engine: String? = nil,
        dataPath: String? = nil, patience: Duration = .seconds(120), parent: Int? = nil
    ) {
        self.endpoint = endpoint
        self.name = name
        self.threads = threads
        self.engine = engine
        self.dataPath = dataPath
        self.patience = patience
        self.parent = parent
    }
}

/// One worker process.
public final class Worker {
    private let options: WorkerOptions
    private let kernels: KernelSet
    private let context: Context
    private let logger: Logger
    private let stop: StopSignal
    /// The newest start of each run that this worker was welcomed by.
    private var incarnations: [String: Int] = [:]

    /// - Parameter stop: Rung by SIGTERM: the worker finishes what it computes, and leaves.
    public init(options: WorkerOptions, stop: StopSignal, logger: Logger) throws {
        guard options.endpoint.hasPrefix("ipc:") || options.trust != nil else {
            throw Trust<WorkerKeys>.missing("worker", options.endpoint, "worker")
        }
        var options = options
        if options.keepsToItsCores, let first = options.firstCore {
            stay(on: first..<first + options.threads)
            options.firstCore = 0  // of those
        }
        self.options = options
        self.stop = stop
        self.logger = logger
        kernels = try Engine.kernels(named: options.engine)
        takeShortTurns()
        context = try Context()
    }

    /// Works until the run is finished, or no coordinator is found for `options.patience`.
    ///
    /// - Returns: What the coordinator said at the end.
    /// - Throws: `refused` if this worker and that run do not fit together, `lostCoordinator`; `keys` if all
    ///   the time one was there that does not let it in.
    public func work() throws(RuntimeError) -> String {
        var lastHeard = ContinuousClock.now
        var obstacle: String?
        while true {
            let session = try WorkerSession(
                options: options, kernels: kernels, context: context, stop: stop, logger: logger,
                lastHeard: lastHeard, incarnations: incarnations)
            let end = try session.run()
            incarnations = session.incarnations
            switch end {
            case .finished(let reason): return reason
            case .refused(let reason): throw RuntimeError(.refused, "refused: \(reason)")
            case .outside(let reason):
                if obstacle != reason { logger.warning("\(reason)") }
                obstacle = reason
                // It may be let in later: a list is amended, an old coordinator stopped.
                usleep(500_000)
            case .again(let reason):
                logger.info("looking for the coordinator again", metadata: ["reason": "\(reason)"])
                // Patience begins with the search: a machine that was asleep has heard nothing for long.
                if session.lastHeard > lastHeard {
                    lastHeard = .now
                    obstacle = nil
                }
            }
            if ContinuousClock.now - lastHeard > options.patience {
                throw obstacle.map { RuntimeError(.keys, $0) } ?? lost(options)
            }
            usleep(50_000)
        }
    }
}

/// The error of a worker that found no coordinator for too long.
func lost(_ options: WorkerOptions) -> RuntimeError {
    RuntimeError(
        .lostCoordinator,
        "no coordinator answers at \(options.endpoint) for \(options.patience); check the address, and "
            + "that 'convoy coordinator' runs there")
}
