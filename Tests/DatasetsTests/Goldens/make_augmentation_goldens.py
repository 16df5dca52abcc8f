#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes augmentation.txt, crops.txt and blurs.txt: what Keras and SciPy make of a small image.

Each line: fill mode, height, width, channels, rotation, shift x, shift y, shear, zoom x, zoom y, flipped
horizontally, vertically, then the pixels in 128ths, four hexadecimal digits each.
Square images go through Keras's apply_affine_transform. It exchanges rows and columns, which on others
turns them about a place that is not their centre; these go through SciPy about their centre.
Each line of crops.txt: height, width, channels, first row, rows, first column, columns, then the pixels.
Each line of blurs.txt: height, width, channels, standard deviation, then the pixels.
Needs keras, scipy and numpy.
"""
import pathlib

import numpy as np
from keras.src.legacy.preprocessing.image import apply_affine_transform
from scipy import ndimage

HERE = pathlib.Path(__file__).parent
CVAL = 77.0
TRANSFORMS = [  # rotation, shift x, shift y, shear, zoom x, zoom y, flips
    (17.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0, 0),
    (0.0, 1.75, -2.4, 0.0, 1.0, 1.0, 1, 0),
    (0.0, -11.0, 4.0, 0.0, 1.0, 1.0, 0, 0),
    (-73.0, 0.3, 0.9, 21.0, 1.3, 0.7, 0, 1),
    (205.0, -3.2, 2.6, -14.0, 2.6, 3.1, 1, 1),
]


def image(height, width, channels):
    """Nothing smooth: neighbours differ as much as they can."""
    y, x, c = np.mgrid[0:height, 0:width, 0:channels]
    return ((37 * y + 91 * x + 53 * c + 7 * x * y) % 256).astype(np.float32)


def matrix(rotation, shift_x, shift_y, shear, zoom_x, zoom_y):
    r, s = np.deg2rad(rotation), np.deg2rad(shear)
    turn = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    shift = np.array([[1, 0, shift_x], [0, 1, shift_y], [0, 0, 1]])
    lean = np.array([[1, -np.sin(s), 0], [0, np.cos(s), 0], [0, 0, 1]])
    return turn @ shift @ lean @ np.diag([zoom_x, zoom_y, 1])


def about_centre(pixels, transform, mode):
    height, width, _ = pixels.shape
    m = matrix(*transform)[[1, 0]][:, [1, 0, 2]]
    centre = np.array([(height - 1) / 2, (width - 1) / 2])
    offset = m[:, 2] + centre - m[:, :2] @ centre
    planes = [ndimage.affine_transform(plane, m[:, :2], offset, order=1, mode=mode, cval=CVAL)
              for plane in np.moveaxis(pixels, 2, 0)]
    return np.stack(planes, 2)


def hexadecimal(pixels):
    return "".join(f"{round(float(v) * 128):04x}" for v in pixels.ravel())


def make_crops():
    """Pieces made as large as the image: pixel centres on pixel centres, as tf.image.resize has them."""
    lines = []
    for (height, width, channels), (top, rows, left, columns) in (
            ((9, 9, 3), (0, 9, 0, 9)), ((9, 9, 3), (2, 4, 3, 5)), ((6, 11, 1), (5, 1, 0, 11)), ((6, 11, 1), (0, 3, 10, 1)),
            ((8, 5, 4), (1, 7, 2, 3))):
        y = (np.arange(height) + 0.5) * rows / height - 0.5 + top
        x = (np.arange(width) + 0.5) * columns / width - 0.5 + left
        places = np.meshgrid(y, x, indexing="ij")
        out = np.stack([ndimage.map_coordinates(plane, places, order=1, mode="nearest")
                        for plane in np.moveaxis(image(height, width, channels), 2, 0)], 2)
        lines.append(" ".join(map(str, (height, width, channels, top, rows, left, columns, hexadecimal(out)))))
    (HERE / "crops.txt").write_text("\n".join(lines) + "\n")


def make_blurs():
    lines = []
    for height, width, channels in ((9, 9, 3), (6, 11, 1), (20, 3, 4)):
        for sigma in (0.1, 0.4, 1.3, 5.0):
            out = ndimage.gaussian_filter(
                image(height, width, channels).astype(np.float64), (sigma, sigma, 0), mode="nearest", truncate=4.0)
            lines.append(" ".join(map(str, (height, width, channels, sigma, hexadecimal(out)))))
    (HERE / "blurs.txt").write_text("\n".join(lines) + "\n")


def main():
    make_crops()
    make_blurs()
    lines = []
    for mode in ("nearest", "constant", "reflect", "wrap"):
        for size in ((9, 9, 3), (6, 11, 1)):
            for *transform, mirrored, inverted in TRANSFORMS:
                pixels = image(*size)
                if size[0] == size[1]:
                    rotation, shift_x, shift_y, *rest = transform
                    out = apply_affine_transform(
                        pixels, rotation, shift_x, shift_y, *rest, row_axis=0, col_axis=1,
                        channel_axis=2, fill_mode=mode, cval=CVAL)
                    assert np.abs(out - about_centre(pixels, transform, mode)).max() < 1e-3
                else:
                    out = about_centre(pixels, transform, mode)
                out = out[:, ::-1] if mirrored else out
                out = out[::-1] if inverted else out
                digits = "".join(f"{round(float(v) * 128):04x}" for v in out.ravel())
                lines.append(" ".join(map(str, (mode, *size, *transform, mirrored, inverted, digits))))
    (HERE / "augmentation.txt").write_text("\n".join(lines) + "\n")


main()
