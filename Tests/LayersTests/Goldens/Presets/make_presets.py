# SPDX-License-Identifier: Apache-2.0
"""Makes presets.json beside it with the real Keras 3, in double precision.

    KERAS_BACKEND=tensorflow venv/bin/python Tests/LayersTests/Goldens/Presets/make_presets.py

The known networks, written down here once more from their papers, with a quarter of the filters and units, 10 classes,
SiLU for ReLU and means for maxima: in a deep network rounding decides which of two almost equal inputs is the larger one,
and everything after it; smooth functions have no such places. Weights and pixels are functions of their names (`draw`),
which the test computes as well. A line holds a network's ten losses, each before a step of SGD on the same 16 images, the
Euclidean norm of each tensor's gradient of the first mean loss, and of each tensor after the ten steps. A gradient of a
factor that normalisation undoes is zero but for rounding, and zero here.
"""

import json
import pathlib

import keras
import numpy as np
import tensorflow as tf
from keras import layers

HERE = pathlib.Path(__file__).parent
IMAGES, CLASSES, STEPS = 16, 10, 10


def draw(name, count):
    """Numbers of 24 bits in [0, 1): SplitMix64 (Steele et al. 2014) after a seed that is the name's FNV-1a hash."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 % 2**64
    z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(40)).astype(np.float64) / 2**24


def conv(x, filters, kernel, strides=1, padding="same", smooth=True, bias=True, name=None):
    activation = "silu" if smooth else None
    return layers.Conv2D(
        filters, kernel, strides, padding, activation=activation, use_bias=bias, name=name)(x)


def mean(x, size=2, strides=None, padding="valid"):
    return layers.AveragePooling2D(size, strides, padding)(x)


def dense(x, units):
    return layers.Dense(units, activation="silu")(x)


def normalized(x, filters, kernel, strides=1, name=None, momentum=0.99):
    x = conv(x, filters, kernel, strides, smooth=False, bias=False)
    return layers.BatchNormalization(momentum=momentum, name=name)(x)


def silu(x):
    return layers.Activation("silu")(x)


def cifar(x):
    x = mean(conv(x, 8, 3, padding="valid"))
    x = mean(conv(x, 16, 3, padding="valid"))
    return dense(layers.Flatten()(conv(x, 16, 3, padding="valid")), 16)


def flowers(x):
    for filters in (4, 8, 16):
        x = mean(conv(x, filters, 3))
    return dense(layers.Flatten()(x), 32)


def catsdogs(x):
    for filters in (8, 16, 32, 32):
        x = mean(conv(x, filters, 3, padding="valid"))
    return dense(layers.Flatten()(x), 128)


def lenet5(x):
    for filters, padding in ((1, "same"), (4, "valid")):
        x = mean(layers.Conv2D(filters, 5, padding=padding, activation="tanh")(x))
    x = layers.Flatten()(x)
    for units in (30, 21):
        x = layers.Dense(units, activation="tanh")(x)
    return x


def vgg(*stages):
    def body(x):
        for count, filters in zip(stages, (16, 32, 64, 128, 128)):
            for _ in range(count):
                x = conv(x, filters, 3)
            x = mean(x)
        return dense(dense(layers.Flatten()(x), 1024), 1024)
    return body


def residual(width, stages, bottleneck=False, large=False):
    def body(x):
        if large:
            x = mean(silu(normalized(x, width, 7, 2)), 3, 2, "same")
        else:
            x = silu(normalized(x, width, 3))
        for stage, count in enumerate(stages, 1):
            filters = width << (stage - 1)
            for index in range(1, count + 1):
                name, strides = f"block{stage}_{index}", 2 if stage > 1 and index == 1 else 1
                if bottleneck:
                    y = silu(normalized(x, filters, 1))
                    y = silu(normalized(y, filters, 3, strides))
                    y = normalized(y, filters * 4, 1, name=name + "_main")
                else:
                    y = silu(normalized(x, filters, 3, strides))
                    y = normalized(y, filters, 3, name=name + "_main")
                if x.shape[1:] != y.shape[1:]:
                    x = normalized(x, y.shape[-1], 1, strides, name=name + "_shortcut")
                x = silu(layers.Add()([y, x]))
        return layers.GlobalAveragePooling2D()(x)
    return body


def depthwise(x, strides, momentum=0.99):
    x = layers.DepthwiseConv2D(3, strides, "same", use_bias=False)(x)
    return silu(layers.BatchNormalization(momentum=momentum)(x))


def mobilenet(x):
    x = silu(normalized(x, 8, 3, 2))
    for filters, strides in (
            (16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), (128, 1), (128, 1), (128, 1), (128, 1), (128, 1),
            (256, 2), (256, 1)):
        x = silu(normalized(depthwise(x, strides), filters, 1))
    return layers.GlobalAveragePooling2D()(x)


def mobilenet_v2(x):
    momentum = 0.999
    x, number = silu(normalized(x, 8, 3, 2, momentum=momentum)), 0
    for expansion, filters, count, strides in (
            (1, 4, 1, 1), (6, 6, 2, 2), (6, 8, 3, 2), (6, 16, 4, 2), (6, 24, 3, 1), (6, 40, 3, 2), (6, 80, 1, 1)):
        for index in range(count):
            number += 1
            stride = strides if index == 0 else 1
            y = x if expansion == 1 else silu(normalized(x, expansion * x.shape[-1], 1, momentum=momentum))
            is_residual = stride == 1 and x.shape[-1] == filters
            name = f"block{number}" + ("_main" if is_residual else "")
            y = normalized(depthwise(y, stride, momentum), filters, 1, name=name, momentum=momentum)
            x = layers.Add()([y, x]) if is_residual else y
    return layers.GlobalAveragePooling2D()(silu(normalized(x, 320, 1, momentum=momentum)))


def squeezenet(x):
    x = mean(conv(x, 24, 7, 2, "valid"), 3, 2, "same")
    for number, squeezed in zip(range(2, 10), (4, 4, 8, 8, 12, 12, 16, 16)):
        name = f"fire{number}"
        x = conv(x, squeezed, 1, name=name + "_squeeze")
        x = layers.Concatenate()([
            conv(x, squeezed * 4, 1, name=name + "_1x1"), conv(x, squeezed * 4, 3, name=name + "_3x3")])
        if number in (4, 8):
            x = mean(x, 3, 2, "same")
    return layers.GlobalAveragePooling2D()(conv(x, CLASSES, 1))


# name: (pixels across and down, what comes before the last layer)
PRESETS = {
    "cifar-cnn": (32, cifar), "flowers-cnn": (32, flowers), "catsdogs-cnn": (64, catsdogs), "lenet5": (32, lenet5),
    "vgg16": (32, vgg(2, 2, 3, 3, 3)), "vgg19": (32, vgg(2, 2, 4, 4, 4)),
    "resnet20": (32, residual(4, [3, 3, 3])), "resnet56": (32, residual(4, [9, 9, 9])),
    "resnet110": (32, residual(4, [18, 18, 18])),
    "resnet18": (32, residual(16, [2, 2, 2, 2])), "resnet34": (32, residual(16, [3, 4, 6, 3])),
    "resnet50": (32, residual(16, [3, 4, 6, 3], bottleneck=True)),
    "resnet18-imagenet": (64, residual(16, [2, 2, 2, 2], large=True)),
    "resnet34-imagenet": (64, residual(16, [3, 4, 6, 3], large=True)),
    "resnet50-imagenet": (64, residual(16, [3, 4, 6, 3], bottleneck=True, large=True)),
    "mobilenet": (32, mobilenet), "mobilenet-v2": (32, mobilenet_v2), "squeezenet": (32, squeezenet)}


def network(side, body):
    keras.backend.clear_session()
    images = keras.Input([side, side, 3])
    last = body(layers.Rescaling(1 / 255)(images))
    model = keras.Model(images, last if body is squeezenet else layers.Dense(CLASSES)(last))
    for layer in model.layers:
        for v in layer.weights:
            limit = 0.3 if len(v.shape) == 1 else np.sqrt(6 / (np.prod(v.shape[:-1]) + v.shape[-1]))
            middle = 1 if v.name in ("gamma", "moving_variance") else 0
            values = middle + limit * (2 * draw(f"{layer.name}/{v.name}", np.prod(v.shape)) - 1)
            v.assign(values.astype(np.float32).astype(np.float64).reshape(v.shape))
    return model


def norms(model, values):
    names = {id(v): f"{l.name}/{v.name}" for l in model.layers for v in l.weights}
    return {names[id(v)]: digits(np.linalg.norm(np.ravel(value))) for v, value in values}


def digits(number):
    return float(f"{float(number):.9g}") if abs(number) > 1e-12 else 0.0


def golden(name, side, body):
    model = network(side, body)
    pixels = np.floor(256 * draw("pixels", IMAGES * side * side * 3)).reshape(IMAGES, side, side, 3)
    labels = np.arange(IMAGES) % CLASSES
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    # Far enough for losses to fall, near enough for rounding not to grow: a deep normalised network is steep.
    rate = 0.001 if any(isinstance(l, layers.BatchNormalization) for l in model.layers) else 0.01
    optimizer = keras.optimizers.SGD(rate, momentum=0.9)
    result = {"preset": name, "side": side, "learning_rate": rate, "losses": []}

    @tf.function
    def gradients():
        with tf.GradientTape() as tape:
            mean_loss = loss(labels, model(pixels, training=True))
        return mean_loss, tape.gradient(mean_loss, model.trainable_variables)

    for step in range(STEPS):
        mean_loss, gradient = gradients()
        result["losses"].append(digits(mean_loss))
        if step == 0:
            result["gradients"] = norms(model, zip(model.trainable_variables, gradient))
        optimizer.apply(gradient, model.trainable_variables)
    return result | {"weights": norms(model, ((v, v) for v in model.weights))}


def main():
    keras.config.set_floatx("float64")
    lines = []
    for name, (side, body) in PRESETS.items():
        lines.append(json.dumps(golden(name, side, body), separators=(",", ":")))
        print(name, lines[-1][:300], flush=True)
    (HERE / "presets.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")


main()
