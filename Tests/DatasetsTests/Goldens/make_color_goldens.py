#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes colors.txt: what Keras and TensorFlow make of the colours of a small image.

Each line: operation, parameter, then the pixels (HEIGHT, WIDTH, 3) in 128ths, four hexadecimal digits each.
Needs keras with pillow, and tensorflow.
"""
import pathlib

import numpy as np
import tensorflow as tf
from keras.src.legacy.preprocessing.image import apply_brightness_shift, apply_channel_shift

HERE = pathlib.Path(__file__).parent
HEIGHT, WIDTH = 6, 7


def image():
    """Nothing smooth, between 5 and 245 (so that a shift finds its bounds in the image); one row is grey."""
    y, x, c = np.mgrid[0:HEIGHT, 0:WIDTH, 0:3]
    return (5 + (37 * y + 91 * x + 53 * c * (y > 0) + 7 * x * y) % 241).astype(np.float32)


def in_unit_range(operation, *arguments):
    """TensorFlow counts colours from 0 to 1."""
    return operation(image() / 255, *arguments).numpy() * 255


OPERATIONS = {
    "channel_shift": lambda x: apply_channel_shift(image(), x, channel_axis=2),
    "brightness": lambda x: apply_brightness_shift(image(), x, scale=False),
    "contrast": lambda x: np.clip(tf.image.adjust_contrast(image(), x).numpy(), 0, 255),
    "saturation": lambda x: in_unit_range(tf.image.adjust_saturation, x),
    "hue": lambda x: in_unit_range(tf.image.adjust_hue, x),
    "grayscale": lambda x: np.repeat(in_unit_range(tf.image.rgb_to_grayscale), 3, 2),
}
PARAMETERS = {"channel_shift": (20.0, -33.3), "brightness": (0.35, 1.7), "contrast": (0.4, 2.1),
              "saturation": (0.0, 0.6, 1.9), "hue": (0.1, -0.37, 0.5), "grayscale": (1.0,)}


def main():
    lines = []
    for name, operation in OPERATIONS.items():
        for parameter in PARAMETERS[name]:
            out = np.clip(operation(parameter), 0, 255)
            digits = "".join(f"{round(float(v) * 128):04x}" for v in out.ravel())
            lines.append(f"{name} {parameter} {digits}")
    (HERE / "colors.txt").write_text("\n".join(lines) + "\n")


main()
