// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Memory lent to libzmq for sending without a copy, and how many messages still need it.
///
/// While anything is in flight the memory must stay as it is, and the loan stays alive by itself;
/// nothing is allocated for a message.
public final class Loan: Sendable {
    private let flights = Atomic<Int>(0)
    private let owner: (any AnyObject & Sendable)?
    private let whenReturned: (@Sendable () -> Void)?

    /// - Parameters:
    ///   - owner: Kept alive as long as the loan is: the object that frees the memory.
    ///   - whenReturned: Called each time that nothing is in flight any more, on some thread of
    ///     libzmq's: it must be short, and touch no socket.
    public init(
        owner: (any AnyObject & Sendable)? = nil, whenReturned: (@Sendable () -> Void)? = nil
    ) {
        self.owner = owner
        self.whenReturned = whenReturned
    }

    /// Messages that still point into the memory; at 0 it may be written again.
    public var inFlight: Int { flights.load(ordering: .acquiring) }

    /// One more message needs the memory. Its end is `Loan.land` with this pointer.
    func takeOff() -> UnsafeMutableRawPointer {
        flights.wrappingAdd(1, ordering: .relaxed)
        return unsafe Unmanaged.passRetained(self).toOpaque()  // balanced in `land`
    }

    /// The free function of `zmq_msg_init_data`.
    static let land: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> Void = {
        _, hint in
        guard let hint = unsafe hint else { return }
        // Balances `takeOff`.
        let loan = unsafe Unmanaged<Loan>.fromOpaque(hint).takeRetainedValue()
        // Releasing: libzmq's reads come before; acquiring: so that the last one sees all of them.
        let left = loan.flights.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue
        if left == 0 { loan.whenReturned?() }
    }
}
