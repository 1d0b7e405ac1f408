#!/usr/bin/env python3
"""Writes tests/golden/pictures.tsv: what Pillow makes of the pictures the tests read, their ICC profiles converted to sRGB.

usage: tools/make_picture_golden.py PICTURES >tests/golden/pictures.tsv

PICTURES has the folders content, edge and style. A line a file, separated by tabs:
    file, read, width, height, channels, kind, values...   or   file, refused, reason
upright, in RGB or RGBA. Kinds, by what Pillow keeps:
    crc8    CRC-32 of the 8-bit samples; of the high bytes where the file has 16 bits and Pillow reduces them
    crc16   CRC-32 of the 16-bit samples, high byte first
    near    means of a 4 x 4 grid of blocks, then the samples of 4 x 4 pixels, for JPEG, whose decoders may differ a little
Needs Pillow and numpy.
"""

import io
import os
import sys
import zlib

import numpy
from PIL import Image, ImageCms, ImageOps

GRID = 4
FOLDERS = ("content", "edge", "style")
# Pillow's decoder warns of these to nobody; nscl holds damage to be an error.
DAMAGED = {"edge/hopper_bad_exif.jpg": "its restart intervals are damaged and most rows are grey"}


def in_srgb(image):
    """The picture in sRGB, where it says in a profile that it is not."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "CMYK"):
        return image
    converted = ImageCms.profileToProfile(
        image,
        io.BytesIO(profile),
        ImageCms.createProfile("sRGB"),
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        "RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    plain = numpy.asarray(image.convert("RGB")).astype(int)
    return image if numpy.abs(numpy.asarray(converted).astype(int) - plain).max() <= 1 else converted


def samples(image):
    """Upright samples, height x width x 3 or 4, of 8 or 16 bits."""
    transparency = image.info.get("transparency")
    image = in_srgb(image)
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # 16-bit grey is the one kind of 16 bits that Pillow keeps
        grey = numpy.asarray(image).astype(numpy.uint16)
        planes = [grey, grey, grey]
        if transparency is not None:
            planes.append(numpy.where(grey == transparency, 0, 65535).astype(numpy.uint16))
        return numpy.stack(planes, axis=2)
    alpha = transparency is not None or image.mode in ("LA", "PA", "RGBA")
    return numpy.asarray(image.convert("RGBA" if alpha else "RGB"))


def near(pixels):
    height, width, _ = pixels.shape
    values = []
    for i in range(GRID):
        for j in range(GRID):
            block = pixels[height * i // GRID : height * (i + 1) // GRID, width * j // GRID : width * (j + 1) // GRID]
            values += [f"{mean:.2f}" for mean in block.mean(axis=(0, 1), dtype=numpy.float64)]
    for i in range(GRID):
        for j in range(GRID):
            values += [str(sample) for sample in pixels[height * (2 * i + 1) // (2 * GRID), width * (2 * j + 1) // (2 * GRID)]]
    return values


def row(folder, name):
    if name in DAMAGED:
        return [name, "refused", DAMAGED[name]]
    try:
        with Image.open(os.path.join(folder, name)) as image:
            kind = image.format
            if kind not in ("PNG", "JPEG", "MPO"):
                return [name, "refused", f"a {kind} file"]
            pixels = samples(image)
    except (OSError, SyntaxError):
        return [name, "refused", "Pillow refuses it"]
    height, width, channels = pixels.shape
    head = [name, "read", width, height, channels]
    if kind != "PNG":
        return head + ["near"] + near(pixels)
    if pixels.dtype == numpy.uint16:
        return head + ["crc16", f"{zlib.crc32(pixels.astype('>u2').tobytes()):08x}"]
    return head + ["crc8", f"{zlib.crc32(pixels.tobytes()):08x}"]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for folder in FOLDERS:
        for name in sorted(os.listdir(os.path.join(sys.argv[1], folder))):
            print(*row(sys.argv[1], f"{folder}/{name}"), sep="\t")


if __name__ == "__main__":
    main()
