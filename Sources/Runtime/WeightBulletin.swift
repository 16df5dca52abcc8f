// SPDX-License-Identifier: Apache-2.0
//
// Which weights a coordinator has, for workers of its machine that wait for them.

/// The part of a coordinator's bulletin that tells of weights.
///
/// Messages tell it too: they wake who sleeps, and bring what the weights are checked by. But a message goes
/// through four threads, and a compute thread that is awake sees here at once that it can go on.
///
///     [changes][place of the even version][of the odd one][even version of each chunk ...][odd ones ...]
///
/// Versions are counted from 1 here, so that 0 is none.
package struct WeightBulletin {
    private let bulletin: Bulletin
    private let chunks: Int

    /// - Returns: Nil if there are too many chunks for it: 4,094, of 4 GiB in all.
    package init?(_ bulletin: Bulletin, chunks: Int) {
        guard 3 + 2 * chunks <= Bulletin.count else { return nil }
        self.bulletin = bulletin
        self.chunks = chunks
    }

    private func index(_ chunk: Int, _ version: UInt64) -> Int {
        3 + Int(version & 1) * chunks + chunk
    }

    // MARK: The coordinator

    /// From here on the version lies at `place`, in place of the one two before; none of its chunks is there.
    package func begin(_ version: UInt64, place: Int) {
        for chunk in 0..<chunks { bulletin.write(0, at: index(chunk, version)) }
        bulletin.write(UInt64(place), at: 1 + Int(version & 1))
    }

    /// The chunk lies there.
    package func announce(_ chunk: Int, _ version: UInt64) {
        bulletin.write(version + 1, at: index(chunk, version))
        bulletin.write(changes + 1, at: 0)
    }

    // MARK: A worker

    /// Another number after each announcement.
    package var changes: UInt64 { bulletin[0] }

    package func has(_ chunk: Int, _ version: UInt64) -> Bool {
        bulletin[index(chunk, version)] == version + 1
    }

    /// Where the version lies if any of its chunks is there. Ask `has` after it, since the place may be of
    /// a newer version by now: then no chunk of this one is there any more.
    package func place(of version: UInt64) -> Int {
        Int(truncatingIfNeeded: bulletin[1 + Int(version & 1)])
    }
}
