// SPDX-License-Identifier: Apache-2.0

/// How a socket behaves; the defaults are those of a data connection.
public struct SocketOptions: Sendable {
    /// A peer that sends a larger frame is disconnected before memory is taken for it.
    public var maximumFrame = 1 << 20 + 64 << 10
    /// How long a closed socket goes on sending what it holds.
    public var linger = Duration.zero
    /// How long a TCP connection lives without an answer from the other end, be it to what was sent or to the
    /// kernel's own questions. It finds half-open connections; libzmq's pings would too, but where a connection
    /// breaks while its socket is being closed, the timer of theirs ends the process (libzmq 4841).
    public var silence = Duration.seconds(15)
    /// Without it one lost SYN can cost two minutes.
    public var connectTimeout = Duration.seconds(3)
    /// First pause before a connection is tried again; it doubles up to the longest.
    public var reconnectPause = Duration.milliseconds(100)
    public var longestReconnectPause = Duration.seconds(5)
    /// A peer that has not greeted by then is disconnected.
    public var greetingTimeout = Duration.seconds(10)
    /// Messages of one peer that may wait here: beyond it nothing more is read from it. Nil for any number,
    /// where peers are trusted to wait for credit.
    public var waitingMessages: Int?
    public var encryption = Encryption.none

    public init() {}

    /// For connections that carry tensors and samples: what is unsent at the end is worth nothing.
    public static let data = SocketOptions()

    /// For connections that carry words: a goodbye gets a second to leave.
    public static let control: SocketOptions = {
        var options = SocketOptions()
        options.linger = .seconds(1)
        return options
    }()
}
