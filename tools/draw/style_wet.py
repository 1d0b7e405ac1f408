"""Styles of running paint: marble, watercolour and splatter."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from canvas import blur, bytes3, emboss, grid, ramp, rgb, to_array, to_image, vary
from noise import Noise, mix, step

BIG = 1536


def marble():
    """Marbled endpaper: dropped colours combed into feathers, with gold veins."""
    x, y = grid(BIG, BIG)
    x, y = x / 2, y / 2
    n = Noise(701)
    rng = np.random.default_rng(702)
    u, v = x, y
    for _ in range(3):  # slow currents in the bath
        u, v = u + 26 * n.fbm(u / 170, v / 170, 3), v + 26 * n.fbm(u / 170 + 9, v / 170, 3)
    # Combing drags the colours along each tooth, less between teeth.
    v = v + 58 * np.exp(-np.abs(((u + 24) % 48) - 24) / 9) * (1 + 0.4 * n.at(u / 90, v / 200))
    u = u + 34 * np.sin(v / 62) + 26 * np.exp(-np.abs((v % 118) - 59) / 14)
    p = rgb("132a4e", "1f5f7a", "e8dcc2", "b3372f", "f2ead6", "d39a3a", "3a7d6e", "f4efe0", "6b1f33", "1a3560")
    bands = v / 330 + 0.22 * n.fbm(u / 60, v / 22, 3) + 0.10 * n.fbm(u / 14, v / 8, 3)
    t = (bands % 1) * len(p)
    i = np.floor(t).astype(int) % len(p)
    f = step(0.86, 1.0, t - np.floor(t))
    col = mix(p[i], p[(i + 1) % len(p)], f)
    col = col * (1 + 0.16 * n.fbm(u / 30, v / 30, 4))[..., None]
    for _ in range(420):  # late drops push the bands aside
        cx, cy, r = rng.uniform(0, 768), rng.uniform(0, 768), 1.5 + 11 * rng.random() ** 3
        x0, x1, y0, y1 = [int(np.clip(q, 0, 768)) * 2 for q in (cx - 1.5 * r - 2, cx + 1.5 * r + 2, cy - 1.5 * r - 2, cy + 1.5 * r + 2)]
        if x1 <= x0 or y1 <= y0:
            continue
        s = np.s_[y0:y1, x0:x1]
        d = np.hypot(x[s] - cx, y[s] - cy) + r * 0.28 * n.at(x[s] / 9, y[s] / 9)
        c = p[rng.integers(len(p))]
        col[s] = mix(col[s], c * 0.55, step(r + 1.3, r + 0.3, d))
        col[s] = mix(col[s], c, step(r, r - 0.8, d))
    vein = np.abs(n.fbm(u / 120 + 3, v / 120, 5))
    gold = ramp(rgb("8a6420", "e8c468", "fff2c0", "b88a34"), 0.5 + 0.6 * n.fbm(x / 14, y / 14, 3))
    col = mix(col, gold, step(0.022, 0.008, vein))
    speck = n.fbm(x / 1.6, y / 1.6, 2)
    return to_image(col * (1 + 0.05 * speck)[..., None]).resize((768, 768), Image.BOX)


def watercolour():
    """Coast with cliffs and a lighthouse in transparent washes on rough paper."""
    x, y = grid()
    n = Noise(711)
    rng = np.random.default_rng(712)
    tooth = n.fbm(x / 3.2, y / 3.2, 3)
    out = np.ones((768, 768, 3), np.float32) * np.array([0.975, 0.965, 0.94])

    def wash(cover, pigment, strength, soft=1.6, flow=0.5):
        """One transparent layer: pools at its edge, granulates in the tooth."""
        nonlocal out
        c = np.clip(cover, 0, 1)
        wide = blur(c, soft)
        rim = np.clip(wide - blur(c, soft + 5), 0, 1) * 1.5
        pool = 0.62 + flow * n.fbm(x / 85 + strength * 31, y / 70, 5) + 0.22 * n.fbm(x / 17, y / 17, 3)
        bloom = step(0.05, 0.0, np.abs(n.fbm(x / 110 + 17 * strength, y / 110, 5) - 0.22)) * 0.16
        load = np.clip(wide * pool + rim + bloom * wide - 0.16 * tooth * wide, 0, 2) * strength
        out = out * np.exp(-load[..., None] * (1 - np.asarray(pigment, np.float32)) * 1.9)

    ragged = 9 * n.fbm(x / 34, y / 34, 4)
    sky = step(420, 120, y + 60 * n.fbm(x / 120, y / 70, 4))
    cloud = step(-0.05, 0.30, n.fbm(x / 170, y / 80, 5))
    wash(sky * cloud, (0.25, 0.52, 0.80), 0.95, 4)
    wash(step(260, 380, y) * step(470, 400, y), (0.98, 0.72, 0.52), 0.55, 14)
    wash((1 - cloud) * sky * step(-0.1, 0.3, n.fbm(x / 90, y / 40 + 4, 3)), (0.70, 0.68, 0.80), 0.32, 6)
    cliff_top = 330 + (x - 420) * -0.32 + 22 * n.fbm(x / 70, 0 * x + 2, 4)
    cliff_left = 440 + (y - 330) * -0.40 + 26 * n.fbm(x / 60, y / 50, 4)
    cliff = (y > cliff_top) & (x > cliff_left)
    far = ~cliff & (y > 392 - 46 * np.clip(n.fbm(x / 130, 0 * x, 4) + 0.3 - x / 1500, 0, 1) + ragged * 0.3)
    wash(far & (y < 430), (0.52, 0.56, 0.76), 0.55, 1.2)
    sea = (y > 428 + 0.2 * ragged) & ~cliff
    dry = step(-0.35, 0.05, n.fbm(x / 60, y / 7, 3) + 0.30 * tooth + 0.25)
    wash(sea * dry * step(760, 640, y + ragged * 3), (0.14, 0.55, 0.62), 0.85, 1.2)
    wash(sea * (n.fbm(x / 90, y / 13, 4) > 0.10 - (y - 428) / 1600) * step(760, 620, y), (0.10, 0.30, 0.58), 0.60, 1.0)
    wash(cliff, (0.86, 0.64, 0.38), 0.75, 1.3)
    strata = n.fbm(x / 26 + y / 60, y / 95, 4)
    wash(cliff & (strata > 0.06) & (y > cliff_top + 16), (0.55, 0.34, 0.30), 0.62, 0.9)
    wash(cliff & (n.fbm(x / 16 + 8, y / 55, 4) > 0.24) & (y > cliff_top + 26), (0.28, 0.22, 0.36), 0.75, 0.8)
    wash(cliff & (y < cliff_top + 26 + 30 * n.fbm(x / 30, y / 30, 3)), (0.44, 0.64, 0.22), 1.0, 1.2)
    wash(cliff & (y < cliff_top + 12) & (n.fbm(x / 14, y / 10, 3) > 0.05), (0.12, 0.36, 0.18), 0.9, 0.8)
    shore = (y > 650 - (x - 200) * 0.12 + 20 * n.fbm(x / 90, y / 60, 3)) & (y < 752 + ragged)
    wash(shore, (0.93, 0.76, 0.50), 0.60, 1.5)
    for _ in range(24):
        cx, cy = rng.uniform(60, 440), rng.uniform(668, 735)
        s = rng.uniform(4, 26) * (cy - 560) / 150
        d = np.hypot((x - cx) / 1.5, y - cy) + s * 0.4 * n.at(x / 13 + cx, y / 13)
        wash((d < s), rgb("6a6478", "8a6a54", "4a5068")[rng.integers(3)], 0.7, 0.8)
    tower = (np.abs(x - 610) < 17 + (y - 250) * 0.06) & (y > 136) & (y < 290)
    out = mix(out, (0.98, 0.97, 0.94), blur(tower.astype(np.float32), 0.7))
    wash(tower & (((y - 136) // 31) % 2 == 0), (0.85, 0.20, 0.16), 1.1, 0.8, 0.3)
    wash(tower & (x > 616), (0.45, 0.42, 0.62), 0.55, 1.0, 0.3)
    wash((np.abs(x - 610) < 24) & (np.abs(y - 136) < 3), (0.15, 0.15, 0.2), 1.4, 0.6)
    wash((np.abs(x - 610) < 12) & (y > 108) & (y < 134), (0.95, 0.80, 0.30), 1.0, 0.6)
    wash((np.abs(x - 610) < (y - 88) * 0.8) & (y > 88) & (y < 108), (0.60, 0.14, 0.12), 1.4, 0.6)
    for bx, by, s in ((170, 520, 1.5), (300, 470, 0.8), (90, 462, 0.6)):
        u, v = (x - bx) / s, (y - by) / s
        wash((v > -80) & (v < 0) & (u > 0) & (u < (v + 80) * 0.5), (0.80, 0.40, 0.24), 0.75, 0.8)
        wash((v > -66) & (v < 0) & (u < -3) & (u > -(v + 66) * 0.38), (0.90, 0.74, 0.50), 0.7, 0.8)
        wash((v > 3) & (v < 13) & (np.abs(u) < 38 - v), (0.20, 0.16, 0.22), 1.2, 0.7)
        wash((v > 15) & (v < 60) & (np.abs(u + 6 * np.sin(v / 3)) < 26 - v * 0.3) & (np.sin(v * 0.9) > 0), (0.30, 0.28, 0.34), 0.6, 1.0)
    for _ in range(170):
        cx, cy, s = rng.uniform(0, 768), rng.uniform(0, 768), 0.6 + 2.6 * rng.random() ** 3
        x0, y0 = int(max(0, cx - 5)), int(max(0, cy - 5))
        s_ = np.s_[y0 : y0 + 11, x0 : x0 + 11]
        dot = step(s + 0.6, s - 0.4, np.hypot(x[s_] - cx, y[s_] - cy))
        out[s_] = out[s_] * (1 - 0.5 * dot[..., None] * (1 - rgb("2a6a9a", "8a4a2a", "3a7a4a")[rng.integers(3)]))
    return to_image(emboss(out, 0.5 + 0.25 * tooth, 0.22))


def splatter():
    """Sprayed and thrown paint on a worn wall: blots, drips, stencils and arcs."""
    rng = np.random.default_rng(721)
    n = Noise(722)
    x, y = grid(BIG, BIG)
    wall = ramp(rgb("8d8a86", "c9c4ba", "e6e0d2", "aaa9a8"), 0.5 + 0.5 * n.fbm(x / 260, y / 260, 6))
    brick = (np.minimum(y % 92, 92 - y % 92) < 4) | (
        np.minimum((x + 92 * (np.floor(y / 92) % 2)) % 184, 184 - (x + 92 * (np.floor(y / 92) % 2)) % 184) < 4
    )
    wall = wall * (1 - 0.25 * blur(brick.astype(np.float32), 2) + 0.07 * n.fbm(x / 6, y / 6, 3))[..., None]
    hues = rgb("ff2e63", "08d9d6", "f9ed32", "ff8c1a", "7b2ff7", "16c172", "101018", "fafafa", "1f6feb")
    for _ in range(16):  # soft sprayed clouds first
        cx, cy, r = rng.uniform(0, BIG), rng.uniform(0, BIG), rng.uniform(120, 330)
        d = np.hypot(x - cx, (y - cy) * rng.uniform(0.8, 1.6)) / r
        mist = np.exp(-d * d * 1.6) + 0.0
        grainy = step(0.35, 0.75, mist + 0.35 * n.fbm(x / 3 + cx, y / 3, 2))
        wall = mix(wall, hues[rng.integers(len(hues) - 3)], grainy * 0.8)
    pic, relief = to_image(wall), Image.new("L", (BIG, BIG), 70)
    d, b = ImageDraw.Draw(pic), ImageDraw.Draw(relief)

    def dot(cx, cy, r, c, z):
        d.ellipse([cx - r, cy - r, cx + r, cy + r], fill=c)
        b.ellipse([cx - r, cy - r, cx + r, cy + r], fill=z)

    def blot(cx, cy, r, c):
        z = int(rng.integers(120, 230))
        lobes = [(q, rng.uniform(0.75, 1.15)) for q in np.linspace(0, 6.283, 26)]
        pts = [(cx + r * s * np.cos(q), cy + r * s * np.sin(q)) for q, s in lobes]
        d.polygon(pts, fill=c)
        b.polygon(pts, fill=z)
        for _ in range(int(14 + r / 3)):
            a, far = rng.uniform(0, 6.283), r * (1 + rng.exponential(0.55))
            s = max(1.2, r * 0.16 * rng.random() ** 2 * (r / far))
            ex, ey = cx + far * np.cos(a), cy + far * np.sin(a)
            if far < r * 1.9:
                d.line([(cx, cy), (ex, ey)], fill=c, width=max(1, int(s * 0.9)))
                b.line([(cx, cy), (ex, ey)], fill=z, width=max(1, int(s * 0.9)))
            dot(ex, ey, s * 1.5, c, z)
        for _ in range(int(rng.integers(1, 5))):
            px, w, run = cx + rng.uniform(-0.7, 0.7) * r, rng.uniform(3, 9), rng.uniform(60, 420)
            d.line([(px, cy), (px + rng.normal(0, 3), cy + run)], fill=c, width=int(w))
            b.line([(px, cy), (px, cy + run)], fill=z, width=int(w))
            dot(px, cy + run, w * 0.85, c, z)

    def arc(c, w):
        p0 = rng.uniform(-100, BIG + 100, (4, 2))
        ts = np.linspace(0, 1, 90)[:, None]
        q = p0[0] * (1 - ts) ** 3 + 3 * p0[1] * ts * (1 - ts) ** 2 + 3 * p0[2] * ts**2 * (1 - ts) + p0[3] * ts**3
        for k in range(len(q) - 1):
            ww = max(2, int(w * (0.55 + 0.45 * np.sin(k / 9.0) + 0.2 * rng.normal())))
            d.line([tuple(q[k]), tuple(q[k + 1])], fill=c, width=ww)
            b.line([tuple(q[k]), tuple(q[k + 1])], fill=210, width=ww)
            dot(*q[k], ww / 2, c, 210)
            if rng.random() < 0.5:
                o = rng.normal(0, w * 2.2, 2)
                dot(*(q[k] + o), rng.uniform(1, w * 0.4), c, 190)

    for k in range(92):
        c = bytes3(vary(hues[rng.integers(len(hues))], rng, 0.05, 0.02))
        if k % 3:
            blot(rng.uniform(0, BIG), rng.uniform(0, BIG), 14 + 100 * rng.random() ** 2.2, c)
        else:
            arc(c, rng.uniform(5, 24))
    for _ in range(2600):
        dot(rng.uniform(0, BIG), rng.uniform(0, BIG), 1 + 6 * rng.random() ** 4, bytes3(hues[rng.integers(len(hues))]), 170)
    bump = np.asarray(relief.filter(ImageFilter.GaussianBlur(2.2))).astype(np.float32) / 255
    out = emboss(to_array(pic), bump + 0.02 * n.fbm(x / 5, y / 5, 2), 3.2)
    return to_image(out).resize((768, 768), Image.BOX)
