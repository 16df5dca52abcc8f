// SPDX-License-Identifier: Apache-2.0
//
// The layers that a job file may name, and how its list of them is read.

import Configuration

/// Every kind of layer, in the order in which messages list them.
public let layerKinds: [any Layer.Type] = [
    Conv2D.self, DepthwiseConv2D.self, SeparableConv2D.self, Conv2DTranspose.self,
    MaxPooling2D.self, Dense.self, Flatten.self, Dropout.self, SpatialDropout2D.self,
    GaussianNoise.self, Rescaling.self,
    Activation.self, ReLU.self, LeakyReLU.self, ELU.self, GELU.self, Softmax.self, Sigmoid.self,
    BatchNormalization.self, LayerNormalization.self, GroupNormalization.self, Add.self,
    Multiply.self, Concatenate.self,
    Reshape.self, ZeroPadding2D.self, Cropping2D.self, UpSampling2D.self,
    MinPooling2D.self, AveragePooling2D.self, GlobalAveragePooling2D.self, GlobalMaxPooling2D.self,
    RandomFlip.self, RandomRotation.self,
    RandomZoom.self, RandomTranslation.self, RandomContrast.self,
]

/// Reads a list of layers, each a bare name or a map with one entry:
///
///     layers:
///       - Rescaling: {scale: 1/255}
///       - Conv2D: {filters: 32, kernel_size: 3, activation: relu}
///       - Flatten
///       - Dense: {units: 10}
///
/// Any of them may have a `name`, say which layers it reads and whether it is trained; see `Node`. A map in the place of the list
/// names a preset; see `Preset`.
public func parseLayers(_ value: ConfigValue, path: String) throws(ConfigError) -> [Node] {
    if case .map = value.kind { return try parsePreset(value, path: path) }
    guard case .list(let items) = value.kind, !items.isEmpty else {
        throw ConfigError(
            code: .wrongType, path: path, line: value.line,
            detail: "found \(value.summary), expected a list of layers"
                + " (- Conv2D: {filters: 32, kernel_size: 3})")
    }
    var layers: [Node] = []
    for (index, item) in items.enumerated() {
        layers.append(try parseLayer(item, path: "\(path)[\(index)]"))
    }
    return layers
}

private func parsePreset(_ value: ConfigValue, path: String) throws(ConfigError) -> [Node] {
    var fields = try Fields(value, path: path)
    let preset: Preset = try fields.choice("preset")
    let nodes = preset.nodes(classes: try fields.int("classes", in: 2...1_048_576))
    try fields.finish()
    return nodes
}

/// The list that `parseLayers` reads back to the same layers.
public func encodeLayers(_ layers: [Node]) -> ConfigValue {
    .list(layers.map { $0.encoded() })
}

private func parseLayer(_ item: ConfigValue, path: String) throws(ConfigError) -> Node {
    let name: String
    var body = ConfigValue(.null, line: item.line)
    switch item.kind {
    case .scalar(let text): name = text
    case .map(let entries) where entries.count == 1:
        name = entries[0].name
        body = entries[0].value
    case .map, .list, .null:
        throw ConfigError(
            code: .wrongType, path: path, line: item.line,
            detail: "found \(item.summary), expected a layer: its name, or its name with its fields"
                + " (- Conv2D: {filters: 32, kernel_size: 3})")
    }
    guard let kind = layerKinds.first(where: { $0.kerasName == name }) else {
        let names = layerKinds.map { $0.kerasName }
        throw ConfigError(
            code: .unknownField, path: path, line: item.line,
            detail: "'\(name)' is not a layer"
                + (Fields.nearest(name, names).map { "; did you mean '\($0)'?" }
                    ?? "; expected one of \(names.joined(separator: ", "))"))
    }
    var fields = try Fields(body, path: "\(path).\(name)")
    let layer = try kind.init(fields: &fields)
    let node = Node(
        layer, name: try fields.name("name"), inputs: try fields.names("inputs"),
        isTrainable: try fields.bool("trainable", default: true))
    try fields.finish()
    return node
}
