// SPDX-License-Identifier: Apache-2.0
//
// What the coordinator knows of one worker.

import Coordination
import ZeroMQ

/// One worker process, from its hello to its loss.
struct Member {
    enum Phase: Equatable {
        /// Welcomed; builds its network.
        case proving
        /// Proved its arithmetic; its data connection may still be missing.
        case ready
        /// Known to the step machine.
        case working
    }

    /// In the order of the hellos; what the worker itself goes by.
    let number: UInt64
    /// In the order in which workers came to work; what the step machine knows it by.
    var id: WorkerID?
    let name: String
    /// "NAME on HOST", as its hello says.
    let identity: String
    let pid: Int
    /// Of this worker alone, so that nobody else attaches to it or speaks in its name.
    let session: UInt64
    /// Of the worker, where keys are used.
    let key: CurveKey?
    let control: RoutingID
    var data: RoutingID?
    /// What came by a network: the connections of `control` and `data`.
    var connections: [Lobby.Connection?]
    var intakes = (control: Intake(), data: Intake())
    var threads = 1
    var phase = Phase.proving
    /// When anything last came from it; the step machine watches those that work.
    var heard: Duration
    /// Its memory, where this machine has it.
    let memory: SharedView?
    /// It reads what lies in this process's memory.
    var readsMemory = false
    /// For each chunk the newest even and the newest odd version that were sent to it; nil for none.
    var sentVersions: [[UInt64?]]
    /// For each layer that it steps itself.
    var factored: [FactoredState] = []
    /// Versions of the weights that its leases ask for: those of at most two open steps.
    var wants: [UInt64] = []
    /// What its compute threads have waited for.
    var waits = DataWaits()
    /// Since when it works.
    var joined = Duration.zero
    /// When its last sum of the training step in progress came.
    var arrived: Duration?
    /// How long after the first worker that is: a moving mean.
    var arrivalLag = Duration.zero
    /// For the timeline, where there is one.
    var clock = ClockOffset()
    var trace: MemberTrace?
    /// Shards that it was the first to deliver, for the end of the run.
    var contributions = 0
}
