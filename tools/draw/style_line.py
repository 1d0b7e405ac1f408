"""Styles of line and cut: hatching, woodcut, linocut and ink_wash."""

import numpy as np
from PIL import Image, ImageDraw
from canvas import blur, grid, ramp, rgb, to_image
from noise import Noise, mix, step
from scenes import bouquet, grey, harbour

BIG = 1536


def enlarge(a):
    """A field at twice the size, for crisp lines."""
    im = Image.fromarray(np.asarray(a, np.float32))
    return np.asarray(im.resize((BIG, BIG), Image.BICUBIC))


def paper(x, y, n, tone):
    fibre = n.fbm(x / 5, y / 5, 4) * 0.035 + n.fbm(x / 300, y / 300, 2) * 0.03
    return np.asarray(tone, np.float32) * (1 + fibre)[..., None]


def outline(g, lo, hi):
    g = blur(np.clip(g, 0, 1), 1.4)
    return step(lo, hi, np.hypot(*np.gradient(g)))


def hatching():
    """Pen drawing of flowers in sepia, tone built by crossed lines."""
    target, angle = bouquet()
    x, y = grid(BIG, BIG)
    n = Noise(401)
    g = grey(target)
    dark = enlarge(np.clip(1.14 - 1.22 * np.clip(g, 0, 1) ** 0.48, 0, 1))
    flow = enlarge(blur(np.cos(2 * angle) * 0.5 + 0.5, 6))
    out = paper(x / 2, y / 2, n, (0.96, 0.91, 0.80))
    wob = 3.2 * n.fbm(x / 130, y / 130, 3) + 0.8 * n.fbm(x / 17, y / 17, 2)
    ink = np.zeros_like(x)
    for k, (a, period, start) in enumerate(((0.75, 10.0, 0.12), (-0.65, 10.5, 0.34), (0.05, 9.5, 0.52), (1.45, 9.0, 0.68))):
        u = x * np.sin(a) + y * np.cos(a) + wob * (1 + 0.3 * k) + flow * 9
        v = x * np.cos(a) - y * np.sin(a)
        phase = u / period
        row = np.floor(phase)
        lift = n.at(v / 130 + row * 3.7, row * 0.91 + 11 * k)
        width = np.clip((dark - start) * 0.6 + 0.06, 0, 0.30) * (dark + 0.12 * lift > start) * (1 + 0.25 * n.at(x / 12, y / 12))
        d = np.abs(phase - row - 0.5)
        ink = np.maximum(ink, step(width + 0.07, width - 0.07, d) * (width > 0.015))
    line = enlarge(outline(g, 0.022, 0.06)) * step(-0.7, 0.1, n.at(x / 22, y / 22) + 0.3)
    ink = np.maximum(ink, np.clip(line, 0, 1))
    wash = enlarge(blur(np.clip(1 - g**0.5, 0, 1), 9))
    out = out * mix((1, 1, 1), (0.80, 0.66, 0.50), np.clip(wash - 0.25, 0, 1) * 0.9)
    tone = ramp(rgb("1d1512", "4a2c1c"), 0.5 + 0.6 * n.fbm(x / 60, y / 60, 3))
    return to_image(mix(out, tone, ink * 0.93)).resize((768, 768), Image.BOX)


def woodcut():
    """Fields, trees and a rayed sun in black over two tints; lines swell with the light."""
    x, y = grid(BIG, BIG)
    x, y = x / 2, y / 2
    n = Noise(412)
    rng = np.random.default_rng(411)
    rough = 1.2 * n.fbm(x / 40, y / 40, 3)

    def lines(u, width):
        """White cuts along whole values of u; width 0..1 of the spacing."""
        w = np.clip(width + 0.10 * n.fbm(x / 7, y / 7, 2), 0, 0.94) / 2
        return step(w + 0.07, w - 0.07, np.abs(u - np.round(u))) * (width > 0.04)

    r, a = np.hypot(x - 530, y - 180), np.arctan2(y - 180, x - 530)
    ray = 0.62 - 0.25 * np.sin(a * 16) + 0.30 * n.fbm(x / 120, y / 25, 3)
    white = lines(a * 64 / np.pi + 0.25 * rough, ray)
    white = np.maximum(white, lines(r / 5.5 + 0.2 * rough, 0.5 - (r - 90) / 160) * (r < 170))
    white = np.where(r < 66, 1, np.where(r < 72, 0, white))
    cloud = n.fbm(x / 150, y / 34, 4) + 0.35 * np.exp(-(((y - 110) / 40) ** 2)) - 0.45
    white = np.where((cloud > 0) & (r > 80), lines(y / 6 + cloud * 6, 0.35 + cloud * 3), white)
    tint = np.ones((BIG, BIG, 3), np.float32) * np.array([0.95, 0.86, 0.66])
    tint = mix(tint, (0.93, 0.50, 0.24), step(190, 30, r) * 0.9)
    for k in range(7):
        top = 262 + k * 70 + 46 * n.fbm(x / (210 - 14 * k) + 9 * k, 0 * x + k, 3) + 26 * np.sin(x / 110 + k * 2.1)
        d = y - top
        period = 4.2 + 0.75 * k
        lean = (-1) ** k * (0.5 + 0.16 * k)
        u = d / period if k % 2 else (x * lean + d * 0.8 + 14 * np.sin(d / 40)) / (period * 1.25)
        light = 0.86 * np.exp(-d / (34 + 9 * k)) + 0.20 + 0.22 * np.sin(x / 90 + 2 * k) * n.at(x / 80, d / 50 + k)
        inside = d > 0
        white = np.where(inside, lines(u + 0.22 * rough, light) * (d > 2.5), white)
        tint = np.where(inside[..., None], ((0.80, 0.80, 0.58), (0.93, 0.80, 0.50), (0.68, 0.76, 0.62))[k % 3], tint)
        for _ in range(3 + k // 2):
            tx = rng.uniform(20, 748)
            ty = top[0, int(tx * 2)] + rng.uniform(14, 40)
            s = (16 + 6 * k) * rng.uniform(0.8, 1.2)
            dx, dy = x - tx, y - ty
            trunk = (np.abs(dx) < s * 0.09 + 0.02 * np.abs(dy)) & (dy < 0) & (dy > -s * 1.6)
            q = np.hypot(dx, (dy + 1.9 * s) * 0.78)
            ball = q < s * (0.94 + 0.13 * n.at(x / 6, y / 6))
            glint = lines(q / (2.6 + 0.35 * k) + 0.6 * rough, 0.75 * np.clip((dx - dy - 1.9 * s) / s, 0, 0.9))
            shade = (np.abs(dy - dx * -0.12 - 3) < s * 0.16) & (dx < 0) & (dx > -2.6 * s)
            white = np.where(shade | trunk, 0, np.where(ball, glint, white))
    black = 1 - white
    board = n.fbm(x / 130, y / 2.2 + 3 * n.at(x / 160, y / 70), 3)
    black = black * (1 - 0.6 * step(0.38, 0.62, board))
    out = tint * paper(x, y, n, (1, 1, 1))
    return to_image(mix(out, (0.09, 0.07, 0.08), black * 0.97)).resize((768, 768), Image.BOX)


def linocut():
    """Harbour in four flat inks with the chatter of the gouge left in."""
    target, _ = harbour(421)
    x, y = grid(BIG, BIG)
    n = Noise(422)
    g = enlarge(blur(grey(target), 1.6)) + 0.05 * n.fbm(x / 40, y / 24, 3)
    out = paper(x / 2, y / 2, n, (0.95, 0.90, 0.78))
    inks = (((0.90, 0.62, 0.24), 0.70), ((0.80, 0.27, 0.20), 0.555), ((0.11, 0.36, 0.42), 0.45), ((0.07, 0.11, 0.20), 0.31))
    for k, (ink, cut) in enumerate(inks):
        ang = (0.12, -0.35, 0.05, 0.2)[k]
        u = x * np.sin(ang) + y * np.cos(ang) + 12 * n.fbm(x / 110 + 5 * k, y / 110, 2)
        v = x * np.cos(ang) - y * np.sin(ang)
        row = np.floor(u / 15)
        dash = n.at(v / 34 + row * 5.3, row * 0.77 + 9 * k)
        gouge = (np.abs(u / 15 - row - 0.5) < 0.10 + 0.34 * np.clip(dash, 0, 1)) & (dash > 0.02)
        solid = step(cut + 0.012, cut - 0.012, g + 0.20 * gouge * step(cut - 0.22, cut, g))
        speck = step(0.42, 0.6, n.fbm(x / 5 + 3 * k, y / 5, 3))
        shift = (0, 3, -2, 2)[k]
        solid = np.roll(solid, (shift, -shift), (0, 1)) * (1 - 0.75 * speck)
        out = mix(out, np.asarray(ink) * (1 + 0.06 * n.fbm(x / 30, y / 30 + k, 3))[..., None], solid * 0.96)
    return to_image(out).resize((768, 768), Image.BOX)


def ink_wash():
    """Peaks in mist, pines and a lone boat in wet black ink with one red seal."""
    x, y = grid()
    n = Noise(431)
    rng = np.random.default_rng(432)
    dark = np.zeros_like(x)
    for k in range(6):
        base = 190 + k * 82
        # Summits stand where two slow waves agree, so ranges never line up.
        top = base - (125 - 8 * k) * np.clip(
            np.sin(x / (88 + 15 * k) + 2.3 * k) * 0.5 + 0.9 * n.fbm(x / 150 + 7 * k, x * 0 + k, 6, 0.55) + 0.1, -0.35, 1.4
        )
        top = top + 3 * n.fbm(x / 9, x * 0 + k, 3)
        depth = y - top
        stroke = np.exp(-np.maximum(depth, 0) / (70 - 4 * k)) * step(-1.5, 1.5, depth)
        wet = n.fbm(x / 38 + 0.4 * depth / 38, y / 70 + 4 * k, 5) + 0.6 * n.fbm(x / 7, (y + x * 0.4) / 30 + k, 3)
        crease = step(0.08, 0.45, n.ridged(x / 62 + 3 * k, depth / 120 + k, 4) - 0.42) * np.exp(-np.maximum(depth, 0) / 90) * (depth > 0)
        edge = np.exp(-((depth - 1.5) ** 2) / (5 + 2 * k)) * 0.55
        strength = 0.13 + 0.115 * k
        body = strength * (stroke * (0.62 + 0.55 * wet) + 0.55 * crease + edge * (0.6 + 0.7 * n.at(x / 20, k + 0 * x)))
        dark = np.where(depth > -2, dark * np.clip(1 - step(-2, 50, depth) * 0.9, 0.1, 1), dark)
        dark = dark + np.clip(body, 0, 1)
    mist = step(0.0, 0.6, n.fbm(x / 260, y / 55, 4)) * step(620, 500, y)
    dark = np.clip(dark * (1 - 0.65 * mist), 0, 1)
    dark = dark * step(760, 610, y + 30 * n.fbm(x / 120, y / 40, 2)) + 0.05 * (n.fbm(x / 160, y / 9, 3) > 0.28) * (y > 600)
    pic = Image.new("L", (BIG, BIG), 0)
    d = ImageDraw.Draw(pic)

    def limb(px, py, a, size, depth):
        for _ in range(8):
            qx, qy = px + np.cos(a) * size * 1.7, py + np.sin(a) * size * 1.7
            d.line([(px, py), (qx, qy)], fill=int(rng.integers(170, 250)), width=max(2, int(size * 0.55)))
            px, py, a = qx, qy, a + rng.normal(0, 0.25) - 0.03 * np.cos(a)
            if depth and rng.random() < 0.62:
                limb(px, py, a + rng.choice([-1, 1]) * rng.uniform(0.6, 1.2), size * 0.62, depth - 1)
            if depth < 3 and rng.random() < 0.8:
                cx, cy = px + rng.normal(0, 10), py - 8
                for q in np.linspace(np.pi, 2 * np.pi, 17):
                    r = rng.uniform(16, 30)
                    d.line([(cx, cy), (cx + r * np.cos(q), cy + r * 0.8 * np.sin(q))], fill=int(rng.integers(110, 240)), width=2)
            size *= 0.9

    limb(1400, 1536, -1.75, 44, 3)
    limb(1250, 1536, -1.3, 22, 3)
    for k in range(70):
        bx, by = rng.uniform(1000, 1536), rng.uniform(1440, 1540)
        d.line(
            [(bx, by), (bx + rng.normal(0, 22), by - rng.uniform(30, 110))], fill=int(rng.integers(90, 220)), width=int(rng.integers(2, 5))
        )
    d.polygon([(390, 1270), (430, 1292), (590, 1292), (640, 1262), (580, 1276), (440, 1278)], fill=235)
    d.line([(500, 1276), (500, 1232), (512, 1222)], fill=230, width=8)
    d.polygon([(486, 1240), (512, 1214), (540, 1240)], fill=225)
    d.line([(560, 1215), (470, 1350)], fill=190, width=3)
    for k in range(7):
        bx, by = 300 + k * 46 + rng.normal(0, 10), 300 - abs(k - 3) * 22 + rng.normal(0, 6)
        d.line([(bx - 14, by - 9), (bx, by), (bx + 14, by - 10)], fill=190, width=4)
    ink = np.asarray(pic.resize((768, 768), Image.BOX)).astype(np.float32) / 255
    bleed = np.maximum(ink, 0.55 * blur(ink, 2.5))
    dark = np.clip(np.maximum(dark, bleed * (0.85 + 0.35 * n.fbm(x / 12, y / 12, 3))), 0, 1)
    # Wet ink gathers at the rim of each wash.
    rim = np.hypot(*np.gradient(blur(dark, 2.0))) * 2.6
    dark = np.clip(dark + rim * 0.35, 0, 1) * (1 + 0.16 * n.fbm(x / 2.4, y / 2.4, 2))
    out = paper(x, y, n, (0.95, 0.92, 0.84))
    out = mix(out, (0.08, 0.09, 0.11), np.clip(dark, 0, 1) ** 0.92)
    sun = step(50, 45, np.hypot(x - 560, y - 120) + 2 * n.at(x / 12, y / 12))
    out = mix(out, (0.76, 0.22, 0.16), sun * (0.78 + 0.2 * n.fbm(x / 20, y / 20, 3)) * (1 - np.clip(dark, 0, 1)))
    seal = (np.abs(x - 70) < 20) & (np.abs(y - 690) < 24)
    glyph = (np.abs((x - 70) % 14 - 7) < 2) ^ (np.abs((y - 690) % 16 - 8) < 2.2)
    out = mix(
        out, (0.72, 0.14, 0.10), (seal & ~(glyph & (np.abs(x - 70) < 16) & (np.abs(y - 690) < 20))) * (0.8 + 0.2 * n.at(x / 4, y / 4))
    )
    return to_image(out)
