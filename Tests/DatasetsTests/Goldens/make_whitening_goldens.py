#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes whitening.npz, images of neighbours that are alike, and whitening.txt, the matrices that Keras whitens
them by: how many of the images, zca_epsilon, then the matrix row by row in hexadecimal.

Needs keras and numpy.
"""
import pathlib

import numpy as np
from keras.src.legacy.preprocessing.image import ImageDataGenerator

HERE = pathlib.Path(__file__).parent
rng = np.random.default_rng(7)
noise = rng.normal(120, 70, (60, 6, 5, 3))
smooth = noise[:, :-2, :-2] + noise[:, 1:-1, 1:-1] + noise[:, 2:, 2:]
images = np.clip(smooth / 3 + 20 * np.arange(3), 0, 255).astype(np.uint8)
np.savez(HERE / "whitening.npz", x_train=images, y_train=np.arange(60, dtype=np.uint8) % 3)
lines = []
for count, epsilon in ((60, 1e-6), (60, 300.0), (20, 1e-6)):  # 36 numbers an image: more images, and fewer
    generator = ImageDataGenerator(zca_whitening=True, zca_epsilon=epsilon, dtype="float64")
    generator.fit(images[:count].astype(np.float64))
    values = " ".join(float(v).hex() for v in generator.zca_whitening_matrix.ravel())
    lines.append(f"{count} {epsilon} {values}")
(HERE / "whitening.txt").write_text("\n".join(lines) + "\n")
