"""Styles made of many small marks: pointillism, halftone and mosaic."""

import numpy as np
from PIL import Image
from canvas import SS, Canvas, blur, bytes3, grid, ramp, rgb, to_array, to_image, vary
from noise import Noise, mix, step
from scenes import grey, harbour


def pointillism():
    """Harbour at dusk in dabs of divided colour."""
    target, _ = harbour()
    target = np.clip((target - 0.5) * 1.18 + 0.47, 0, 1)
    c = Canvas(ground=(0.88, 0.82, 0.70), seed=252)
    rng = c.rng
    for size, count in ((13.0, 6000), (8.5, 15000), (6.0, 15000)):
        xs, ys = rng.uniform(0, 768, count), rng.uniform(0, 768, count)
        for x, y in zip(xs, ys):
            col = target[int(y), int(x)]
            # Divided colour: the eye mixes warm and cold neighbours.
            k = rng.random()
            if k < 0.16:
                col = np.roll(col, 1) * 0.6 + 0.25
            elif k < 0.34:
                col = col + np.array([0.16, 0.02, -0.14])
            elif k < 0.52:
                col = col + np.array([-0.12, 0.0, 0.16])
            col = bytes3(vary(col, rng, 0.07, 0.035))
            r = size * rng.uniform(0.6, 1.1) * SS / 2
            e = rng.uniform(0.7, 1.1)
            box = [x * SS - r, y * SS - r * e, x * SS + r, y * SS + r * e]
            c.draw.ellipse(box, fill=col)
            c.bump.ellipse(box, fill=int(rng.integers(90, 130)))
            c.bump.ellipse([box[0] + r * 0.5, box[1] + r * 0.5, box[2] - r * 0.5, box[3] - r * 0.5], fill=int(rng.integers(140, 210)))
    return c.finish(1.1)


def halftone():
    """Comic print: inked outlines over turned screens of dots, slightly out of register."""
    pop = (rgb("1a4fd0", "2f8ff0", "6fd0f5", "ffe23a", "fff6b0"), rgb("ffd52e", "ff8a2a", "f0414a", "c21f6a", "5a1a7a"))
    target, _ = harbour(261, pop)
    x, y = grid(768 * 2, 768 * 2)
    big = to_array(to_image(target).resize((1536, 1536), Image.BICUBIC))
    big = np.round(big * 5) / 5 * 0.6 + big * 0.4
    paper = np.ones_like(big) * np.array([0.97, 0.94, 0.86], np.float32)
    inks = ((0, (0.0, 0.62, 0.88), 0.26), (1, (0.90, 0.05, 0.45), 1.31), (2, (1.0, 0.86, 0.0), 0.0))
    for k, ink, a in inks:
        u, v = (x + 2 * k) * np.cos(a) + y * np.sin(a), -(x + 2 * k) * np.sin(a) + y * np.cos(a)
        cell = 20.0
        d = np.hypot(u % cell - cell / 2, v % cell - cell / 2) / cell
        amount = np.clip(1 - big[..., k], 0, 1) * 1.05
        cover = step(0.04, -0.04, d - 0.72 * np.sqrt(amount * 0.85))
        paper = paper * mix((1, 1, 1), ink, cover)
    g = blur(grey(target), 1.2)
    edge = np.hypot(*np.gradient(g))
    line = Image.fromarray((step(0.035, 0.07, edge) * 255).astype(np.uint8)).resize((1536, 1536), Image.BICUBIC)
    paper = mix(paper, (0.08, 0.06, 0.12), np.asarray(line) / 255.0)
    return to_image(paper).resize((768, 768), Image.BOX)


def mosaic():
    """Fish among waves in glass tesserae set along the drawing."""
    x, y = grid()
    n = Noise(271)
    psi = y + 26 * np.sin(x / 62 + y / 140) + 20 * n.fbm(x / 130, y / 130, 2)
    sea = rgb("0d3b66", "1a6a8a", "2a9d8f", "7fd1c0", "e0f0d8", "1f7a9a", "12406b")
    target = ramp(sea, (psi / 190) % 1)
    field = psi
    for cx, cy, s, f, tones in (
        (250, 250, 1.25, 1, ("8f1d14", "d9431e", "f49a2a", "fbd87a")),
        (540, 500, 1.45, -1, ("7a4a0c", "d9961e", "f8d24a", "fff3b8")),
        (200, 610, 0.85, 1, ("4a1a5a", "a03a7a", "e87a8a", "fbd0c0")),
        (600, 160, 0.75, -1, ("5a1410", "c23a2a", "f07a4a", "fbe0b0")),
    ):
        u, v = (x - cx) / s * f, (y - cy - 14 * np.sin((x - cx) / 60)) / s
        body = np.hypot(u / 110, v / 48)
        tail = (u < -80) & (u > -175) & (np.abs(v) < (-u - 80) * 0.62 + 8)
        fin = (np.abs(u + 5) < 52) & (v < -30) & (v > -78 + 0.5 * np.abs(u + 25))
        shape = np.minimum(np.where(body < 1, body, 9), np.where(tail | fin, 0.85, 9))
        col = ramp(rgb(*tones), 1.0 - body * 0.72 + 0.16 * np.sin(u / 9) * (u < 45) - 0.18 * (v > 0))
        col = np.where(tail[..., None] | fin[..., None], ramp(rgb(*tones), 0.45 + 0.3 * np.sin(v / 6 + u / 30)), col)
        eye = np.hypot(u - 76, v + 10)
        col = np.where((eye < 12)[..., None], (0.98, 0.95, 0.85), col)
        col = np.where((eye < 6)[..., None], (0.05, 0.05, 0.1), col)
        target = np.where((shape < 5)[..., None], col, target)
        target = np.where(((body > 1) & (body < 1.13) & ~tail & ~fin)[..., None], rgb("08243f")[0], target)
        field = np.where(body < 1.4, body * 60 * s, np.where(tail, v, field))
    gy, gx = np.gradient(field)
    ang = np.arctan2(-gx, gy)
    c = Canvas(ground=(0.16, 0.15, 0.16), seed=272)
    rng = c.rng
    taken = np.zeros((768, 768), bool)
    size = 10.5
    order = rng.permutation(768 * 768 // 4)
    for k in order:
        py, px = (k // 384) * 2, (k % 384) * 2
        if taken[py, px]:
            continue
        a = ang[py, px]
        ww, hh = size * rng.uniform(0.95, 1.4) / 2, size * rng.uniform(0.95, 1.15) / 2
        m = 0.72 * min(ww, hh)
        y0, y1, x0, x1 = max(0, int(py - m)), int(py + m) + 1, max(0, int(px - m)), int(px + m) + 1
        if taken[y0:y1, x0:x1].any():
            continue
        r = int(min(ww, hh) * 1.18)
        taken[max(0, py - r) : py + r + 1, max(0, px - r) : px + r + 1] = True
        ca, sa = np.cos(a), np.sin(a)
        quad = [
            (
                (px + (ca * u * ww - sa * v * hh) * rng.uniform(0.85, 1.08)) * SS,
                (py + (sa * u * ww + ca * v * hh) * rng.uniform(0.85, 1.08)) * SS,
            )
            for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1))
        ]
        col = vary(target[py, px], rng, 0.13, 0.035)
        if rng.random() < 0.03:
            col = np.array([0.93, 0.78, 0.36])
        c.draw.polygon(quad, fill=bytes3(col))
        c.bump.polygon(quad, fill=int(rng.integers(150, 235)))
    img = c.finish(1.2)
    a = to_array(img)
    a = a * (1 + 0.10 * n.fbm(x / 2.2, y / 2.2, 2))[..., None]
    return to_image(a)
