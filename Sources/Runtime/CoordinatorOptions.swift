// SPDX-License-Identifier: Apache-2.0

import Datasets

/// How a coordinator runs a job; nothing here changes a bit of the result.
public struct CoordinatorOptions {
    /// `ipc:///path` or `tcp://host:port`; port 0 or `*` picks a free one.
    public var endpoint: String
    /// Who is let in; has to be said where the endpoint is of a network.
    public var trust: Trust<CoordinatorKeys>?
    /// Workers that the run starts itself, for messages.
    public var localWorkers = 0
    /// Stay awake for a moment after each message: the next one is answered sooner, if the coordinator has
    /// a core that nobody else wants.
    public var staysAwake = true
    /// Steps to do before the run stops as if it were finished; nil for all.
    public var stopAfterSteps: Int?
    /// Rung when the run is to stop at the end of its step, with a checkpoint.
    public var stop: StopSignal?
    /// Workers that are not taken in, because they have computed wrong: "NAME on HOST".
    public var distrusted: Set<String> = []
    /// Where checksums of image files are kept from run to run; nil keeps none.
    public var cache = SampleManifest.folder
    /// Draws what everybody is doing; nil for nobody.
    public var trace: (any TraceSink)?
    /// Called about ten times a second on the coordinator's thread: local workers that died, ...
    public var onTick: ((borrowing CoordinatorDoor) -> Void)?
    /// Called once a second on the coordinator's thread, if anybody wants to know; it must return soon.
    public var onStatus: ((ClusterStatus) -> Void)?

    public init(endpoint: String) {
        self.endpoint = endpoint
    }
}
