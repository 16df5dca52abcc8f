// SPDX-License-Identifier: Apache-2.0
//
// Messages that have no end. A pure value: the coordinator does what it says.

/// What comes by one connection of a worker: bytes, and whole messages.
///
/// libzmq hands a message over when its last part is there, bounds each part and not their number, and keeps
/// what has come. So a connection that brings bytes, and no message, is told by the kernel's count of bytes.
package struct Intake {
    /// Bytes without a message: three times as much as may wait here to be read.
    package static let allowance = 3 * Coordinator.waitingMessages << 20

    private var hasMessage = true
    private var counted = 0

    package init() {}

    /// A whole message has come.
    package mutating func took() { hasMessage = true }

    /// To be asked now and then.
    ///
    /// - Parameter received: Bytes that have come by the connection.
    /// - Returns: Whether no message has come with far more bytes than messages have.
    package mutating func isEndless(received: Int) -> Bool {
        if hasMessage {
            hasMessage = false
            counted = received
        }
        return received - counted > Self.allowance
    }
}
