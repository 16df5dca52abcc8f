// SPDX-License-Identifier: Apache-2.0

import CWire

/// The version of the libprotobuf-c that is linked. The corresponding C function is
/// `protobuf_c_version`.
public func protobufCVersion() -> String {
    unsafe String(cString: protobuf_c_version())  // a constant of the library
}
