// SPDX-License-Identifier: Apache-2.0

extension SampleDecoder {
    /// The pixels of a sample in an array of their own, for tools that look at a few.
    public func decode(_ index: Int, of dataset: any Dataset) throws(DatasetError) -> [UInt8] {
        var stored = [UInt8](repeating: 0, count: try dataset.storedBytes(index))
        var pixels = [UInt8](repeating: 0, count: imageShape.count)
        // The two arrays' own bytes, during the call.
        let outcome = unsafe stored.withUnsafeMutableBytes { stored in
            unsafe pixels.withUnsafeMutableBufferPointer { pixels in
                Result { () throws(DatasetError) in
                    try unsafe dataset.read(index, into: stored)
                    try unsafe decode(UnsafeRawBufferPointer(stored), into: pixels)
                }
            }
        }
        do throws(DatasetError) {
            try outcome.get()
        } catch {
            let name = dataset.name(index)
            throw error.detail.hasPrefix(name) ? error : error.named(name)
        }
        return pixels
    }

    /// The same pixels varied by where the sample stands.
    public func augmented(
        _ pixels: [UInt8], seed: UInt64, epoch: Int, position: Int
    ) -> [UInt8] {
        var pixels = pixels
        var scratch = [UInt8](repeating: 0, count: scratchCount)
        // The two arrays' own bytes, during the call.
        unsafe pixels.withUnsafeMutableBufferPointer { pixels in
            unsafe scratch.withUnsafeMutableBufferPointer { scratch in
                unsafe augment(
                    pixels, seed: seed, epoch: epoch, position: position, scratch: scratch)
            }
        }
        return pixels
    }
}
