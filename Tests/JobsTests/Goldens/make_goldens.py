#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes transforms.txt: what Keras's random layers make of a small image when there is no choice left.

Each line, between semicolons: height, width, channels; how often pixels are rounded to bytes on the way; the
layers as they stand in a job; the pixels in 128ths, four hexadecimal digits each. Layers that Convoy does in
one resampling go through Keras's affine_transform once, by the product of their matrices.
Needs keras with the backend of tensorflow.
"""
import json
import pathlib

import keras
import numpy as np

HERE = pathlib.Path(__file__).parent
SIZES = [(9, 9, 3), (6, 11, 1), (8, 5, 4)]
SHIFT = {"height_factor": [0.23, 0.23], "width_factor": [-0.37, -0.37]}
FAR = {"height_factor": [-0.91, -0.91], "width_factor": [0.83, 0.83]}
CASES = []
for mode in ("reflect", "wrap", "constant", "nearest"):
    sampling = {"fill_mode": mode, "fill_value": 77.0}
    CASES += [
        [("RandomRotation", {"factor": [0.1, 0.1], **sampling})],
        [("RandomRotation", {"factor": [-0.43, -0.43], **sampling, "interpolation": "nearest"})],
        [("RandomZoom", {"height_factor": [0.33, 0.33], "width_factor": [0.91, 0.91], **sampling})],
        [("RandomZoom", {"height_factor": [-0.31, -0.31], **sampling})],
        [("RandomTranslation", {**SHIFT, **sampling})],
        [("RandomTranslation", {**FAR, **sampling, "interpolation": "nearest"})],
        [("RandomRotation", {"factor": [0.07, 0.07], **sampling}),
         ("RandomZoom", {"height_factor": [0.2, 0.2], "width_factor": [-0.1, -0.1], **sampling}),
         ("RandomTranslation", {**SHIFT, **sampling})],
    ]
CASES += [
    [("RandomContrast", {"factor": [0.0, 0.0], "value_range": [40.0, 190.0]})],
    [("Rescaling", {"scale": -0.5, "offset": 3.0}),
     ("RandomContrast", {"factor": [0.0, 0.0], "value_range": [-60.0, -11.0]})],
    [("Rescaling", {"scale": 1 / 127.5, "offset": -1.0}),
     ("RandomTranslation", {**SHIFT, "fill_mode": "constant", "fill_value": 0.2})],
    [("RandomTranslation", {**SHIFT, "fill_mode": "wrap"}), ("RandomRotation", {"factor": [0.2, 0.2]})],
]


def image(height, width, channels):
    """Nothing smooth: neighbours differ as much as they can."""
    y, x, c = np.mgrid[0:height, 0:width, 0:channels]
    return ((37 * y + 91 * x + 53 * c + 7 * x * y) % 256).astype(np.float32)


def matrix(layer, pixels):
    height, width, _ = pixels.shape
    drawn = layer.get_random_transformation(pixels[None], training=True)
    if isinstance(layer, keras.layers.RandomRotation):
        numbers = drawn["rotation_matrix"]
    elif isinstance(layer, keras.layers.RandomZoom):
        zooms = np.concatenate([drawn["width_zoom"], drawn["height_zoom"]], 1)
        numbers = layer._get_zoom_matrix(zooms, height, width)
    else:
        numbers = layer._get_translation_matrix(drawn["translations"])
    return np.append(np.array(numbers)[0], 1).astype(np.float64).reshape(3, 3)


def run(case, pixels):
    """The pixels, and how often they are bytes on the way."""
    layers = [getattr(keras.layers, name)(**fields) for name, fields in case]
    samplings = {(layer.fill_mode, layer.interpolation) for layer in layers if hasattr(layer, "fill_mode")}
    if len(case) > 1 and len(samplings) == 1 and case[0][0] != "Rescaling":
        product = np.eye(3)
        for layer in layers:
            product = product @ matrix(layer, pixels)
        return np.array(keras.ops.image.affine_transform(
            pixels, product.ravel()[:8], fill_mode=layers[0].fill_mode, fill_value=layers[0].fill_value)), 1
    scale, offset = 1.0, 0.0
    for layer in layers:
        pixels = np.array(layer(pixels[None], training=True))[0]
        if isinstance(layer, keras.layers.Rescaling):
            scale, offset = layer.scale, layer.offset
    return (pixels - offset) / scale, sum(not isinstance(layer, keras.layers.Rescaling) for layer in layers)


lines = []
for case in CASES:
    for size in SIZES:
        pixels, roundings = run(case, image(*size))
        text = json.dumps([{name: fields} for name, fields in case])
        digits = "".join(f"{round(float(v) * 128):04x}" for v in pixels.ravel())
        lines.append(f"{size[0]} {size[1]} {size[2]};{roundings};{text};{digits}")
(HERE / "transforms.txt").write_text("\n".join(lines) + "\n")
