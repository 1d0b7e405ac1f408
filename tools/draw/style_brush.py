"""Styles made of brush strokes that follow a flow or a stick of wax."""

import numpy as np
from canvas import Canvas, angles, blur, grid, ramp, rgb, to_image, vary
from noise import Noise, mix, step
from scenes import bouquet, grey, hills


def swirls():
    """Night sky in whirling strokes over dark hills and a lit village."""
    x, y = grid()
    n = Noise(201)
    whirls = [
        (250, 250, 150, 1),
        (520, 200, 120, -1),
        (400, 370, 85, 1),
        (90, 420, 90, -1),
        (650, 400, 110, 1),
        (90, 90, 90, 1),
        (690, 90, 90, -1),
        (380, 60, 70, 1),
    ]
    psi = y * 0.55 + 26 * n.fbm(x / 260, y / 190, 3)
    for cx, cy, r, s in whirls:
        psi = psi + s * 1.35 * r * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (r * r) * 0.9)
    night = rgb("0a1238", "12246b", "1d3f9a", "2f6bb8", "5ba3c9", "a9d3cf", "e9e6b8", "5b9bc8", "1f4aa0", "101d58")
    t = (psi / 75 + 0.3 * n.fbm(x / 30, y / 30, 3)) % 1
    target = ramp(night, np.abs(t * 2 - 1) * 0.62 + 0.33 * (n.fbm(x / 120, y / 120, 3) * 0.6 + 0.22))
    angle = angles(psi)
    glow = rgb("fff6c8", "fbd84e", "f2a81d", "c98a2c", "6f9a8a")
    stars = (
        (640, 120, 74),
        (120, 170, 40),
        (330, 130, 32),
        (250, 250, 30),
        (470, 300, 26),
        (60, 300, 24),
        (520, 70, 26),
        (700, 290, 30),
        (205, 55, 24),
    )
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
            px, py = cx + c.rng.normal(0, r * 0.1), cy + c.rng.normal(0, r * 0.1)
            c.stroke([(px - r * 0.12, py), (px, py + 2), (px + r * 0.12, py - 1)], 6, vary(glow[0], c.rng))
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


def oil_impasto():
    """Flowers in a jug, laid on thickly with a loaded brush."""
    target, angle = bouquet()
    c = Canvas(ground=(0.35, 0.25, 0.18), seed=212)
    c.cover(target, angle, 1500, 24, 70, 0.09, 0.03, turn=0.5)
    c.cover(target, angle, 3600, 13, 36, 0.11, 0.03, turn=0.35)
    c.cover(np.clip(target * 1.1, 0, 1), angle, 3600, 7, 20, 0.13, 0.04, turn=0.3)
    return c.finish(2.6)


def waves():
    """Great rolling seas in long parallel lines, foam curling on the crests."""
    x, y = grid()
    n = Noise(221)
    psi = y * 0.9
    for k, (cx, cy, r) in enumerate(((200, 330, 190), (560, 470, 160), (330, 640, 150), (700, 250, 120), (60, 600, 110), (620, 690, 120))):
        psi = psi - 0.95 * r * np.exp(-(((x - cx) / 1.25) ** 2 + (y - cy) ** 2) / (r * r) * 1.1)
    psi = psi + 30 * n.fbm(x / 220, y / 160, 3)
    sea = rgb("0b2545", "134074", "1f6f8b", "3fa7a0", "9fd8c4", "f4efd8", "2a7f9e", "0f3460")
    t = (psi / 105 + 0.06 * n.fbm(x / 40, y / 40, 2)) % 1
    target = ramp(sea, t)
    sky = step(190, 120, y + 30 * n.fbm(x / 120, y / 60, 3))
    target = mix(target, ramp(rgb("e8b07a", "f3d9a8", "f7ead0", "d98a6a"), (y / 180 + 0.2 * n.fbm(x / 90, y / 20, 3)) % 1), sky)
    sun = step(68, 62, np.hypot(x - 520, y - 110))
    target = mix(target, rgb("d1432f")[0], sun)
    angle = angles(psi)
    c = Canvas(ground=(0.07, 0.18, 0.32), seed=222)
    c.cover(target, angle, 2300, 11, 120, 0.05, 0.015, turn=0.03)
    c.cover(target, angle, 3300, 5, 90, 0.08, 0.02, turn=0.03)
    c.cover(target, angle, 2600, 2.4, 70, 0.22, 0.03, turn=0.03)
    rng = c.rng
    crest = (t > 0.52) & (t < 0.68) & (sky < 0.2)
    ys, xs = np.nonzero(crest)
    for k in rng.integers(0, len(xs), 1500):
        px, py, r = xs[k] + rng.normal(0, 7), ys[k] + rng.normal(0, 7), rng.uniform(1.5, 6)
        a = rng.uniform(0, 6.3)
        pts = [(px + r * np.cos(a + q), py + r * np.sin(a + q)) for q in np.linspace(0, 4.2, 6)]
        c.stroke(pts, 2.6, vary((0.97, 0.96, 0.90), rng, 0.03))
    return c.finish(1.6)


def embers():
    """Fire: tongues of flame, glowing coals and sparks on soot black."""
    x, y = grid()
    n = Noise(231)
    wx = x + 70 * n.fbm(x / 150, y / 190, 4)
    psi = wx + 26 * n.fbm(x / 60, y / 100, 3)
    tongue = 0.5 + 0.5 * np.sin(wx / 38) * np.cos(wx / 91 + 1)
    heat = y / 560 + 0.42 * tongue - 0.48 + 0.38 * n.fbm(wx / 46, y / 120, 4)
    coals = step(600, 680, y + 30 * n.fbm(x / 60, y / 60, 2))
    heat = np.where(coals > 0.5, 0.36 + 0.75 * n.fbm(x / 36, y / 26, 4), heat)
    fire = rgb("0d0708", "1e0a0c", "4a0f0e", "8f1d0d", "d2440f", "f2821a", "fbc23d", "fff0a8")
    target = ramp(fire, heat)
    angle = angles(psi)
    angle = np.where(coals > 0.5, angles(y + 30 * n.fbm(x / 40, y / 30, 3)), angle).astype(np.float32)
    c = Canvas(ground=(0.05, 0.03, 0.03), seed=232)
    c.cover(target, angle, 2200, 14, 80, 0.12, 0.01)
    c.cover(target, angle, 4200, 6.5, 48, 0.18, 0.015)
    c.cover(target * 1.15, angle, 3600, 3, 34, 0.3, 0.02)
    rng = c.rng
    for _ in range(900):
        px, py = rng.uniform(0, 768), 768 * rng.random() ** 0.8
        i, j = int(py), int(px)
        a = angle[i, j]
        s = rng.uniform(1, 7)
        pts = [(px - s * np.cos(a), py - s * np.sin(a)), (px, py), (px + s * np.cos(a), py + s * np.sin(a))]
        c.stroke(pts, rng.uniform(1, 2.6), ramp(fire, rng.uniform(0.55, 1)))
    return c.finish(1.8)


def crayon():
    """Wax crayon scribbled on rough paper, the grain showing through."""
    bright = rgb("ffe566", "ff9a3c", "f0524f", "7cc04b", "2f9e5f", "2a7fd0", "3a3f9a")
    target, _ = hills(241, bright)
    x, y = grid()
    n = Noise(242)
    tooth = n.fbm(x / 2.6, y / 2.6, 3) + 0.4 * n.at(x / 1.3, y / 1.3)
    out = np.ones((768, 768, 3), np.float32) * np.array([0.97, 0.95, 0.90]) * (1 + 0.02 * tooth)[..., None]
    for k, (a, press) in enumerate(((0.7, 0.52), (1.25, 0.40), (-0.5, 0.30))):
        u = x * np.cos(a) + y * np.sin(a) + 7 * n.fbm(x / 80 + k, y / 80, 2)
        v = -x * np.sin(a) + y * np.cos(a)
        line = 0.5 + 0.5 * np.cos(u * (0.62 + 0.07 * k) + 3.0 * n.fbm(v / 90, u / 30 + 7 * k, 2))
        wax = press + 0.55 * line - 0.35 + 0.42 * tooth + 0.25 * n.fbm(u / 50, v / 140, 2)
        sx = np.clip(x + 4 * n.fbm(x / 25 + 3 * k, y / 25, 2), 0, 767).astype(int)
        sy = np.clip(y + 4 * n.fbm(x / 25, y / 25 + 3 * k, 2), 0, 767).astype(int)
        hue = np.clip(target[sy, sx] * (1 + 0.22 * n.fbm(x / 40 + k, y / 40, 2))[..., None], 0, 1)
        out = mix(out, out * hue * 0.45 + hue * 0.55, step(0.05, 0.4, wax) * 0.93)
    edge = np.abs(np.gradient(grey(blur(target, 1.2)), axis=0)) + np.abs(np.gradient(grey(blur(target, 1.2)), axis=1))
    out = mix(out, (0.16, 0.14, 0.25), step(0.02, 0.06, blur(np.clip(edge * 2, 0, 1), 1.3) / 2) * step(-0.35, 0.1, tooth) * 0.85)
    return to_image(out)
