// SPDX-License-Identifier: Apache-2.0

import CZeroMQ

/// The version of the libzmq that is linked: `4.3.4`. The corresponding C function is `zmq_version`.
public func zeroMQVersion() -> String {
    var (major, minor, patch) = (Int32(0), Int32(0), Int32(0))
    unsafe zmq_version(&major, &minor, &patch)  // writes three integers
    return "\(major).\(minor).\(patch)"
}
