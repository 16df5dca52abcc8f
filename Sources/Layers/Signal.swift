// SPDX-License-Identifier: Apache-2.0

import Tensors

/// What flows between two stages: `[y][x][image][channel]` in memory.
struct Signal {
    /// Which value of the network it is: 0 for the images, i + 1 for what stage i writes.
    var value = 0
    /// Whether several layers read it: then nothing may become part of the stage that writes it.
    var isShared = false
    var height: Int, width: Int
    /// Channels that users know.
    var channels: Int
    /// Channels in memory: a multiple of 16, or those of the images as they are; see `Lowering.widen`.
    var stored: Int
    /// After `Flatten` the same memory is seen as one axis.
    var isFlat = false

    var shape: Shape { isFlat ? [height * width * channels] : [height, width, channels] }
}
