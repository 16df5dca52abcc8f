// SPDX-License-Identifier: Apache-2.0

import Configuration

/// Mirrors each training image, or not.
///
/// Each direction has a coin of its own. (Keras 3 tosses one for both, so that `horizontal_and_vertical`
/// never mirrors in one direction alone, as its text says it does.)
public struct RandomFlip: AugmentationLayer, Hashable {
    public static let kerasName = "RandomFlip"

    public enum Mode: String, CaseIterable, Sendable {
        case horizontal, vertical
        case horizontalAndVertical = "horizontal_and_vertical"
    }

    public var mode: Mode

    public init(_ mode: Mode = .horizontalAndVertical) { self.mode = mode }

    public init(fields: inout Fields) throws(ConfigError) {
        self.init()
        mode = try fields.choice("mode", default: mode)
    }

    public var fields: [ConfigValue.Entry] { [.init("mode", .scalar(mode.rawValue))] }
}
