#!/usr/bin/env python3
"""Write the project's own pictures: draw.py [NAME...], all of them by default."""

import io
import os
import sys
import time

from PIL import ImageFile

# One thread: results must not depend on how a library splits its sums.
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "data")
LIMIT = 196_000
# Room for one whole picture: the encoder cannot optimise across buffers.
ImageFile.MAXBLOCK = 1 << 23
# name: (folder, module, function)
PICTURES = {
    "lakeside": ("pictures", "landscape", "picture"),
    "still_life": ("pictures", "still_life", "picture"),
    "swirls": ("styles", "style_brush", "swirls"),
    "oil_impasto": ("styles", "style_brush", "oil_impasto"),
    "waves": ("styles", "style_brush", "waves"),
    "embers": ("styles", "style_brush", "embers"),
    "crayon": ("styles", "style_brush", "crayon"),
    "pointillism": ("styles", "style_dots", "pointillism"),
    "halftone": ("styles", "style_dots", "halftone"),
    "mosaic": ("styles", "style_dots", "mosaic"),
    "hatching": ("styles", "style_line", "hatching"),
    "woodcut": ("styles", "style_line", "woodcut"),
    "linocut": ("styles", "style_line", "linocut"),
    "ink_wash": ("styles", "style_line", "ink_wash"),
    "stained_glass": ("styles", "style_cell", "stained_glass"),
    "cubist": ("styles", "style_cell", "cubist"),
    "paper_cut": ("styles", "style_cell", "paper_cut"),
    "art_deco": ("styles", "style_cell", "art_deco"),
    "weave": ("styles", "style_cloth", "weave"),
    "tapestry": ("styles", "style_cloth", "tapestry"),
    "batik": ("styles", "style_cloth", "batik"),
    "marble": ("styles", "style_wet", "marble"),
    "watercolour": ("styles", "style_wet", "watercolour"),
    "splatter": ("styles", "style_wet", "splatter"),
}


def save(image, path):
    """JPEG at the best quality that stays under LIMIT bytes."""
    for quality in (93, 90, 87, 84, 80, 76, 72, 66, 60, 50):
        data = io.BytesIO()
        image.convert("RGB").save(data, "JPEG", quality=quality, optimize=True, subsampling=0 if quality > 85 else 2)
        if data.tell() <= LIMIT:
            break
    with open(path, "wb") as f:
        f.write(data.getvalue())
    return quality, data.tell()


def main(names):
    unknown = [n for n in names if n not in PICTURES]
    if unknown:
        sys.exit("draw.py: no picture called " + ", ".join(unknown) + "; there are " + " ".join(PICTURES))
    for name in names or PICTURES:
        folder, module, function = PICTURES[name]
        start = time.time()
        image = getattr(__import__(module), function)()
        os.makedirs(os.path.join(ROOT, folder), exist_ok=True)
        quality, size = save(image, os.path.join(ROOT, folder, name + ".jpg"))
        print(f"{name}: {image.width}x{image.height} quality {quality} {size} bytes {time.time() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
