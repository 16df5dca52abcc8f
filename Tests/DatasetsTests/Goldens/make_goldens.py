#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make_goldens.py [DATA]: makes images/, images.txt, alphas.txt, scaled.txt, pillow.txt and orientations.txt with Pillow, arrays.npz and compressed.npz; with DATA, a folder that holds
flowers/ and cifar10/ (class folders of JPEG files), also photographs.txt.

With KERAS=1 in the environment it makes fittings.txt with Keras, and nothing else.

Each line of images.txt and photographs.txt: path, width, height, then the SHA-256 of the pixels
as RGB, as grey, as RGB fitted to FIT, as grey fitted to FIT.
Each line of fittings.txt and pillow.txt: interpolation, framing, height, width, channels, the pixels in hexadecimal;
first comes the picture that is fitted, as "source".
Needs pillow (11 for pillow.txt) and numpy; tensorflow and keras for fittings.txt.
"""
import hashlib
import os
import pathlib
import struct
import sys
import zlib

import PIL
import numpy as np
from PIL import Image, ImageOps

HERE = pathlib.Path(__file__).parent
FIT = (20, 30)  # height, width


def picture(width, height, channels):
    """Smooth colours with edges and a little noise: something for every part of a decoder."""
    y, x = np.mgrid[0:height, 0:width]
    noise = np.random.default_rng(7).integers(-12, 13, (height, width, channels))
    waves = [np.sin(x / (3.0 + c)) * 70 + np.cos(y / (2.0 + c)) * 40 + 128 for c in range(channels)]
    disc = ((x - width / 2) ** 2 + (y - height / 2) ** 2 < height * height / 9)[..., None] * 60
    return np.clip(np.stack(waves, -1) + noise + disc, 0, 255).astype(np.uint8)


def png(rows, width, height, depth, interlace):
    """A PNG of RGB rows: Pillow reads 16 bits a channel and Adam7, but does not write them."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, interlace)
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data)
            + chunk(b"IEND", b""))


def adam7(pixels):
    """The rows of the seven passes."""
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    parts = [pixels[y::dy, x::dx] for x, y, dx, dy in passes]
    return [row for part in parts if part.size for row in part]


def make_images(folder):
    folder.mkdir(exist_ok=True)
    rgb = Image.fromarray(picture(25, 18, 3))
    grey = Image.fromarray(picture(25, 18, 1)[..., 0])
    rgba = Image.fromarray(picture(25, 18, 4), "RGBA")
    rgb.save(folder / "420.jpg", quality=85, subsampling="4:2:0")
    rgb.save(folder / "422.jpg", quality=85, subsampling="4:2:2")
    rgb.save(folder / "444.jpg", quality=85, subsampling="4:4:4", optimize=True)
    rgb.save(folder / "progressive.jpg", quality=85, progressive=True)
    grey.save(folder / "grey.jpg", quality=85, optimize=True)
    rgba.convert("CMYK").save(folder / "cmyk.jpg", quality=85, optimize=True)
    rgba.convert("CMYK").save(folder / "cmyk-progressive.jpg", quality=85, progressive=True)
    rgb.crop((0, 0, 1, 1)).save(folder / "pixel.JPEG", quality=85, optimize=True)
    rgb.save(folder / "rgb.png")
    rgba.crop((0, 0, 12, 9)).save(folder / "rgba.png")
    grey.save(folder / "grey.png")
    rgb.quantize(16).save(folder / "palette.PNG", transparency=3)
    grey.convert("1").save(folder / "bits.png")
    Image.merge("LA", (grey, grey.rotate(180))).save(folder / "greyalpha.png")
    small = picture(13, 11, 3)
    (folder / "interlaced.png").write_bytes(png(adam7(small), 13, 11, 8, interlace=1))
    deep = small.astype(">u2") * 256 + small[::-1]
    (folder / "deep.png").write_bytes(png(deep.astype(">u2"), 13, 11, 16, interlace=0))
    make_bitmaps(folder)
    rgb.save(folder / "lossy.webp", quality=70)
    rgba.save(folder / "lossy-alpha.webp", quality=70)
    rgba.crop((0, 0, 12, 9)).save(folder / "lossless.webp", lossless=True)


def bitmap(width, height, bits, rows, palette=b"", header=40, compression=0, masks=(), used=0):
    """A BMP of the parts that Pillow reads, but does not write. Rows are filled up to 4 bytes."""
    data = b"".join(row + bytes(-len(row) % 4) for row in rows)
    if header == 12:
        fields = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        fields = struct.pack("<IiiHHIIiiII", header, width, height, 1, bits, compression, len(data), 2835, 2835, used, 0)
        fields += struct.pack(f"<{len(masks)}I", *masks)
        fields += bytes(max(0, header - len(fields)))
    start = 14 + len(fields) + len(palette)
    return struct.pack("<2sIHHI", b"BM", start + len(data), 0, 0, start) + fields + palette + data


def make_bitmaps(folder):
    rgb, small = Image.fromarray(picture(25, 18, 3)), picture(13, 7, 3)
    rgb.save(folder / "rgb24.bmp")
    rgb.convert("L").save(folder / "grey8.bmp")
    rgb.quantize(50).save(folder / "palette8.bmp")
    rgb.convert("1").save(folder / "bits1.bmp")
    colours = bytes(range(16 * 4))
    fours = np.arange(13 * 7).reshape(7, 13) * 5 % 16
    pairs = [bytes((row[i] << 4) | (row[i + 1] if i + 1 < 13 else 0) for i in range(0, 13, 2)) for row in fours.tolist()]
    (folder / "palette4.bmp").write_bytes(bitmap(13, 7, 4, pairs, palette=colours))
    (folder / "core.bmp").write_bytes(bitmap(
        13, 7, 8, [bytes(row) for row in fours.tolist()], palette=bytes(i * 7 % 256 for i in range(768)), header=12))
    words = [(row[:, 0] >> 3).astype(np.uint16) << 11 | (row[:, 1] >> 2).astype(np.uint16) << 5 | row[:, 2] >> 3 for row in small]
    (folder / "rgb565.bmp").write_bytes(bitmap(
        13, 7, 16, [w.astype("<u2").tobytes() for w in words], compression=3, masks=(0xF800, 0x7E0, 0x1F)))
    words = [(row[:, 0] >> 3).astype(np.uint16) << 10 | (row[:, 1] >> 3).astype(np.uint16) << 5 | row[:, 2] >> 3 for row in small]
    (folder / "rgb555.bmp").write_bytes(bitmap(13, 7, 16, [w.astype("<u2").tobytes() for w in words]))
    (folder / "downwards.bmp").write_bytes(bitmap(13, -7, 24, [row[:, ::-1].tobytes() for row in small]))
    (folder / "runs8.bmp").write_bytes(bitmap(
        13, 7, 8, [runs(fours.tolist(), 8)], palette=bytes(range(256)) * 4, compression=1))
    (folder / "runs4.bmp").write_bytes(bitmap(13, 7, 4, [runs(fours.tolist(), 4)], palette=colours, compression=2))
    four = picture(13, 7, 4)
    (folder / "unused32.bmp").write_bytes(bitmap(13, 7, 32, [row[:, [2, 1, 0, 3]].tobytes() for row in four]))
    (folder / "alpha32.bmp").write_bytes(bitmap(
        13, 7, 32, [row.tobytes() for row in four], header=124, compression=3,
        masks=(0xFF, 0xFF00, 0xFF0000, 0xFF000000)))


def runs(rows, bits):
    """Rows, from the bottom up, as runs and literal pixels by turns; one row is passed over, one ends early."""
    data = b""
    for y, row in enumerate(rows):
        if y == 2:
            data += bytes([0, 2, 3, 1])  # three right, one up
            continue
        x, literal = (3, True) if y == 3 else (0, False)
        while x < len(row) - (2 if y == 4 else 0):
            part = row[x : x + 5]
            if literal and len(part) > 2:
                packed = bytes(part) if bits == 8 else bytes(
                    part[i] << 4 | (part[i + 1] if i + 1 < len(part) else 0) for i in range(0, len(part), 2))
                data += bytes([0, len(part)]) + packed + bytes(len(packed) % 2)
                x += len(part)
            else:
                data += bytes([3, row[x] if bits == 8 else row[x] << 4 | row[min(x + 1, len(row) - 1)]])
                x += 3
            literal = not literal
        data += bytes([0, 0])
    return data[:-2] + bytes([0, 1])


def fit(pixels, height, width):
    """The rule of ImageFitting.swift, in exact integers."""
    def axis(outputs, inputs):
        numerator = np.maximum((2 * np.arange(outputs) + 1) * inputs - outputs, 0)
        before = np.minimum(numerator // (2 * outputs), inputs - 1)
        weight = numerator % (2 * outputs) * 4096 // (2 * outputs)
        return before, np.minimum(before + 1, inputs - 1), weight

    source = pixels.astype(np.int64).reshape(pixels.shape[0], pixels.shape[1], -1)
    top, bottom, down = axis(height, source.shape[0])
    left, right, across = (a for a in axis(width, source.shape[1]))
    down, across = down[:, None, None], across[None, :, None]
    above = source[top][:, left] * (4096 - across) + source[top][:, right] * across
    below = source[bottom][:, left] * (4096 - across) + source[bottom][:, right] * across
    return ((above * (4096 - down) + below * down + (1 << 23)) >> 24).astype(np.uint8)


def line(root, path):
    image = Image.open(path)
    rgb, grey = np.asarray(image.convert("RGB")), np.asarray(image.convert("L"))
    digests = [hashlib.sha256(np.ascontiguousarray(a).tobytes()).hexdigest()
               for a in (rgb, grey, fit(rgb, *FIT), fit(grey, *FIT))]
    return " ".join([str(path.relative_to(root)), str(image.width), str(image.height), *digests]) + "\n"


def make_scaled(images):
    """Each line: path, height, width, then the SHA-256 of the pixels as RGB and as grey, decoded at the scale
    that Pillow's draft mode chooses for the size and fitted to it."""
    lines = []
    for path in images:
        for height, width in ((18, 25), (9, 12), (8, 12), (10, 12), (4, 6), (3, 5), (2, 3), (1, 1)):
            image = Image.open(path)
            image.draft(None, (width, height))
            digests = [
                hashlib.sha256(fit(np.asarray(image.convert(mode)), height, width).tobytes()).hexdigest()
                for mode in ("RGB", "L")]
            lines.append(" ".join([path.name, str(height), str(width), *digests]) + "\n")
    (HERE / "scaled.txt").write_text("".join(lines))


def make_alphas(images):
    """Each line: path, then the SHA-256 of the pixels as RGBA, and of these fitted to FIT."""
    lines = []
    for path in images:
        rgba = np.asarray(Image.open(path).convert("RGBA"))
        digests = [hashlib.sha256(np.ascontiguousarray(a).tobytes()).hexdigest() for a in (rgba, fit(rgba, *FIT))]
        lines.append(" ".join([path.name, *digests]) + "\n")
    (HERE / "alphas.txt").write_text("".join(lines))


def make_fittings():
    """The picture at two sizes, larger and smaller, by everything that Keras offers."""
    from keras.src.backend.tensorflow import image as keras_image

    picture_rgb = picture(25, 18, 3)
    lines = [("source", "-", picture_rgb)]
    for interpolation in ("nearest", "bilinear", "bicubic", "area"):
        for framing in ("stretch", "crop", "pad"):
            for size, channels in (((9, 14), 3), ((23, 31), 1), ((24, 11), 1)):
                fitted = keras_image.resize(
                    picture_rgb[..., :channels].astype(np.float32), size, interpolation=interpolation,
                    crop_to_aspect_ratio=framing == "crop", pad_to_aspect_ratio=framing == "pad",
                    data_format="channels_last")
                pixels = np.clip(np.floor(np.asarray(fitted) + 0.5), 0, 255).astype(np.uint8)
                lines.append((interpolation, framing, pixels))
    (HERE / "fittings.txt").write_text("".join(
        " ".join([name, framing, *map(str, p.shape), p.tobytes().hex()]) + "\n"
        for name, framing, p in lines))


def make_pillow():
    """As flow_from_directory. Later releases go along y first where that is less work, which changes some
    pixels by a level; and for pieces of an image their nearest pixel adds up rounded steps."""
    filters = {"nearest": Image.Resampling.NEAREST, "pil-box": Image.Resampling.BOX,
               "pil-bilinear": Image.Resampling.BILINEAR, "pil-bicubic": Image.Resampling.BICUBIC}
    four = picture(25, 18, 4)
    sources = {1: Image.fromarray(four[..., 0]), 3: Image.fromarray(four[..., :3]), 4: Image.fromarray(four, "RGBA")}
    lines = [("source", "-", four)]
    for name, filter in filters.items():
        for framing in ("stretch",) if name == "nearest" else ("stretch", "crop"):
            for (height, width), channels in (((9, 14), 3), ((23, 31), 1), ((24, 11), 4), ((5, 40), 3), ((1, 1), 1)):
                box = None
                if framing == "crop":  # load_img's keep_aspect_ratio
                    kept = min(18, 25 * height // width), min(25, 18 * width // height)
                    top, left = (18 - kept[0]) // 2, (25 - kept[1]) // 2
                    box = (left, top, left + kept[1], top + kept[0])
                resized = sources[channels].resize((width, height), filter, box=box)
                lines.append((name, framing, np.asarray(resized).reshape(height, width, channels)))
    (HERE / "pillow.txt").write_text("".join(
        " ".join([name, framing, *map(str, p.shape), p.tobytes().hex()]) + "\n" for name, framing, p in lines))


def make_arrays():
    """Five RGB images of 3 x 2 that count up, labels 0 to 4; two more for a test, labels 6 and 7."""
    arrays = {
        "x_train": np.arange(90, dtype=np.uint8).reshape(5, 3, 2, 3), "y_train": np.arange(5)[:, None],
        "x_test": np.zeros((2, 3, 2, 3), np.uint8), "y_test": np.array([6, 7], np.uint8)}
    np.savez(HERE / "arrays.npz", **arrays)
    np.savez_compressed(HERE / "compressed.npz", **arrays)


def make_orientations():
    """Line n: the SHA-256 of 444.jpg with EXIF orientation n, turned as Pillow turns it."""
    lines = []
    for orientation in range(1, 9):
        image = Image.open(HERE / "images" / "444.jpg")
        image.getexif()[0x0112] = orientation
        pixels = np.ascontiguousarray(ImageOps.exif_transpose(image).convert("RGB"))
        lines.append(hashlib.sha256(pixels.tobytes()).hexdigest() + "\n")
    (HERE / "orientations.txt").write_text("".join(lines))


def main():
    if os.environ.get("KERAS"):
        make_fittings()
        return
    make_images(HERE / "images")
    make_orientations()
    make_arrays()
    if PIL.__version__.startswith("11."):
        make_pillow()
    images = sorted((HERE / "images").iterdir())
    (HERE / "images.txt").write_text("".join(line(HERE / "images", p) for p in images))
    make_alphas(images)
    make_scaled(p for p in images if p.suffix.lower() in (".jpg", ".jpeg"))
    if len(sys.argv) > 1:
        data = pathlib.Path(sys.argv[1])
        paths = []
        for folder in ("flowers/val", "cifar10/test"):
            for kind in sorted((data / folder).iterdir()):
                paths += sorted(kind.iterdir())[:2]
        (HERE / "photographs.txt").write_text("".join(line(data, p) for p in paths))


main()
