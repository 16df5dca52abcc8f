// SPDX-License-Identifier: Apache-2.0
//
// Images as they are once they are decoded and resized, so that later epochs need not decode them again.

import Digests
import Synchronization
import Tensors

/// Decoded images, found by the bytes that they were decoded from. One serves all threads of a worker, for
/// one way of decoding.
///
/// What was taken in stays; where there is no more room nothing is taken in. What cannot be kept, or not be
/// read again as it was, is decoded again: a cache changes how long a run takes, and nothing else.
public final class ImageCache: Sendable {
    /// Names an image by its stored form.
    public struct Key: Hashable, Sendable {
        private let checksum: UInt64
        private let count: Int

        public init(_ stored: UnsafeRawBufferPointer) {
            // The caller's bytes, during the call.
            checksum = unsafe checksum64(stored)
            count = stored.count
        }
    }

    /// Where an image is, and what it is.
    private struct Entry {
        let slot: Int
        let checksum: UInt64
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        /// Slots that are taken, or being written.
        var used = 0
        /// Of `slotsPerBlock` images each; none where there is a file.
        var blocks: [AlignedBuffer<UInt8>] = []
        var isOff = false
    }

    private let state = Mutex(State())
    private let imageBytes: Int
    private let slotsPerBlock: Int
    private let mostSlots: Int
    private let file: UnnamedFile?
    private let didFail: @Sendable (DatasetError) -> Void

    /// - Parameters:
    ///   - imageShape: uint8 `[H, W, C]`.
    ///   - folders: Where a file may be.
    ///   - didFail: Told once, on any thread, why nothing is kept.
    /// - Returns: Nil where the configuration wants none, or none can be had.
    public init?(
        _ configuration: DatasetConfiguration, imageShape: Shape,
        in folders: [String] = ImageCache.folders,
        didFail: @escaping @Sendable (DatasetError) -> Void
    ) {
        imageBytes = imageShape.count
        self.didFail = didFail
        slotsPerBlock = max(1, (16 << 20) / imageBytes)
        switch configuration.cache {
        case .disabled: return nil
        case .memory:
            file = nil
            mostSlots = configuration.cacheLimit / imageBytes
        case .disk:
            do throws(DatasetError) {
                file = try UnnamedFile(in: folders)
            } catch {
                didFail(error)
                return nil
            }
            mostSlots = .max
        }
    }

    /// Where files are: "$XDG_CACHE_HOME/convoy" or "~/.cache/convoy", else /var/tmp.
    public static var folders: [String] {
        CacheFile.makeFolder()
        return [CacheFile.folder, "/var/tmp"].compactMap { $0 }
    }

    /// Overwrites `pixels` with an image, if it is there.
    ///
    /// - Precondition: `pixels.count == imageShape.count`.
    public func copy(_ key: Key, into pixels: MutableBytes) -> Bool {
        check(pixels.count)
        let found = state.withLock { state -> (entry: Entry, block: AlignedBuffer<UInt8>?)? in
            guard !state.isOff, let entry = state.entries[key] else { return nil }
            return (entry, file == nil ? state.blocks[entry.slot / slotsPerBlock] : nil)
        }
        guard let (entry, block) = found else { return false }
        // Writes `pixels`; nobody writes a slot once there is an entry for it.
        let bytes = UnsafeMutableRawBufferPointer(pixels)
        if let block {
            unsafe bytes.copyMemory(from: UnsafeRawBufferPointer(slot(entry.slot, of: block)))
            return true
        }
        guard let file else { return false }
        do throws(DatasetError) {
            // Writes within `pixels`.
            try unsafe file.read("the cache", at: entry.slot * imageBytes, into: bytes)
            return unsafe checksum64(UnsafeRawBufferPointer(bytes)) == entry.checksum
        } catch {
            turnOff(error)
            return false
        }
    }

    /// Keeps an image, if there is room. May take memory.
    ///
    /// - Precondition: `pixels.count == imageShape.count`.
    public func add(_ key: Key, _ pixels: MutableBytes) {
        check(pixels.count)
        let place = state.withLock { state -> (slot: Int, block: AlignedBuffer<UInt8>?)? in
            guard !state.isOff, state.used < mostSlots, state.entries[key] == nil else {
                return nil
            }
            let slot = state.used
            state.used += 1
            guard file == nil else { return (slot, nil) }
            if slot / slotsPerBlock == state.blocks.count {
                let rest = min(slotsPerBlock, mostSlots - slot)
                state.blocks.append(AlignedBuffer(count: rest * imageBytes))
            }
            return (slot, state.blocks[slot / slotsPerBlock])
        }
        guard let (number, block) = place else { return }
        // Reads `pixels`; the slot is this thread's alone as long as there is no entry for it.
        let bytes = UnsafeRawBufferPointer(pixels)
        if let block {
            unsafe UnsafeMutableRawBufferPointer(slot(number, of: block)).copyMemory(from: bytes)
        } else if let file {
            do throws(DatasetError) {
                try unsafe file.append(bytes, at: number * imageBytes)
            } catch {
                turnOff(error)
                return
            }
        }
        // The caller's pixels, during the call.
        let entry = Entry(slot: number, checksum: unsafe checksum64(bytes))
        state.withLock { $0.entries[key] = entry }
    }

    private func slot(_ number: Int, of block: AlignedBuffer<UInt8>) -> MutableBytes {
        let start = number % slotsPerBlock * imageBytes
        // A part of the block, which lives as long as the cache.
        return unsafe block[start..<start + imageBytes]
    }

    /// What was kept is let go.
    private func turnOff(_ error: DatasetError) {
        let isFirst = state.withLock { state in
            defer {
                state.isOff = true
                state.entries = [:]
            }
            return !state.isOff
        }
        if isFirst { didFail(error) }
    }

    private func check(_ count: Int) {
        precondition(
            count == imageBytes, "ImageCache: \(count) bytes, an image has \(imageBytes)")
    }
}
