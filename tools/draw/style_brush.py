"""Styles made of brush strokes that follow a flow: swirls, waves, embers, oil_impasto."""
import numpy as np
from canvas import Canvas, angles, grid, ramp, rgb, vary
from noise import Noise, mix, step


def swirls():
    """Night sky in whirling strokes over dark hills and a lit village."""
    x, y = grid()
    n = Noise(201)
    whirls = [(250, 250, 150, 1), (520, 200, 120, -1), (400, 370, 85, 1), (90, 420, 90, -1),
              (650, 400, 110, 1), (90, 90, 90, 1), (690, 90, 90, -1), (380, 60, 70, 1)]
    psi = y * 0.55 + 26 * n.fbm(x / 260, y / 190, 3)
    for cx, cy, r, s in whirls:
        psi = psi + s * 1.35 * r * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (r * r) * 0.9)
    night = rgb("0a1238", "12246b", "1d3f9a", "2f6bb8", "5ba3c9", "a9d3cf", "e9e6b8", "5b9bc8", "1f4aa0", "101d58")
    t = (psi / 75 + 0.3 * n.fbm(x / 30, y / 30, 3)) % 1
    target = ramp(night, np.abs(t * 2 - 1) * 0.62 + 0.33 * (n.fbm(x / 120, y / 120, 3) * 0.6 + 0.22))
    angle = angles(psi)
    glow = rgb("fff6c8", "fbd84e", "f2a81d", "c98a2c", "6f9a8a")
    stars = ((640, 120, 74), (120, 170, 40), (330, 130, 32), (250, 250, 30), (470, 300, 26), (60, 300, 24), (520, 70, 26), (700, 290, 30), (205, 55, 24))
    for cx, cy, r in stars:
        d = np.hypot(x - cx, y - cy)
        m = step(r * 1.7, r * 0.7, d + 6 * n.at(x / 9, y / 9))
        ring = ramp(glow, d / (1.55 * r) + 0.16 * np.sin(d / r * 14))
        target = mix(target, ring, m)
        a = np.arctan2(y - cy, x - cx) + np.pi / 2
        angle = np.where(m > 0.3, a, angle).astype(np.float32)
    land = 555 + 48 * np.sin(x / 105 + 0.6) + 40 * n.fbm(x / 170, x * 0 + 3, 3) - 0.06 * x
    hill = y > land
    depth = y - land
    fields = rgb("16264f", "1d4a5c", "2c6b52", "587f3a", "a0983a", "24535c", "142a4a")
    target = np.where(hill[..., None], ramp(fields, (depth / 130 + 0.35 * n.fbm(x / 70, y / 40, 4)) % 1), target)
    slope = np.arctan(np.cos(x / 105 + 0.6) * 0.45 + 0.4 * n.fbm(x / 90, y / 60, 2))
    angle = np.where(hill, slope, angle).astype(np.float32)
    tree = np.abs(x - 118 - 14 * np.sin(y / 55)) < (y - 225) * 0.13 * (1 + 0.3 * np.sin(y / 23)) * step(790, 600, y) + 2
    tree &= y > 235
    target = np.where(tree[..., None], ramp(rgb("0d1a20", "16352d", "3a5a2c", "6a5a2a"), 0.5 + 0.6 * n.fbm(x / 14, y / 60, 3)), target)
    angle = np.where(tree, np.pi / 2 + 0.6 * np.sin(y / 28 + x / 18), angle).astype(np.float32)
    c = Canvas(ground=(0.05, 0.08, 0.25), seed=202)
    c.cover(target, angle, 2600, 15, 80, 0.10, 0.03)
    c.cover(target, angle, 5200, 7.5, 44, 0.14, 0.035, mask=np.where((y > 560) & (y < 650) & (x > 240), 0.25, 0.9))
    c.cover(target * 1.12, angle, 3800, 3.6, 26, 0.20, 0.05, mask=np.where((y > 560) & (y < 650) & (x > 240), 0.3, 0.8))
    for cx, cy, r in stars:
        # A field that turns round a point leaves it bare: load it with paint.
        for _ in range(3 + int(r / 8)):
            px, py = cx + c.rng.normal(0, r * .1), cy + c.rng.normal(0, r * .1)
            c.stroke([(px - r * .12, py), (px, py + 2), (px + r * .12, py - 1)], 6, vary(glow[0], c.rng))
    village(c)
    return c.finish(1.9)


def village(c):
    rng = c.rng
    for k in range(26):
        x, y = 260 + k * 19 + rng.normal(0, 6), 610 + rng.normal(0, 14) - 8 * np.sin(k / 4)
        wall = vary(rgb("27456f", "3c5d7c", "4a4f66", "2e5f6e")[k % 4], rng)
        for i in range(4):
            c.stroke([(x - 9, y + i * 5), (x, y + i * 5 - 1), (x + 10, y + i * 5)], 6, vary(wall, rng))
        roof = vary(rgb("8a4a2e", "274a86", "5a3a4a")[k % 3], rng)
        c.stroke([(x - 13, y), (x - 6, y - 7), (x, y - 13)], 5, roof)
        c.stroke([(x + 13, y), (x + 6, y - 7), (x, y - 13)], 5, roof * 0.8)
        for _ in range(rng.integers(1, 3)):
            wx, wy = x + rng.uniform(-6, 6), y + rng.uniform(4, 15)
            c.stroke([(wx, wy), (wx + 1, wy + 3), (wx + 1, wy + 6)], 4, vary((0.98, 0.82, 0.32), rng))
    x = 470
    c.stroke([(x, 600), (x, 570), (x + 1, 530)], 9, np.array([0.25, 0.35, 0.5]))
    c.stroke([(x - 4, 545), (x - 1, 515), (x, 480)], 4, np.array([0.13, 0.2, 0.35]))
