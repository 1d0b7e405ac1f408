"""Simple compositions that the styles repaint: each gives colours and directions."""

import numpy as np
from PIL import Image, ImageDraw
from canvas import angles, bytes3, grid, ramp, rgb, to_array
from noise import Noise, mix, step


def harbour(seed=301, palette=None):
    """Sailing boats on a bright sea before a setting sun."""
    x, y = grid()
    n = Noise(seed)
    sky = palette[0] if palette else rgb("3d5a9b", "7f86b8", "d79aa0", "f4b56a", "fbe08a")
    sea = palette[1] if palette else rgb("f2b36a", "6f9fb0", "2f7f96", "1f5f86", "173c66")
    a = ramp(sky, y / 330 + 0.10 * n.fbm(x / 160, y / 40, 4))
    a = mix(a, sky[-1] * 1.05, step(120, 30, np.hypot(x - 500, y - 235)))
    b = ramp(sea, (y - 335) / 420 + 0.16 * n.fbm(x / 60, y / 12, 4))
    track = np.exp(-(((x - 500) / (40 + np.maximum(y - 335, 0) * 0.25)) ** 2)) * (n.fbm(x / 34, y / 7, 2) > -0.05)
    b = mix(b, sky[-1], np.clip(track, 0, 1) * 0.8)
    far = 325 - 30 * np.clip(n.fbm(x / 130, x * 0, 4) + 0.4, 0, 2)
    a = np.where((y > far)[..., None], mix(sky[0], sky[2], 0.3 + 0.3 * n.at(x / 40, y / 20)), a)
    img = Image.fromarray((np.clip(np.where((y < 335)[..., None], a, b), 0, 1) * 255).astype(np.uint8))
    d = ImageDraw.Draw(img)
    for bx, by, s, c in (
        (210, 560, 2.3, "e9e2d0"),
        (420, 430, 1.0, "d8603c"),
        (610, 480, 1.5, "f0d9a0"),
        (90, 410, 0.8, "e8e8e8"),
        (330, 385, 0.55, "f6efe0"),
    ):
        sail = rgb(c)[0]
        d.polygon(
            [(bx - 34 * s, by), (bx + 40 * s, by), (bx + 26 * s, by + 13 * s), (bx - 24 * s, by + 13 * s)], fill=bytes3(rgb("4a2a2c")[0])
        )
        d.polygon([(bx, by - 4 * s), (bx + 2 * s, by - 120 * s), (bx + 46 * s, by - 8 * s)], fill=bytes3(sail))
        d.polygon([(bx - 4 * s, by - 4 * s), (bx - 1 * s, by - 105 * s), (bx - 32 * s, by - 6 * s)], fill=bytes3(sail * 0.78))
        for k in range(14):
            q = by + 16 * s + k * 7 * s
            v = 26 * s * np.sin(k * 1.9)
            d.line(
                [(bx - 22 * s + v * 0.3, q), (bx + 26 * s + v * 0.3, q)], fill=bytes3(sail * (0.85 - 0.02 * k)), width=max(1, int(3 * s))
            )
    return to_array(img), angles(y + 8 * n.fbm(x / 70, y / 30, 3))


def bouquet(seed=311):
    """Loose flowers in a glazed jug on a table."""
    x, y = grid()
    n = Noise(seed)
    rng = np.random.default_rng(seed)
    wall = ramp(rgb("24404a", "3d6a6a", "7a9a80", "c9b67a"), 0.45 + 0.5 * n.fbm(x / 210, y / 210, 4) + (300 - x) / 1400)
    table = ramp(rgb("5a2a1a", "9a5a2a", "c98a48", "e0b070"), 0.5 + 0.5 * n.fbm(x / 140, y / 30, 4))
    col = np.where((y > 590 + 8 * n.at(x / 90, 0 * x))[..., None], table, wall)
    img = Image.fromarray((np.clip(col, 0, 1) * 255).astype(np.uint8))
    d = ImageDraw.Draw(img)
    psi = 60 * n.fbm(x / 190, y / 190, 3) + y * 0.25
    d.ellipse([250, 640, 640, 712], fill=(70, 36, 30))
    for k in range(34):
        a = rng.uniform(-2.9, -0.25)
        r = rng.uniform(170, 330)
        px, py = 384 + r * np.cos(a), 430 + r * np.sin(a) * 0.95
        d.line(
            [(384 + 20 * np.cos(a), 500), ((384 + px) / 2, (430 + py) / 2), (px, py)],
            fill=bytes3(rgb("2a5a2a", "4f7f33", "1d4030")[k % 3]),
            width=6,
        )
    for k in range(46):
        a = rng.uniform(-3.3, 0.2)
        r = 270 * np.sqrt(rng.random()) + 30
        px, py = 384 + r * np.cos(a), 420 + r * np.sin(a)
        t = rng.uniform(0, 6.3)
        d.polygon(
            [(px + 44 * np.cos(t + q) * s, py + 44 * np.sin(t + q) * s) for q, s in ((0, 1), (0.35, 0.5), (3.14, 0.6), (-0.35, 0.5))],
            fill=bytes3(rgb("356a35", "6f9440", "1f4a3a", "93a84a")[k % 4]),
        )
    d.polygon(
        [(300, 470), (468, 470), (480, 500), (505, 570), (490, 650), (450, 690), (318, 690), (278, 650), (263, 570), (288, 500)],
        fill=(52, 92, 150),
    )
    d.polygon([(300, 470), (350, 470), (330, 560), (345, 680), (318, 690), (278, 650), (263, 570), (288, 500)], fill=(116, 160, 204))
    d.polygon([(440, 470), (468, 470), (480, 500), (505, 570), (490, 650), (450, 690), (430, 690), (462, 580)], fill=(28, 48, 96))
    d.ellipse([298, 458, 470, 484], fill=(30, 46, 80))
    heads = rgb("d9342b", "f2a23a", "f7e3c4", "e87a9a", "f4d03a", "a34a9a", "f6f1e6", "e0562a", "6f7fd0")
    spots = sorted(
        ((384 + 265 * np.sqrt(rng.random()) * np.cos(a), 285 + 215 * np.sqrt(rng.random()) * np.sin(a)) for a in rng.uniform(0, 6.3, 30)),
        key=lambda p: -np.hypot(p[0] - 384, p[1] - 300),
    )
    out = to_array(img)
    for k, (fx, fy) in enumerate(spots):
        r = rng.uniform(34, 66)
        dx, dy = x - fx, (y - fy) * rng.uniform(1, 1.3)
        q, th = np.hypot(dx, dy), np.arctan2(dy, dx)
        edge = r * (0.86 + 0.16 * np.cos(th * rng.integers(5, 9) + k))
        tone = heads[rng.integers(len(heads))]
        lit = 0.72 + 0.40 * np.clip((-dx - dy) / r * 0.6 + 0.2 * np.cos(q / r * 13), -0.6, 0.9)
        petal = np.clip(tone * lit[..., None], 0, 1)
        petal = mix(petal, rgb("5a3418")[0] if k % 2 else rgb("f4c430")[0], step(0.26, 0.16, q / r))
        out = mix(out, petal, step(1.5, -1.5, q - edge))
        psi = np.where(q < edge, q * 3, psi)
    return out, angles(psi)


def hills(seed=321, palette=None):
    """Rolling fields, a road, round trees and a low sun: bold, flat shapes."""
    x, y = grid()
    n = Noise(seed)
    p = palette if palette is not None else rgb("f6d77a", "f0a35a", "c9683e", "7a8a3a", "3f6b3a", "24485a", "14283f")
    tone = 0.12 + 0.15 * (y / 300) + 0.05 * n.fbm(x / 160, y / 50, 3)
    ang = np.arctan2(y - 190, x - 530) + np.pi / 2
    tone = np.where(np.hypot(x - 530, y - 190) < 70, 0, tone + 0.05 * (np.sin(np.arctan2(y - 190, x - 530) * 22) > 0))
    for k in range(7):
        top = 260 + k * 72 + 46 * n.fbm(x / (210 - 14 * k) + 9 * k, x * 0 + k, 3) + 24 * np.sin(x / 110 + k * 2.1)
        inside = y > top
        rows = np.sin((y - top) * (0.26 - 0.02 * k) + x * 0.05 * (-1) ** k + 3 * n.fbm(x / 90, y / 90 + k, 2))
        tone = np.where(inside, 0.28 + 0.07 * k + 0.17 * (k % 2) + 0.07 * (rows > 0) - 0.22 * np.exp(-(y - top) / 12), tone)
        slope = np.arctan(np.gradient(top, axis=1))
        ang = np.where(inside, slope + 0.5 * (-1) ** k * step(0, 100, y - top), ang)
    rng = np.random.default_rng(seed)
    for k in range(17):
        tx, ty = rng.uniform(20, 750), rng.uniform(370, 690)
        r = 12 + (ty - 330) * 0.11
        q = np.hypot(x - tx, (y - ty + r) * 0.85)
        ball = q < r * (0.9 + 0.16 * n.at(x / 7, y / 7))
        trunk = (np.abs(x - tx) < r * 0.1) & (y > ty - r) & (y < ty + r * 0.7)
        lit = (x - tx + ty - r - y) / r
        tone = np.where(trunk, 1.0, np.where(ball, 0.95 - 0.45 * step(-0.3, 1.2, lit), tone))
        ang = np.where(ball, np.arctan2(y - ty + r, x - tx) + np.pi / 2, ang)
    return ramp(p, tone), ang.astype(np.float32)


def grey(a):
    return (a @ np.array([0.30, 0.59, 0.11], np.float32)).astype(np.float32)
