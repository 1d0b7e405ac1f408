"""Near trees, reeds and grass drawn stroke by stroke."""

import numpy as np


def shade(base, k, rng, spread=0.10):
    c = np.asarray(base) * k * (1 + rng.normal(0, spread, 3) * 0.6 + rng.normal(0, spread))
    return tuple(int(v) for v in np.clip(255 * c, 0, 255))


def conifer(draw, x, y0, y1, seed, tone=(0.17, 0.24, 0.11)):
    """Spruce with its foot at y0 and its tip at y1 (rows grow downward)."""
    rng = np.random.default_rng(seed)
    h = y0 - y1
    a = abs(h)
    draw.line([(x, y0), (x, y1)], fill=shade((0.20, 0.14, 0.10), 0.9, rng), width=max(1, int(a * 0.022)))
    n = int(26 + a * 0.20)
    for i in range(n):
        t = 0.07 + 0.93 * i / n  # foot to tip
        # Branches come in whorls; a smooth cone looks like a toy.
        reach = a * 0.24 * (1 - t) ** 0.82 * (0.72 + 0.38 * abs(np.sin(i * 2.4))) + a * 0.008
        yc = y0 - h * t
        for _ in range(16):
            s = rng.uniform(-1, 1)
            out = s * reach * rng.uniform(0.75, 1.08)
            droop = h * (0.020 + 0.055 * abs(out) / (a * 0.2) + rng.normal(0, 0.006))
            lit = 0.50 + 0.95 * max(0, -s + 0.25) ** 1.3 * 0.75 + 0.25 * t
            c = shade(tone, lit * (1.0 + 0.35 * max(0, -s)), rng, 0.13)
            if s < -0.1 and rng.random() < 0.35:
                c = shade((0.46, 0.44, 0.16), lit * 0.75, rng)
            w = max(1, int(a * 0.008 * rng.uniform(0.6, 1.3)))
            mid = (x + out * 0.55, yc + droop * 0.35)
            draw.line([(x + out * 0.1, yc), mid, (x + out, yc + droop)], fill=c, width=w)


def broadleaf(draw, x, y0, y1, seed, tone):
    """Round-crowned tree: dabs of leaf on overlapping balls lit from the left."""
    rng = np.random.default_rng(seed)
    h = y0 - y1
    a = abs(h)
    trunk = shade((0.45, 0.38, 0.32), 0.9, rng)
    draw.line([(x, y0), (x + a * 0.02, y0 - h * 0.6)], fill=trunk, width=max(1, int(a * 0.045)))
    balls = []
    for _ in range(13):
        r = a * rng.uniform(0.11, 0.2)
        balls.append((x + rng.normal(0, 0.14) * a, y0 - h * rng.uniform(0.42, 0.86), r))
    balls.sort(key=lambda b: (y0 - b[1]) * np.sign(h))
    for bx, by, r in balls:
        for _ in range(int(60 + r * 2.2)):
            ang, q = rng.uniform(0, 2 * np.pi), np.sqrt(rng.random())
            u, v = np.cos(ang) * q, np.sin(ang) * q
            lit = 0.62 + 0.5 * max(-0.4, -0.75 * u + 0.5 * v)
            px, py = bx + u * r, by - np.sign(h) * v * r
            s = max(1.2, a * 0.012) * rng.uniform(0.7, 1.5)
            draw.ellipse([px - s, py - s * 0.8, px + s, py + s * 0.8], fill=shade(tone, lit, rng, 0.14))


def tuft(draw, x, y, h, seed, tone, lean=0.25):
    """Blades of grass or reed rising from (x, y)."""
    rng = np.random.default_rng(seed)
    for _ in range(9):
        b = rng.normal(0, 0.22) * abs(h)
        tip = b + rng.normal(lean, 0.3) * abs(h) * 0.6
        hh = h * rng.uniform(0.5, 1.1)
        c = shade(tone, rng.uniform(0.55, 1.25), rng)
        draw.line(
            [(x + b, y), (x + (b + tip) / 2 - 0.05 * abs(h), y - hh * 0.6), (x + tip, y - hh)], fill=c, width=max(1, int(abs(h) * 0.035))
        )
