// SPDX-License-Identifier: Apache-2.0
//
// The words that coordinator and workers exchange. On a socket each is one header frame (this value,
// as a protobuf Envelope) and at most one payload frame, which never passes through here.

/// A message, without its payload.
public enum Message: Equatable, Sendable {
    // The control connection.
    case hello(Hello)
    case welcome(Welcome)
    case ready(Ready)
    /// The coordinator does not take the worker.
    case refused(reason: String)
    /// Nothing to say, but alive.
    case heartbeat
    /// The worker was told to stop and wants no new leases.
    case leaving
    /// The worker's last message.
    case goodbye(reason: String)
    case failure(Failure)
    /// The coordinator's last message: the run is over.
    case shutdown(reason: String)
    case trace(Trace)

    // The data connections.
    case attach(Attach)
    case lease(Lease)
    case samples(Samples)
    case weights(Weights)
    case contribution(Contribution)
    case factors(Factors)
    case slot(Slot)
    case renewal(Renewal)

    /// Builds of different versions refuse each other: all nodes of a run take the same build.
    public static let protocolVersion: UInt32 = 2
}
