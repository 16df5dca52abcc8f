# SPDX-License-Identifier: Apache-2.0
"""Makes the *.json files beside it with the real Keras 3, in double precision.

    python3 -m venv venv && venv/bin/pip install tensorflow-cpu
    KERAS_BACKEND=tensorflow venv/bin/python Tests/LayersTests/Goldens/make_goldens.py

Each file holds a tiny model in the form of a job's `layers:` list, a batch of images, starting weights
(float32), and what Keras makes of them: probabilities, the sum of the losses, the gradient of that sum,
and the weights after ten steps of an optimizer on the batch's mean loss. Keras computes in float64, so
that a comparison shows the rounding of one side only.
"""

import inspect
import json
import pathlib
import zlib

import keras
import numpy as np
import tensorflow as tf

HERE = pathlib.Path(__file__).parent
SPARSE, BINARY = "sparse_categorical_crossentropy", "binary_crossentropy"
SQUARED, ABSOLUTE = "mean_squared_error", "mean_absolute_error"
CATEGORICAL, HINGE = "categorical_crossentropy", "hinge"
REGRESSIONS = {SQUARED: keras.losses.MeanSquaredError, ABSOLUTE: keras.losses.MeanAbsoluteError}
PIXELS = {"Rescaling": {"scale": 1 / 127.5, "offset": -1.0}}


def conv(filters, kernel, **fields):
    return {"Conv2D": {"filters": filters, "kernel_size": kernel, **fields}}


def depthwise(kernel, **fields):
    return {"DepthwiseConv2D": {"kernel_size": kernel, **fields}}


def transposed(filters, kernel, **fields):
    return {"Conv2DTranspose": {"filters": filters, "kernel_size": kernel, **fields}}


def dense(units, **fields):
    return {"Dense": {"units": units, **fields}}


def pool(**fields):
    return {"MaxPooling2D": fields}


def normalization(**fields):
    return {"BatchNormalization": fields}


def linear(filters, kernel, **fields):
    return conv(filters, kernel, padding="same", use_bias=False, **fields)


RESIDUAL = [
    PIXELS, linear(5, 3), normalization(), {"ReLU": {"name": "start"}},
    linear(5, 3), normalization(), "ReLU", linear(5, 3), normalization(name="main"),
    {"Add": {"inputs": ["main", "start"]}}, {"ReLU": {"name": "second"}},
    linear(18, 3, strides=2), normalization(), "ReLU", linear(18, 3), normalization(name="narrow"),
    linear(18, 1, strides=2, inputs="second"), normalization(name="shortcut"),
    {"Add": {"inputs": ["narrow", "shortcut"]}}, "ReLU", "GlobalAveragePooling2D", dense(3)]
BRANCHES = [
    PIXELS, conv(4, 3, padding="same", activation="sigmoid", name="a"),
    conv(4, 3, padding="same", name="b"), conv(4, 1, inputs=["a"], activation="relu"),
    {"AveragePooling2D": {"pool_size": 3, "strides": 1, "padding": "same", "name": "c"}},
    {"Add": {"inputs": ["c", "b"], "name": "d"}},
    {"Activation": {"activation": "sigmoid", "name": "e"}},
    {"MaxPooling2D": {"inputs": ["d"], "pool_size": 3, "strides": 1, "padding": "same", "name": "f"}},
    {"Add": {"inputs": ["e", "f"], "name": "g"}}, {"Add": {"inputs": ["g", "a"]}}, "Flatten", dense(3)]


# name: (input, batch, loss, optimizer, layers)
MODELS = {
    "conv_valid_strided": ([8, 7, 3], 5, SPARSE, {"name": "sgd"}, [
        PIXELS, conv(5, [3, 2], strides=[2, 1], activation="sigmoid"), "Flatten", dense(3)]),
    "conv_same_strided": ([7, 6, 2], 3, SPARSE, {"name": "adam"}, [
        PIXELS, conv(3, [4, 3], strides=[2, 2], padding="same", activation="sigmoid"),
        conv(4, [2, 3], padding="same", strides=[1, 2]), "Flatten", dense(4, activation="softmax")]),
    "narrow_pooled": ([9, 8, 1], 17, SPARSE, {"name": "rmsprop"}, [
        PIXELS, conv(6, 3, activation="relu"), pool(), "Flatten", dense(3, activation="softmax")]),
    "narrow_same": ([6, 5, 3], 7, SPARSE, {"name": "adam"}, [
        PIXELS, conv(4, 3, padding="same"), {"Activation": {"activation": "sigmoid"}}, "Flatten",
        dense(3)]),
    "narrow_four_channels": ([5, 6, 4], 4, SPARSE, {"name": "sgd", "learning_rate": 0.1}, [
        PIXELS, conv(3, 3, activation="relu", padding="same"), pool(), "Flatten", dense(2)]),
    "winograd_valid": ([9, 8, 1], 6, SPARSE, {"name": "sgd", "learning_rate": 0.05}, [
        PIXELS, conv(3, 3, activation="sigmoid"), conv(4, 3, activation="relu"),
        "Flatten", dense(3)]),
    "winograd_same_pooled": ([7, 9, 1], 19, SPARSE, {"name": "adam", "learning_rate": 0.01}, [
        PIXELS, conv(3, 3, activation="relu", padding="same"),
        conv(5, 3, activation="relu", padding="same"), pool(), "Flatten", dense(3)]),
    "three_convolutions": ([14, 14, 1], 2, SPARSE, {"name": "adam"}, [
        PIXELS, conv(3, 3, activation="relu"), pool(), conv(4, 3, activation="relu"), pool(),
        conv(3, 2, activation="relu"), "Flatten", dense(5, activation="relu"), dense(3)]),
    "pool_overlapping": ([8, 9, 1], 5, SPARSE, {"name": "sgd"}, [
        PIXELS, conv(3, 3, activation="sigmoid"),
        pool(pool_size=[3, 2], strides=[2, 1], padding="same"), "Flatten", dense(3)]),
    "pool_first": ([6, 7, 3], 9, SPARSE, {"name": "sgd"}, [
        PIXELS, pool(pool_size=3, strides=2, padding="same"), "Flatten", dense(4)]),
    "dense_on_images": ([4, 3, 3], 4, SPARSE, {"name": "rmsprop", "momentum": 0.5}, [
        PIXELS, dense(5, activation="sigmoid"), dense(2, activation="softmax"), "Flatten",
        dense(3)]),
    "activations": ([5, 4, 1], 8, SPARSE, {"name": "sgd"}, [
        PIXELS, conv(4, 2), "Softmax", {"Rescaling": {"scale": 3.0, "offset": -0.5}}, conv(3, 2),
        "ReLU", {"Rescaling": {"scale": -0.7, "offset": 0.2}}, "Flatten", dense(3, activation="sigmoid"),
        dense(3), "Softmax"]),
    "no_bias": ([6, 6, 1], 3, SPARSE, {"name": "adam"}, [
        PIXELS, conv(3, 3, use_bias=False, activation="sigmoid"), conv(2, 3, use_bias=False),
        "Flatten", dense(3, use_bias=False)]),
    "binary": ([7, 7, 3], 22, BINARY, {"name": "rmsprop", "learning_rate": 0.0005}, [
        PIXELS, conv(4, 3, activation="relu"), pool(), "Flatten", dense(5, activation="relu"),
        dense(1, activation="sigmoid")]),
    "pixels_as_they_are": ([4, 4, 1], 5, SPARSE, {"name": "sgd", "learning_rate": 1e-5}, [
        conv(3, 2, activation="relu"), "Flatten", dense(2)]),
    "normalization": ([6, 5, 3], 16, SPARSE, {"name": "adam"}, [
        PIXELS, conv(5, 3, use_bias=False), normalization(), "ReLU", "Flatten", dense(3)]),
    "normalization_of_anything": ([6, 5, 1], 7, SPARSE, {"name": "sgd", "learning_rate": 0.1}, [
        PIXELS, conv(3, [3, 2], activation="relu"), normalization(momentum=0.8, epsilon=0.01, center=False),
        {"Activation": {"activation": "sigmoid"}}, pool(), "Flatten", normalization(scale=False), "ReLU", dense(6, use_bias=False), normalization(),
        {"Activation": {"activation": "sigmoid"}}, dense(3, activation="softmax")]),
    "average_pools": ([7, 9, 3], 5, SPARSE, {"name": "rmsprop"}, [
        PIXELS, {"AveragePooling2D": {"pool_size": 2}}, conv(4, 2, activation="sigmoid"),
        {"AveragePooling2D": {"pool_size": 2, "strides": 1, "padding": "same"}},
        "GlobalAveragePooling2D", dense(3)]),
    "residual": ([8, 8, 3], 16, SPARSE, {"name": "sgd", "learning_rate": 0.05, "momentum": 0.9}, RESIDUAL),
    "branches": ([5, 6, 1], 6, SPARSE, {"name": "adam"}, BRANCHES),
    "mean_squared": ([6, 5, 3], 19, SQUARED, {"name": "sgd", "learning_rate": 0.05}, [
        PIXELS, conv(4, 3, activation="relu"), "Flatten", dense(3)]),
    "mean_absolute": ([5, 4, 1], 17, ABSOLUTE, {"name": "sgd", "learning_rate": 0.05}, [
        PIXELS, conv(3, 3, activation="sigmoid"), "Flatten", dense(1)]),
    "depthwise": ([9, 8, 3], 6, SPARSE, {"name": "adam"}, [
        PIXELS, depthwise(3, activation="sigmoid"), conv(18, 1), depthwise([2, 5], padding="same", use_bias=False),
        normalization(), "ReLU", depthwise(3, strides=2, padding="same", activation="relu"),
        depthwise(2, dilation_rate=2, padding="same", activation="sigmoid"), "Flatten", dense(3)]),
    "depthwise_multiplied": ([7, 6, 3], 5, SPARSE, {"name": "sgd", "learning_rate": 0.05}, [
        PIXELS, depthwise([3, 2], depth_multiplier=3, activation="sigmoid"),
        depthwise(3, strides=2, depth_multiplier=2, padding="same", activation="relu"), "Flatten", dense(3)]),
    "separable": ([8, 7, 3], 5, SPARSE, {"name": "rmsprop"}, [
        PIXELS, {"SeparableConv2D": {"filters": 5, "kernel_size": 3, "padding": "same", "activation": "sigmoid"}},
        {"SeparableConv2D": {"filters": 4, "kernel_size": [2, 3], "strides": 2, "depth_multiplier": 4,
                             "activation": "relu"}}, "Flatten", dense(3)]),
    "dilated": ([11, 9, 3], 5, SPARSE, {"name": "adam"}, [
        PIXELS, conv(4, 3, dilation_rate=2, activation="relu"),
        conv(5, [3, 2], dilation_rate=[2, 3], padding="same", activation="sigmoid"), "Flatten", dense(3)]),
    "groups": ([6, 7, 2], 6, SPARSE, {"name": "sgd", "learning_rate": 0.05}, [
        PIXELS, conv(6, 3, groups=2, activation="sigmoid"), conv(9, 2, groups=3, padding="same", activation="relu"),
        conv(32, 1), conv(64, [2, 3], groups=2, strides=2, padding="same", activation="sigmoid"), "Flatten", dense(3)]),
    "transposed": ([5, 4, 3], 4, SPARSE, {"name": "adam"}, [
        PIXELS, transposed(4, 3, strides=2, padding="same", activation="sigmoid"),
        transposed(3, [2, 4], strides=[3, 2], activation="relu"), transposed(2, 3, padding="same", use_bias=False),
        conv(2, 3, strides=2, activation="sigmoid"), "Flatten", dense(3)]),
}
# The same, but seeded by their names, so that more can stand anywhere.
NAMED = {
    "rectifiers": ([6, 5, 3], 5, SPARSE, {"name": "sgd", "learning_rate": 0.1}, [
        PIXELS, conv(5, 3, padding="same", activation="relu6"), conv(4, 3, padding="same", activation="leaky_relu"),
        {"ReLU": {"max_value": 0.6, "negative_slope": 0.1, "threshold": 0.05}}, conv(3, 2), "LeakyReLU",
        conv(3, 2), {"ReLU": {"max_value": 6}}, "Flatten", dense(3)]),
    "smooth_activations": ([5, 6, 2], 4, SPARSE, {"name": "adam"}, [
        PIXELS, conv(4, 3, padding="same", activation="gelu"), {"GELU": {"approximate": True}},
        conv(3, 3, padding="same", activation="silu"), {"ELU": {"alpha": 0.7}},
        conv(5, 2, activation="elu"), {"Activation": {"activation": "selu"}}, conv(3, 2, activation="swish"), "Flatten",
        dense(5, activation="softplus"), dense(4, activation="tanh"), dense(3)]),
    "merges": ([5, 6, 3], 5, SPARSE, {"name": "adam"}, [
        PIXELS, conv(4, 3, padding="same", activation="tanh", name="a"), conv(5, 3, padding="same", name="b"),
        conv(13, 1, inputs="a", activation="sigmoid", name="c"), {"Concatenate": {"inputs": ["c", "b", "a"], "name": "d"}},
        conv(5, 1, activation="tanh", name="e"), {"Multiply": {"inputs": ["b", "e"], "name": "f"}},
        {"Add": {"inputs": ["f", "b", "e"], "name": "g"}}, {"GlobalAveragePooling2D": {"keepdims": True}},
        dense(5, activation="sigmoid", name="h"), {"Multiply": {"inputs": ["g", "h"], "name": "i"}},
        {"Concatenate": {"inputs": ["i", "d"]}}, "Flatten", dense(3)]),
    "frames": ([7, 6, 3], 5, SPARSE, {"name": "sgd", "learning_rate": 0.1}, [
        PIXELS, {"ZeroPadding2D": {"padding": [[0, 1], [0, 1]]}}, conv(4, 3, strides=2, activation="tanh"),
        {"ZeroPadding2D": {"padding": [2, 1]}}, {"Activation": {"activation": "sigmoid"}}, {"Cropping2D": {"cropping": [[1, 0], [2, 1]]}},
        conv(5, 3, padding="same", activation="tanh"), "ZeroPadding2D", conv(3, 3, activation="tanh"), "Flatten", dense(3)]),
    "upsampling": ([4, 3, 2], 4, SPARSE, {"name": "sgd", "learning_rate": 0.1}, [
        PIXELS, conv(3, 2, activation="tanh"), {"UpSampling2D": {"size": [2, 3]}}, conv(5, 3, activation="tanh"),
        {"UpSampling2D": {"size": [3, 2], "interpolation": "bilinear"}}, conv(3, 3, activation="tanh"), "Flatten", dense(3)]),
    "reshapes": ([5, 4, 3], 5, SPARSE, {"name": "adam"}, [
        PIXELS, {"Reshape": {"target_shape": [4, 5, 3]}}, conv(17, 2, activation="tanh"), {"Reshape": {"target_shape": [3, -1, 2]}},
        conv(6, 3, activation="tanh"), {"Reshape": {"target_shape": [-1]}}, dense(36, activation="tanh"),
        {"Reshape": {"target_shape": [3, 4, -1]}}, conv(4, 2, activation="tanh"), "Flatten", dense(3)]),
    "other_pools": ([9, 8, 3], 5, SPARSE, {"name": "adam"}, [
        PIXELS, conv(6, 3, padding="same", activation="tanh"), {"MinPooling2D": {"pool_size": 2, "strides": 1}}, conv(5, 2),
        {"MinPooling2D": {"pool_size": [2, 3], "strides": [2, 1]}}, conv(6, 2, activation="relu"), "GlobalMaxPooling2D", dense(3)]),
    "large_pool": ([19, 18, 1], 5, SPARSE, {"name": "sgd", "learning_rate": 0.1}, [
        PIXELS, conv(4, 2, activation="tanh"), "GlobalMaxPooling2D", dense(3)]),
    "normalization_of_layers": ([5, 4, 3], 6, SPARSE, {"name": "adam"}, [
        PIXELS, conv(5, 2), {"LayerNormalization": {"epsilon": 0.01}}, {"Activation": {"activation": "tanh"}}, conv(18, 2, activation="tanh"),
        {"LayerNormalization": {"center": False}}, "Flatten", "LayerNormalization", dense(6, activation="tanh"),
        {"LayerNormalization": {"scale": False}}, dense(3)]),
    "normalization_of_groups": ([6, 5, 3], 5, SPARSE, {"name": "sgd", "learning_rate": 0.1}, [
        PIXELS, linear(6, 3), {"GroupNormalization": {"groups": 3}}, "ReLU", linear(34, 3),
        {"GroupNormalization": {"groups": 2, "epsilon": 0.01, "center": False}}, {"Activation": {"activation": "tanh"}}, conv(4, 2, use_bias=False),
        {"GroupNormalization": {"groups": -1, "scale": False}}, {"Activation": {"activation": "tanh"}}, conv(64, 2),
        "GroupNormalization", "Flatten", dense(3)]),
    "penalties": ([5, 6, 3], 5, SPARSE, {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9}, [
        PIXELS, conv(4, 3, activation="tanh", kernel_regularizer="l2", bias_regularizer={"name": "l1", "l1": 0.02}),
        conv(5, 2, activation="tanh", trainable=False, kernel_regularizer="l2"), "Flatten",
        dense(7, activation="tanh", bias_regularizer="l2"),
        dense(3, kernel_regularizer={"name": "l1_l2", "l1": 0.01, "l2": 0.003})]),
    "shares": ([5, 4, 2], 18, CATEGORICAL, {"name": "sgd", "learning_rate": 0.1}, [
        PIXELS, conv(3, 2, activation="sigmoid"), "Flatten", dense(5)]),
    "shares_smoothed": ([4, 5, 1], 7, {CATEGORICAL: {"label_smoothing": 0.2}}, {"name": "adam"}, [
        PIXELS, "Flatten", dense(4, activation="softmax")]),
    "labels_smoothed": ([5, 5, 1], 19, {SPARSE: {"label_smoothing": 0.1}}, {"name": "sgd", "learning_rate": 0.1}, [
        PIXELS, conv(3, 3, activation="sigmoid"), "Flatten", dense(3)]),
    "labels_smoothed_softmax": ([5, 3, 1], 5, {SPARSE: {"label_smoothing": 0.3}}, {"name": "adam"}, [
        PIXELS, "Flatten", dense(17), "Softmax"]),
    "binary_logits": ([4, 4, 3], 17, BINARY, {"name": "sgd", "learning_rate": 0.1}, [PIXELS, "Flatten", dense(1)]),
    "binary_smoothed": ([4, 3, 1], 12, {BINARY: {"label_smoothing": 0.25}}, {"name": "adam"}, [
        PIXELS, "Flatten", dense(1, activation="sigmoid")]),
    "hinge": ([5, 4, 1], 18, HINGE, {"name": "sgd", "learning_rate": 0.1}, [
        PIXELS, conv(3, 2, activation="tanh"), "Flatten", dense(1)]),
    "hinge_of_tanh": ([3, 5, 2], 7, HINGE, {"name": "adam"}, [PIXELS, "Flatten", dense(1, activation="tanh")]),
    "max_norm": ([5, 6, 3], 7, SPARSE, {"name": "sgd", "learning_rate": 0.2, "momentum": 0.9}, [
        PIXELS, conv(5, [3, 2], activation="tanh", kernel_constraint={"name": "max_norm", "max_value": 0.9, "axis": [0, 1, 2]}),
        "Flatten", dense(18, activation="tanh", kernel_constraint={"name": "max_norm", "max_value": 0.7, "axis": 0}),
        dense(3, kernel_constraint={"name": "max_norm", "max_value": 50, "axis": 0}, kernel_regularizer="l2")]),
    "normalization_frozen": ([5, 4, 3], 7, SPARSE, {"name": "adam"}, [
        PIXELS, linear(5, 3, trainable=False), normalization(trainable=False), {"ReLU": {"name": "front"}},
        linear(6, 3), normalization(trainable=False, momentum=0.5, name="main"), linear(6, 1, inputs="front"),
        normalization(trainable=False, scale=False, name="shortcut"), {"Add": {"inputs": ["main", "shortcut"]}}, "ReLU",
        normalization(), "Flatten", normalization(trainable=False), "ReLU", dense(3)]),
    "tanh_of_a_regression": ([4, 4, 1], 5, SQUARED, {"name": "sgd", "learning_rate": 0.1}, [
        PIXELS, "Flatten", "GELU", dense(2, activation="tanh")]),
}
OPTIMIZERS = [
    {"name": "sgd", "learning_rate": 0.2},
    {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9},
    {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": True},
    {"name": "rmsprop", "learning_rate": 0.003},
    {"name": "rmsprop", "learning_rate": 0.003, "rho": 0.8, "momentum": 0.7, "epsilon": 1e-3},
    {"name": "adam", "learning_rate": 0.01},
    {"name": "adam", "learning_rate": 0.01, "beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-3},
]
FALLING = {"CosineDecay": {"initial_learning_rate": 0.01, "decay_steps": 8, "warmup_target": 0.1, "warmup_steps": 3}}
RULES = [
    {"name": "adamw", "learning_rate": 0.05},
    {"name": "adamw", "learning_rate": 0.05, "weight_decay": 0.1, "exclude_from_weight_decay": ["bias"]},
    {"name": "adagrad", "learning_rate": 0.1},
    {"name": "adagrad", "learning_rate": 0.1, "initial_accumulator_value": 0.01, "epsilon": 1e-3},
    {"name": "lamb", "learning_rate": 0.05},
    {"name": "lamb", "learning_rate": 0.05, "weight_decay": 0.1, "beta_1": 0.7},
    {"name": "sgd", "learning_rate": 0.2, "weight_decay": 0.2},
    {"name": "sgd", "learning_rate": 0.2, "clipvalue": 0.02},
    {"name": "sgd", "learning_rate": 0.2, "momentum": 0.9, "clipnorm": 0.05},
    {"name": "sgd", "learning_rate": 0.2, "global_clipnorm": 0.1},
    {"name": "adam", "learning_rate": 0.01, "use_ema": True, "ema_momentum": 0.7},
    {"name": "sgd", "learning_rate": FALLING, "momentum": 0.5},
    {"name": "adam", "learning_rate": FALLING},
]


def parts(entry):
    return (entry, {}) if isinstance(entry, str) else next(iter(entry.items()))


# What Keras has under other names.
OTHERS = {
    "GELU": lambda approximate=False: keras.layers.Activation(
        lambda x: keras.activations.gelu(x, approximate=approximate)),
    "MinPooling2D": lambda **fields: keras.layers.Lambda(lambda x: -keras.layers.MaxPooling2D(**fields)(-x)),
}


def regularizer(fields):
    if isinstance(fields, str):
        return fields
    kind = {"l1": keras.regularizers.L1, "l2": keras.regularizers.L2, "l1_l2": keras.regularizers.L1L2}[fields["name"]]
    return kind(**{k: v for k, v in fields.items() if k != "name"})


def constraint(name, **fields):
    return {"max_norm": keras.constraints.MaxNorm}[name](**fields)


def network(shape, layers):
    """A layer reads the one before it, unless it says which."""
    images = last = keras.Input(shape)
    named = {}
    for kind, fields in map(parts, layers):
        inputs = fields.get("inputs", [])
        read = [named[name] for name in ([inputs] if isinstance(inputs, str) else inputs)]
        layer = OTHERS.get(kind) or getattr(keras.layers, kind)
        fields = {k: regularizer(v) if k.endswith("_regularizer") else v for k, v in fields.items()}
        if "kernel_constraint" in fields:
            fields["kernel_constraint"] = constraint(**fields["kernel_constraint"])
        made = layer(**{k: v for k, v in fields.items() if k != "inputs"})
        last = made(read if len(read) > 1 else read[0] if read else last)
        named[made.name] = last
    return keras.Model(images, last)


def optimizer(fields):
    fields = dict(fields)
    kind = {"sgd": keras.optimizers.SGD, "rmsprop": keras.optimizers.RMSprop,
            "adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW,
            "adagrad": keras.optimizers.Adagrad, "lamb": keras.optimizers.Lamb}[fields.pop("name")]
    excluded = fields.pop("exclude_from_weight_decay", None)
    if isinstance(fields.get("learning_rate"), dict):
        (schedule, options), = fields["learning_rate"].items()
        fields["learning_rate"] = getattr(keras.optimizers.schedules, schedule)(**options)
    method = kind(**fields)
    if excluded:
        method.exclude_from_weight_decay(var_names=excluded)
    return method


def ends_in_probabilities(layers):
    last = layers[-1]
    return parts(last)[0] == "Softmax" or parts(last)[1].get("activation") in ("softmax", "sigmoid")


def probabilities(outputs, loss, layers):
    """Of what a model gives: it may end in an activation or in logits."""
    kind, _ = parts(loss)
    if ends_in_probabilities(layers) or kind in REGRESSIONS or kind == HINGE:
        return outputs
    return keras.ops.sigmoid(outputs) if kind == BINARY else keras.ops.softmax(outputs)


def losses(model, images, labels, loss, layers, training=True):
    """One for each image. In training the whole batch is one block. Labels may be numbers, one for each output."""
    loss, fields = parts(loss)
    outputs = model(images, training=training)
    if loss in REGRESSIONS:
        return REGRESSIONS[loss](reduction=None)(labels, outputs)
    if loss == HINGE:
        return keras.losses.Hinge(reduction=None)(labels.reshape(-1, 1), outputs)
    if loss == SPARSE and fields:  # Keras smooths rows of numbers only
        loss, labels = CATEGORICAL, np.eye(outputs.shape[-1])[labels]
    kind = {SPARSE: keras.losses.SparseCategoricalCrossentropy, CATEGORICAL: keras.losses.CategoricalCrossentropy,
            BINARY: keras.losses.BinaryCrossentropy}[loss]
    function = kind(from_logits=not ends_in_probabilities(layers), reduction=None, **fields)
    return function(labels if loss == CATEGORICAL else labels.reshape(-1, 1), outputs)


def tensors(model, values, only=None):
    """Keras 3 calls a variable `kernel`; with its layer's name in front it is unique."""
    names = {id(v): f"{l.name}/{v.name}" for l in model.layers for v in l.weights}
    names = [names[id(v)] for v in model.weights if only is None or id(v) in only]
    return [{"name": n, "shape": list(v.shape), "values": numbers(v)} for n, v in zip(names, values)]


def numbers(array):
    """The shortest decimals that read back to the same float32."""
    flat = np.asarray(array, dtype=np.float32).ravel()
    return [float(np.format_float_scientific(x, unique=True)) for x in flat]


def build(shape, layers, seed):
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    model = network(shape, layers)
    rng = np.random.default_rng(seed)
    for v in model.weights:  # biases too, so that a forgotten one shows
        limit = 0.3 if len(v.shape) == 1 else np.sqrt(6 / (np.prod(v.shape[:-1]) + v.shape[-1]))
        middle = 1 if v.name in ("gamma", "moving_variance") else 0
        v.assign((middle + rng.uniform(-limit, limit, v.shape)).astype(np.float32).astype(np.float64))
    return model


def descend(model, images, labels, loss, layers, fields, steps):
    method = optimizer(fields)
    for _ in range(steps):
        with tf.GradientTape() as tape:
            mean = tf.reduce_mean(losses(model, images, labels, loss, layers)) + sum(model.losses)
        method.apply(tape.gradient(mean, model.trainable_variables), model.trainable_variables)
    method.finalize_variable_values(model.trainable_variables)


def golden(seed, shape, batch, loss, layers, standardize=lambda pixels: pixels):
    model = build(shape, layers, seed)
    rng = np.random.default_rng(seed + 1000)
    pixels = rng.integers(0, 256, [batch] + shape, dtype=np.uint8)
    labels = rng.integers(0, max(2, model.output_shape[-1]), batch)
    kind, _ = parts(loss)
    if kind in REGRESSIONS:
        labels = rng.normal(0, 1, (batch, model.output_shape[-1])).astype(np.float32).astype(np.float64)
    if kind == CATEGORICAL:
        labels = rng.dirichlet(np.ones(model.output_shape[-1]), batch).astype(np.float32).astype(np.float64)
    has_numbers = kind in REGRESSIONS or kind == CATEGORICAL
    images = tf.constant(standardize(pixels), dtype=tf.float64)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(losses(model, images, labels, loss, layers))
    gradients = tape.gradient(total, model.trainable_variables)
    model = build(shape, layers, seed)  # the moving statistics have moved
    trained = {id(v) for v in model.trainable_variables}
    result = {
        "layers": layers, "input": shape, "loss": loss,
        "pixels": pixels.ravel().tolist(), 
        "labels": [0] * batch if has_numbers else labels.tolist(),
        "weights": tensors(model, model.weights),
        "loss_sum": float(total),
        "evaluation_loss_sum": float(tf.reduce_sum(losses(model, images, labels, loss, layers, False))),
        "probabilities": numbers(probabilities(model(images), loss, layers)),
        "gradients": tensors(model, gradients, only=trained),
    }
    if model.losses:
        result["penalty"] = float(sum(model.losses))
    if has_numbers:
        result["targets"] = numbers(labels)
    return model, images, labels, result


STANDARDIZED = {
    "standardized_features": ([6, 5, 3], dict(featurewise_std_normalization=True), conv(4, 3, activation="sigmoid")),
    "standardized_samples": ([5, 6, 3], dict(samplewise_std_normalization=True), conv(4, 3, activation="sigmoid")),
    "standardized_both": ([5, 4, 2], dict(featurewise_center=True, samplewise_center=True), dense(4, activation="sigmoid")),
    "standardized_all": ([4, 5, 1], dict(featurewise_std_normalization=True, samplewise_std_normalization=True), dense(4, activation="relu")),
    "whitened": ([3, 4, 2], dict(zca_whitening=True), conv(4, 2, activation="sigmoid")),
    "whitened_samples": ([4, 5, 1], dict(zca_whitening=True, zca_epsilon=2.5, samplewise_std_normalization=True), dense(4, activation="sigmoid")),
}


def standardized(seed, shape, options, layer):
    """Of `ImageDataGenerator`, fitted on other images than the batch, before a Rescaling."""
    generator = tf.keras.preprocessing.image.ImageDataGenerator(dtype="float64", **options)
    others = np.random.default_rng(seed + 2000).integers(0, [120 + 40 * c for c in range(shape[2])], [40] + shape)
    generator.fit(others.astype(np.float64))
    layers = [{"Rescaling": {"scale": 0.75, "offset": 0.125}}, layer, "Flatten", dense(3)]
    _, _, _, result = golden(seed, shape, 18, SPARSE, layers, lambda pixels: np.stack(
        [generator.standardize(image.astype(np.float64)) for image in pixels]))
    channels = lambda values: [] if values is None else [float(v) for v in np.ravel(values)]
    return result | {"steps": [], "standardization": {
        "centers_samples": generator.samplewise_center, "scales_samples": generator.samplewise_std_normalization,
        "mean": channels(generator.mean), "deviation": channels(generator.std),
        "whitening": channels(generator.zca_whitening_matrix)}}


def weighted(seed, shape, batch, weights, loss, layers, by="class_weights"):
    """With weights, which `fit` knows: its loss, its steps, and what an SGD step of 1 takes away."""
    model, images, labels, result = golden(seed, shape, batch, loss, layers)
    fields = {"name": "sgd", "learning_rate": 0.2, "momentum": 0.9}

    def fit(fields, steps):
        model = build(shape, layers, seed)
        kind = keras.losses.SparseCategoricalCrossentropy if loss == SPARSE else keras.losses.BinaryCrossentropy
        model.compile(optimizer(fields), kind(from_logits=not ends_in_probabilities(layers)))
        given = {"class_weight": dict(enumerate(weights))} if by == "class_weights" else {
            "sample_weight": np.array(weights)}
        history = model.fit(images, labels, **given, batch_size=batch, epochs=steps, shuffle=False, verbose=0)
        return model, history.history["loss"]

    stepped, losses = fit({"name": "sgd", "learning_rate": 1.0}, 1)
    gradients = [(before.numpy() - after.numpy()) * batch
                 for before, after in zip(model.trainable_variables, stepped.trainable_variables)]
    trained = {id(v) for v in model.trainable_variables}
    return result | {
        by: weights, "loss_sum": losses[0] * batch,
        "gradients": tensors(model, gradients, only=trained),
        "steps": [{"optimizer": fields, "count": 10, "weights": tensors(model, fit(fields, 10)[0].weights)}]}


def sample_weighted():
    """In evaluations, too, images count what they count."""
    layers, weights = [PIXELS, conv(3, 2, activation="sigmoid"), "Flatten", dense(3)], [i % 5 / 2 for i in range(19)]
    result = weighted(400, [4, 5, 1], 19, weights, SPARSE, layers, by="sample_weights")
    return result | {"evaluation_loss_sum": result["loss_sum"]}


def write(name, result):
    text = json.dumps(result, separators=(",", ":")).replace('],"', '],\n"').replace('},{"name', '},\n{"name')
    (HERE / f"{name}.json").write_text(text + "\n")


INITIALIZERS = [
    {"name": name} for name in (
        "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal", "zeros",
        "ones", "random_uniform", "random_normal", "truncated_normal", "variance_scaling")
] + [
    {"name": "constant", "value": 0.3}, {"name": "random_uniform", "minval": 0.1, "maxval": 0.4},
    {"name": "random_normal", "mean": -1.0, "stddev": 0.5},
    {"name": "truncated_normal", "mean": 0.2, "stddev": 0.1},
    {"name": "variance_scaling", "scale": 0.5, "mode": "fan_out", "distribution": "untruncated_normal"},
    {"name": "variance_scaling", "scale": 3.0, "mode": "fan_avg", "distribution": "uniform"}]


def initializers():
    """initializers.txt: one JSON object a line, what Keras draws for a convolution, a dense layer and a bias."""
    lines = []
    for fields in INITIALIZERS:
        kind = getattr(keras.initializers, fields["name"].title().replace("_", ""))
        rest = {name: value for name, value in fields.items() if name != "name"}
        if "seed" in inspect.signature(kind.__init__).parameters:
            rest["seed"] = 1
        for shape in ([3, 3, 24, 40], [1440, 30], [30]):
            values = keras.ops.convert_to_numpy(kind(**rest)(shape))
            lines.append(json.dumps({
                "initializer": fields, "shape": shape, "mean": float(values.mean()),
                "deviation": float(values.std()), "lowest": float(values.min()),
                "highest": float(values.max())}))
    (HERE / "initializers.txt").write_text("\n".join(lines) + "\n")


def main():
    initializers()
    keras.config.set_floatx("float64")
    named = [(zlib.crc32(name.encode()), (name, model)) for name, model in NAMED.items()]
    for seed, (name, (shape, batch, loss, fields, layers)) in list(enumerate(MODELS.items())) + named:
        model, images, labels, result = golden(seed, shape, batch, loss, layers)
        descend(model, images, labels, loss, layers, fields, steps=10)
        result["steps"] = [{"optimizer": fields, "count": 10, "weights": tensors(model, model.weights)}]
        write(name, result)

    layers = [PIXELS, conv(2, 3, activation="sigmoid"), "Flatten", dense(3)]
    model, images, labels, result = golden(100, [5, 4, 1], 6, SPARSE, layers)
    for name, optimizers, counts in (("optimizers", OPTIMIZERS, (1, 2, 10)), ("update_rules", RULES, (1, 10))):
        result["steps"] = []
        for fields in optimizers:
            for count in counts:
                model = build([5, 4, 1], layers, 100)
                descend(model, images, labels, SPARSE, layers, fields, count)
                result["steps"].append(
                    {"optimizer": fields, "count": count, "weights": tensors(model, model.weights)})
        write(name, result)
    for seed, (name, weights, loss, layers) in enumerate([
            ("class_weights", [0.25, 3.0, 0.0], SPARSE, [PIXELS, conv(3, 3, activation="sigmoid"), "Flatten", dense(3)]),
            ("class_weights_binary", [0.7, 1.9], BINARY, [PIXELS, "Flatten", dense(1, activation="sigmoid")])]):
        write(name, weighted(seed + 200, [5, 4, 1], 18, weights, loss, layers))
    write("sample_weights", sample_weighted())
    for seed, (name, (shape, options, layer)) in enumerate(STANDARDIZED.items()):
        write(name, standardized(seed + 300, shape, options, layer))


main()
