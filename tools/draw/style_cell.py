"""Styles of flat pieces: stained_glass, cubist, paper_cut and art_deco."""

import numpy as np
from PIL import Image, ImageDraw
from canvas import blur, emboss, grid, ramp, rgb, to_image, vary
from noise import Noise, mix, step

BIG = 1536


def nearest(x, y, px, py):
    """Index of the nearest site, and distances to the nearest two."""
    d1 = np.full(x.shape, 1e9, np.float32)
    d2, own = d1.copy(), np.zeros(x.shape, int)
    for k in range(len(px)):
        d = np.hypot(x - px[k], y - py[k]).astype(np.float32)
        closer = d < d1
        d2 = np.where(closer, d1, np.minimum(d2, d))
        own = np.where(closer, k, own)
        d1 = np.where(closer, d, d1)
    return own, d1, d2


def stained_glass():
    """A rose window of leaded glass, uneven and lit from behind."""
    x, y = grid()
    n = Noise(501)
    rng = np.random.default_rng(502)
    wx, wy = x + 2.5 * n.fbm(x / 60, y / 60, 2), y + 2.5 * n.fbm(x / 60 + 9, y / 60, 2)
    px, py, ring = [384], [384], [0]
    for k, (r, m) in enumerate(((52, 8), (108, 12), (172, 16), (236, 24), (304, 24), (372, 32), (450, 36), (530, 36)), 1):
        for q in range(m):
            a = (q + 0.5 * (k % 2)) * 2 * np.pi / m
            px.append(384 + r * np.cos(a) + rng.normal(0, 3))
            py.append(384 + r * np.sin(a) + rng.normal(0, 3))
            ring.append(k * 100 + q)
    own, d1, d2 = nearest(wx, wy, px, py)
    ring = np.array(ring)
    schemes = [
        rgb("f8d24a", "f0a81e"),
        rgb("c21f2a", "e0402a"),
        rgb("1a4fb0", "2a7fd0"),
        rgb("f4c030", "e88a1e"),
        rgb("7a1f6a", "b03a8a"),
        rgb("1f8a5a", "58b04a"),
        rgb("153a9a", "1f62c0"),
        rgb("b01f2a", "d8502a"),
        rgb("2a8a9a", "153a7a"),
    ]
    cells = np.stack([vary(schemes[int(r) // 100][int(r) % 2], rng, 0.16, 0.05) for r in ring])
    col = cells[own]
    streak = n.fbm(x / 22 + 0.6 * rng.random(len(ring))[own] * 40, y / 60, 4)
    seed = n.fbm(x / 5, y / 5, 2)
    light = 1.0 + 0.30 * streak + 0.10 * seed + 0.35 * (0.5 - np.hypot(x - 330, y - 300) / 620)
    col = col * light[..., None] + np.clip(light - 1.15, 0, 1)[..., None] * 0.55
    # Crossing tracery over the cells gives lines of a second scale.
    r, a = np.hypot(wx - 384, wy - 384), np.arctan2(wy - 384, wx - 384)
    petal = np.abs(r - (205 + 96 * np.cos(6 * a)))
    petal2 = np.abs(r - (330 + 46 * np.cos(12 * a + np.pi)))
    lead = np.minimum(np.minimum((d2 - d1) * 0.55, petal * 0.62), petal2 * 0.7)
    lead = np.minimum(lead, np.minimum(np.abs(r - 78), np.abs(r - 376)) * 0.62)
    inside = step(1.8, 4.0, lead)
    glow = np.stack([blur(np.clip(col[..., k], 0, 1) * inside, 5) for k in range(3)], -1)
    bump = blur(np.clip(1 - lead / 4.5, 0, 1), 1.0)
    came = emboss(np.ones((768, 768, 3), np.float32) * np.array([0.13, 0.13, 0.14]), bump, 2.4)
    edge = 0.62 + 0.38 * step(3, 11, lead)
    return to_image(mix(came + 0.16 * glow, col * edge[..., None] + 0.12 * glow, inside))


def cubist():
    """A guitar, bottle and fruit broken into shaded facets."""
    rng = np.random.default_rng(511)
    x, y = grid()
    n = Noise(512)
    p = rgb("2a2622", "5a4630", "8a6a3f", "b8935a", "d8bd8a", "efe2c0", "6f7f78", "3f5660", "a2522f", "24343c")
    col = np.ones((768, 768, 3), np.float32) * p[3]
    lines = np.zeros((768, 768), np.float32)

    def facet(mask, tone, a, span, px, py, weight=0.88):
        nonlocal col, lines
        # Each plane is lit along its own direction: the style's false relief.
        t = ((x - px) * np.cos(a) + (y - py) * np.sin(a)) / span
        hatch = n.fbm((x * np.cos(a) + y * np.sin(a)) / 34, (y * np.cos(a) - x * np.sin(a)) / 5, 3)
        k = np.clip(0.95 + 0.55 * t + 0.20 * hatch, 0.3, 1.6)
        col = mix(col, np.clip(tone * k[..., None], 0, 1), mask * weight)
        edge = np.hypot(*np.gradient(blur(mask, 1.2)))
        lines = np.maximum(lines * (1 - 0.6 * mask), np.clip(edge * 3.2, 0, 1) * step(-0.8, 0.3, n.at(x / 40 + px, y / 40)))

    def polygon(points):
        im = Image.new("L", (BIG, BIG), 0)
        ImageDraw.Draw(im).polygon([(u * 2, v * 2) for u, v in points], fill=255)
        return np.asarray(im.resize((768, 768), Image.BOX)).astype(np.float32) / 255

    def shard(cx, cy, r, tone):
        a0, m = rng.uniform(0, 6.3), rng.integers(3, 6)
        angs = np.sort(rng.uniform(0, 6.3, m) * 0.35 + np.arange(m) * 6.283 / m) + a0
        pts = [(cx + r * rng.uniform(0.6, 1.3) * np.cos(q), cy + r * rng.uniform(0.6, 1.3) * np.sin(q)) for q in angs]
        facet(polygon(pts), tone, rng.uniform(0, 6.3), r * 1.3, cx, cy)

    for _ in range(70):
        shard(rng.uniform(0, 768), rng.uniform(0, 768), rng.uniform(70, 190), p[rng.integers(len(p))] * 0.9)
    for q in range(9):  # guitar, seen in slices from several sides
        off, tilt = rng.uniform(-26, 26), -0.5 + rng.normal(0, 0.06)
        cx, cy = 330 + off, 450 + rng.uniform(-14, 14)
        u = (x - cx) * np.cos(tilt) + (y - cy) * np.sin(tilt)
        v = -(x - cx) * np.sin(tilt) + (y - cy) * np.cos(tilt)
        body = np.minimum(np.hypot(u, (v - 95) / 0.92) - 128, np.hypot(u, v + 72) - 92)
        half = (u > (q - 4) * 26 - 30) & (u < (q - 4) * 26 + 62)
        facet(step(1, -1, body) * half, (p[8], p[3], p[4], p[2])[q % 4], tilt + rng.normal(0, 0.4), 130, cx, cy, 0.92)
        if q in (3, 5, 7):
            facet(step(1, -1, np.maximum(np.abs(u - off * 0.5) - 15, np.abs(v + 270) - 170)), p[0] if q == 5 else p[1], tilt, 50, cx, cy)
            facet(step(1, -1, np.hypot(u, v + 10) - 36), p[0], tilt, 60, cx, cy)
            strings = step(1.4, 0.4, np.abs((u + 200) % 7 - 3.5)) * (np.abs(u) < 13) * (v > -430) * (v < 120)
            col = mix(col, p[5], strings * 0.8)
    for q in range(4):  # bottle
        cx = 590 + q * 13
        w = np.where(y < 250, 20, np.where(y < 310, 20 + (y - 250) * 0.6, 56))
        m = step(1, -1, np.abs(x - cx) - w) * (y > 140 + 12 * q) * (y < 640 - 14 * q) * (x > 528 + q * 34) * (x < 602 + q * 36)
        facet(m, (p[7], p[6], p[9], p[7] * 1.4)[q], rng.uniform(0, 6.3), 120, cx, 400)
    for cx, cy, r, tone in ((470, 640, 62, p[8] * 1.2), (560, 665, 48, p[4]), (180, 670, 56, p[6])):
        for q in range(3):
            a = rng.uniform(0, 6.3)
            m = step(1, -1, np.hypot(x - cx, y - cy) - r) * (((x - cx) * np.cos(a) + (y - cy) * np.sin(a)) > (-r, -10, 14)[q])
            facet(m, tone * (1, 0.8, 1.3)[q], a, r, cx, cy)
    for _ in range(26):
        shard(rng.uniform(40, 728), rng.uniform(40, 728), rng.uniform(22, 60), p[rng.integers(len(p))])
    col = mix(col, (0.08, 0.07, 0.06), lines * 0.9)
    relief = 0.5 + 0.25 * n.fbm(x / 3, y / 9, 3) + 0.2 * n.fbm(x / 9, y / 3, 3)
    return to_image(emboss(col, relief, 0.5))


def paper_cut():
    """A valley of layered coloured papers, each casting a soft shadow."""
    x, y = grid()
    n = Noise(521)
    tones = rgb("fdeec2", "f9cf8a", "f2a06a", "e06a5c", "b4466a", "7a3572", "472a66", "1f1b48")
    col = np.ones((768, 768, 3), np.float32) * tones[0]

    def lay(inside, tone, drop=7):
        nonlocal col
        m = blur(inside.astype(np.float32), 0.6)
        cast = np.roll(blur(inside.astype(np.float32), 7), (drop, drop // 2), (0, 1))
        col = col * (1 - 0.50 * cast * (1 - m))[..., None]
        rim = np.clip(np.roll(m, (2, 2), (0, 1)) - m, -1, 0) * -0.16
        grain = 1 + 0.045 * n.fbm(x / 2.2, y / 2.2, 2) + 0.05 * n.fbm(x / 90, y / 90, 3)
        col = mix(col, np.clip(tone * grain[..., None] + rim[..., None], 0, 1), m)

    for k, r in enumerate((210, 150, 96)):
        lay(
            np.hypot(x - 430, y - 230) < r + 9 * np.cos(np.arctan2(y - 230, x - 430) * (14 - 2 * k)),
            mix(tones[0], rgb("ffdf5a")[0], (k + 1) / 3.0),
        )
    for cx, cy, s in ((150, 110, 1), (640, 150, 0.8), (560, 60, 0.6)):
        c = np.minimum(
            np.minimum(np.hypot(x - cx, y - cy) - 34 * s, np.hypot(x - cx - 44 * s, y - cy - 8) - 27 * s),
            np.hypot(x - cx + 42 * s, y - cy - 9) - 24 * s,
        )
        lay((c < 0) & (y < cy + 18 * s), rgb("fff8e6")[0])
    rng = np.random.default_rng(522)
    for k in range(1, 8):
        base = 200 + k * 72
        if k < 4:
            u = x / (150 - 14 * k) + k * 1.7
            top = base - 90 * (np.abs((u % 2) - 1) * 2 - 1) + 22 * n.fbm(x / 40, x * 0 + k, 3) - 30 * n.at(x / 200, x * 0 + k)
        else:
            top = base + 40 * np.sin(x / (100 + 9 * k) + k * 2) + 22 * np.sin(x / 43 + k)
        shape = y > top
        if k >= 3:
            for _ in range(5 + k):
                tx = rng.uniform(0, 768)
                ty = top[0, int(tx)] + 6
                s = 0.35 + 0.13 * k
                if rng.random() < 0.55:
                    for q in range(4):
                        w = (y - (ty - (120 - 26 * q) * s)) * 0.55
                        shape |= (np.abs(x - tx) < w) & (w < (12 + 5 * q) * s) & (w > 0)
                    shape |= (np.abs(x - tx) < 3 * s) & (y > ty - 40 * s) & (y < ty + 4)
                else:
                    shape |= (np.hypot(x - tx, (y - ty + 70 * s) * 0.8) < 27 * s) | (
                        (np.abs(x - tx) < 3 * s) & (y > ty - 60 * s) & (y < ty + 4)
                    )
        lay(shape, tones[k], 8)
        for _ in range(k * 3):  # cut-out leaves show the layer beneath
            cx, cy, a = rng.uniform(0, 768), rng.uniform(base + 30, base + 120), rng.uniform(0, 3.1)
            u, v = (x - cx) * np.cos(a) + (y - cy) * np.sin(a), (y - cy) * np.cos(a) - (x - cx) * np.sin(a)
            if k > 4:
                lay(
                    (np.abs(v) < 6.5 * np.cos(np.clip(u / 22, -1, 1) * np.pi / 2)) & (np.abs(u) < 22) & (y > top + 12),
                    tones[max(0, k - 2)],
                    3,
                )
    return to_image(col)


def art_deco():
    """Fans, chevrons and a stepped tower in gold, jade and black lacquer."""
    x, y = grid(BIG, BIG)
    x, y = x / 2, y / 2
    n = Noise(531)
    gold = ramp(
        rgb("6a4a16", "b08a34", "e8cc78", "fff2c0", "c89c40", "7f5a1c"),
        0.5 + 0.42 * n.fbm(x / 120 + y / 260, y / 300, 3) + 0.08 * n.fbm(x / 2, y / 2, 2),
    )
    jade, night, coral, cream = rgb("0f6a62", "10182c", "c8503c", "efe0be")
    tone = lambda c, k: np.asarray(c) * (1 + 0.10 * n.fbm(x / 3, y / 3, 3) + 0.16 * n.fbm(x / 70 + k, y / 70, 3))[..., None]
    col = tone(night, 0)
    a, r = np.arctan2(430 - y, x - 384), np.hypot(x - 384, y - 430)
    wedge = np.floor(a / (np.pi / 22))
    sky = np.where((wedge % 2 == 0)[..., None], tone(jade, 1), tone(cream, 2) * 0.92)
    sky = np.where(((wedge % 4 == 1) & (r > 250))[..., None], tone(coral, 3), sky)
    col = np.where((y < 430)[..., None], sky, col)
    gap = np.abs(a / (np.pi / 22) - np.round(a / (np.pi / 22))) * r * np.pi / 22
    line = (gap < 1.7) & (y < 430)
    for q in (130, 142, 250, 258, 330, 400, 412):
        line |= (np.abs(r - q) < 2.2) & (y < 430)
    # Scallops below: overlapping fans in offset rows, each with its ribs.
    for row in range(9):
        cy = 478 + row * 44
        cx = ((x + 48 * (row % 2)) % 96) - 48
        q, b = np.hypot(cx, y - cy), np.arctan2(cy - y, cx)
        fan = (q < 50) & (y < cy + 2) if row else (q < 50) & (y > 430) & (y < cy + 2)
        t = (jade, night, coral, night)[row % 4]
        fill = np.where((q % 15 < 8)[..., None], tone(t, row), tone(np.asarray(t) * 0.6 + 0.05, row))
        col = np.where(fan[..., None], fill, col)
        rib = (np.abs(b / (np.pi / 9) - np.round(b / (np.pi / 9))) * q * np.pi / 9 < 0.8) & (q > 14)
        edge = fan & ((np.abs(q - 48) < 2.0) | (np.abs(q - 15) < 1.2) | (np.abs(q - 32) < 1.0) | rib | (q < 6))
        line = np.where(fan, edge, line)
    for k, (half, top) in enumerate(((128, 330), (100, 250), (72, 170), (44, 100), (16, 40))):
        m = (np.abs(x - 384) < half) & (y > top) & (y < 690)
        col = np.where(m[..., None], tone(night if k % 2 == 0 else rgb("1d4a58")[0], k), col)
        rim = m & (
            (np.abs(np.abs(x - 384) - half) < 2.6) | (y < top + 4) | ((np.abs(x - 384) > half - 24) & ((np.abs(x - 384) - half) % 8 < 1.6))
        )
        line = np.where(m, rim, line)
        win = m & (np.abs(x - 384) < half - 4) & (np.abs(x - 384) > half - 22) & ((y - top) % 26 > 12) & (y > top + 16)
        col = np.where(win[..., None], tone(rgb("f4d27a")[0], k), col)
        line &= ~win
    v = np.abs(x - 384) * 0.9 + y
    line |= (np.abs(x - 384) < 14) & (v % 18 < 4) & (y > 60) & (y < 690)
    frame = np.minimum(np.minimum(x, 768 - x), np.minimum(y, 768 - y))
    col = np.where((frame < 26)[..., None], tone(night, 9), col)
    line = np.where(frame < 26, (np.abs(frame - 8) < 2) | (np.abs(frame - 14) < 1) | (np.abs(frame - 23) < 2.5), line)
    bump = blur(line.astype(np.float32), 1.6)
    return to_image(emboss(np.where(line[..., None], gold, col), bump, 1.3)).resize((768, 768), Image.BOX)
