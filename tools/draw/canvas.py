"""Brush, palette and relief: what the painted styles share.

Strokes are laid at twice the final size, so that bristles survive as texture.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SS = 2


def rgb(*codes):
    """Palette from hex strings, as 0..1 rows."""
    return np.array([[int(c[i : i + 2], 16) for i in (0, 2, 4)] for c in codes], np.float32) / 255


def ramp(palette, t):
    """Colours of the palette at t in 0..1, blended between neighbours."""
    p = np.asarray(palette, np.float32)
    t = np.clip(np.asarray(t, np.float32), 0, 1) * (len(p) - 1)
    i = np.minimum(t.astype(int), len(p) - 2)
    f = (t - i)[..., None]
    return p[i] * (1 - f) + p[i + 1] * f


def vary(color, rng, light=0.06, hue=0.03):
    """A neighbour of the colour: no two strokes share one tube mix."""
    return np.clip(np.asarray(color) * (1 + rng.normal(0, light)) + rng.normal(0, hue, 3), 0, 1)


def bytes3(color):
    return tuple(int(v) for v in np.clip(np.asarray(color) * 255, 0, 255))


def grid(w=768, h=768):
    """Pixel coordinates x, y as float32 arrays."""
    x, y = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32))
    return x, y


def to_image(a):
    return Image.fromarray((np.clip(a, 0, 1) * 255 + 0.5).astype(np.uint8))


def to_array(image):
    return np.asarray(image.convert("RGB")).astype(np.float32) / 255


def blur(a, radius):
    """Gaussian blur of a 0..1 field or colour array."""
    return np.asarray(to_image(a).filter(ImageFilter.GaussianBlur(radius))).astype(np.float32) / 255


def emboss(col, relief, strength):
    """Light a relief (0..1) from the upper left."""
    gy, gx = np.gradient(relief)
    lit = 1 + strength * (gx + gy)
    lit = np.clip(lit, 0.55, 1.6)
    return np.clip(col * lit[..., None] + np.maximum(lit - 1.12, 0)[..., None] * 0.25, 0, 1)


def angles(psi):
    """Direction of flow along the contours of psi."""
    gy, gx = np.gradient(psi)
    return np.arctan2(-gx, gy).astype(np.float32)


class Canvas:
    def __init__(self, w=768, h=768, ground=(0.8, 0.75, 0.65), seed=1):
        self.w, self.h = w, h
        self.image = Image.new("RGB", (w * SS, h * SS), bytes3(ground))
        self.relief = Image.new("L", (w * SS, h * SS), 110)
        self.draw = ImageDraw.Draw(self.image)
        self.bump = ImageDraw.Draw(self.relief)
        self.rng = np.random.default_rng(seed)

    def follow(self, angle, x, y, length, pieces=7, turn=0.0):
        """Points of a stroke that drifts with a field of angles."""
        pts = [(x, y)]
        step = length / pieces
        last = None
        for _ in range(pieces):
            i, j = int(min(max(y, 0), self.h - 1)), int(min(max(x, 0), self.w - 1))
            a = angle[i, j] + turn
            if last is not None and np.cos(a - last) < 0:
                a += np.pi  # a field of lines has no front or back
            last = a
            x, y = x + np.cos(a) * step, y + np.sin(a) * step
            pts.append((x, y))
        return pts

    def stroke(self, pts, width, color, streak=0.10, dry=0.12):
        """One loaded brush: bristles side by side, each its own tone."""
        rng = self.rng
        p = np.array(pts, np.float32) * SS
        d = np.gradient(p, axis=0)
        n = np.stack([-d[:, 1], d[:, 0]], 1)
        n /= np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 1e-3)
        count = max(3, int(width * SS / 2.2))
        t = np.linspace(-1, 1, len(p))
        taper = np.sqrt(np.clip(1.08 - np.abs(t) ** 3, 0.05, 1))[:, None]
        tone = rng.normal(0, streak, count)
        hue = rng.normal(0, streak * 0.25, (count, 3))
        lift = rng.integers(60, 220, count)
        px = max(1, int(round(width * SS / count * 1.35)))
        for k in rng.permutation(count):
            off = (k + 0.5) / count * 2 - 1
            q = p + n * (off * width * SS / 2) * taper
            a, b = 0, len(q)
            if rng.random() < dry * 3:  # a dry bristle starts late, ends early
                a, b = rng.integers(0, 2), len(q) - rng.integers(0, 2)
            line = [tuple(v) for v in q[a:b]]
            self.draw.line(line, fill=bytes3(color * (1 + tone[k]) + hue[k]), width=px, joint="curve" if px > 3 else None)
            edge = 70 if abs(off) > 0.8 else int(lift[k])
            self.bump.line(line, fill=edge, width=px)

    def cover(self, target, angle, count, width, length, light=0.06, hue=0.02, turn=0.12, mask=None, streak=0.10):
        """Scatter strokes that take their colour from target and lie along angle."""
        rng = self.rng
        for _ in range(count):
            x, y = rng.uniform(-8, self.w + 8), rng.uniform(-8, self.h + 8)
            i, j = int(min(max(y, 0), self.h - 1)), int(min(max(x, 0), self.w - 1))
            if mask is not None and rng.random() > mask[i, j]:
                continue
            size = rng.uniform(0.65, 1.35)
            pts = self.follow(angle, x, y, length * size, 7, rng.normal(0, turn))
            m = pts[len(pts) // 2]
            i, j = int(min(max(m[1], 0), self.h - 1)), int(min(max(m[0], 0), self.w - 1))
            self.stroke(pts, width * rng.uniform(0.7, 1.3), vary(target[i, j], rng, light, hue), streak)

    def finish(self, relief=2.2):
        small = (self.w, self.h)
        col = to_array(self.image.resize(small, Image.BOX))
        bump = np.asarray(self.relief.resize(small, Image.BOX)).astype(np.float32) / 255
        return to_image(emboss(col, bump, relief))
