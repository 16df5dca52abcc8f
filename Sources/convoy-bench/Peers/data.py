#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""data.py FOLDER [--bench PROGRAM] [--size 180] [--ratio 1] [--count 1000] [--repeats 5] [--core 1]

Images a second on one core, from files to augmented pixels: Convoy, tf.data and Keras's ImageDataGenerator by
turns, with the same operations on the same JPEG files. With --ratio 2, 4 or 8 tf.data decodes at that part of
the size, and Convoy at the scale that it chooses (dataset.jpeg_scaling: auto). Prints medians, and Convoy's
ratio to each, taken repeat by repeat. Needs tensorflow (2.21), keras, scipy and pillow; FOLDER is a folder of
class folders.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("folder")
parser.add_argument("--bench", default=".build/release/convoy-bench")
parser.add_argument("--size", type=int, default=180)
parser.add_argument("--ratio", type=int, default=1)
parser.add_argument("--count", type=int, default=1000)
parser.add_argument("--repeats", type=int, default=5)
parser.add_argument("--core", type=int, default=1)
options = parser.parse_args()
os.sched_setaffinity(0, {options.core})
os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", OMP_NUM_THREADS="1")

import tensorflow as tf  # noqa: E402

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
import keras  # noqa: E402

SIZE = (options.size, options.size)
paths = sorted(
    os.path.join(folder, name)
    for folder, _, names in os.walk(options.folder) for name in names if name.lower().endswith((".jpg", ".jpeg"))
)[: options.count]


def seconds(body):
    """Of this process's processor time: what others take from the core does not count."""
    start = time.process_time()
    body()
    return time.process_time() - start


def tensorflow(layers):
    def load(path):
        image = tf.io.decode_jpeg(
            tf.io.read_file(path), channels=3, ratio=options.ratio, dct_method="INTEGER_ACCURATE",
            fancy_upscaling=True)
        return tf.image.resize(image, SIZE)

    data = tf.data.Dataset.from_tensor_slices(paths).map(load).batch(32)
    if layers:
        augment = keras.Sequential(layers)
        data = data.map(lambda images: augment(images, training=True))
    serial = tf.data.Options()
    serial.threading.private_threadpool_size = 1
    serial.autotune.enabled = False
    data = data.with_options(serial)

    def run():
        for _ in data:
            pass
    return run


def generator(**changes):
    from keras.src.legacy.preprocessing.image import ImageDataGenerator
    flow = ImageDataGenerator(**changes).flow_from_directory(
        options.folder, target_size=SIZE, batch_size=32, interpolation="bilinear", seed=1)
    steps = max(1, min(options.count, flow.samples) // 32)

    def run():
        for _ in range(steps):
            next(flow)
    return run, steps * 32


def convoy():
    lines = subprocess.run(
        [options.bench, "data", options.folder, "--json", "--repeats", "1", "--size", str(options.size), "--count",
         str(options.count), "--jpeg-scaling", "auto" if options.ratio > 1 else "none"],
        check=True, capture_output=True, text=True).stdout.splitlines()
    return [json.loads(line)["images/s"] for line in lines]


BOOK = dict(
    horizontal_flip=True, rotation_range=40, width_shift_range=0.2, height_shift_range=0.2, shear_range=11.459,
    zoom_range=0.2)
TUTORIAL = dict(horizontal_flip=True, rotation_range=36, zoom_range=0.1)
names = ["decode and resize", "with flip, rotation and zoom", "with all of the book"]
flip, turn, zoom = keras.layers.RandomFlip("horizontal"), keras.layers.RandomRotation(0.1), keras.layers.RandomZoom(0.1)
peers = {
    "tf.data": [
        (tensorflow([]), len(paths)), (tensorflow([flip, turn, zoom]), len(paths)),
        (tensorflow([
            keras.layers.RandomFlip("horizontal"), keras.layers.RandomRotation(40 / 360),
            keras.layers.RandomTranslation(0.2, 0.2), keras.layers.RandomShear(0.2, 0.2),
            keras.layers.RandomZoom(0.2)]), len(paths)),
    ],
    "ImageDataGenerator": [generator(), generator(**TUTORIAL), generator(**BOOK)],
}
for runs in peers.values():  # the first time compiles
    for run, _ in runs:
        run()
rates = {name: {peer: [] for peer in ["Convoy", *peers]} for name in names}
for repeat in range(options.repeats):
    for name, rate in zip(names, convoy()):
        rates[name]["Convoy"].append(rate)
    for peer, runs in peers.items():
        for name, (run, images) in zip(names, runs):
            rates[name][peer].append(images / seconds(run))
    print(f"repeat {repeat + 1} of {options.repeats}", file=sys.stderr)
for name, by_peer in rates.items():
    line = f"{name:30} Convoy {statistics.median(by_peer['Convoy']):7.0f} images/s"
    for peer in peers:
        ratio = statistics.median(a / b for a, b in zip(by_peer["Convoy"], by_peer[peer]))
        line += f"   {peer} {statistics.median(by_peer[peer]):6.0f}, ratio {ratio:.2f}"
    print(line)
