"""Distance functions of the still life: shapes, their groups and their marching."""

import numpy as np
from noise import Noise, step

N = Noise(801)
CLOTH, WOOD, WALL, BOWL, BOTTLE, APPLE, ORANGE, PEAR, LEMON, GRAPE, STEM = range(11)


def ball(p, c, r):
    return np.sqrt((p[0] - c[0]) ** 2 + (p[1] - c[1]) ** 2 + (p[2] - c[2]) ** 2) - r


def rod(p, a, b, r):
    a, b = np.array(a, np.float32), np.array(b, np.float32)
    ab = b - a
    t = np.clip(((p[0] - a[0]) * ab[0] + (p[1] - a[1]) * ab[1] + (p[2] - a[2]) * ab[2]) / (ab @ ab), 0, 1)
    return ball([p[k] - t * ab[k] for k in range(3)], a, r)


def blend(a, b, k):
    h = np.clip(0.5 + 0.5 * (b - a) / k, 0, 1)
    return b + (a - b) * h - k * h * (1 - h)


def round_rod(rho, y, r, y0, y1, soft):
    """Upright cylinder with rounded edges, in its own radius and height."""
    dx, dy = rho - r + soft, np.abs(y - (y0 + y1) / 2) - (y1 - y0) / 2 + soft
    return np.minimum(np.maximum(dx, dy), 0) + np.hypot(np.maximum(dx, 0), np.maximum(dy, 0)) - soft


def cloth_height(x, z):
    """Top of the table: wood at 0, a creased cloth lying over part of it."""
    u, v = 0.92 * x + 0.38 * z, -0.38 * x + 0.92 * z
    u = u + 0.10 * np.sin(v * 1.7)
    m = step(2.02, 1.92, np.maximum(np.abs(u + 1.5) - 1.2, np.abs(v + 1.1) - 0.3))
    fold = 0.30 * np.clip(N.ridged(u / 2.6 + 0.3, v / 5.2, 2) - 0.45, 0, 1) + 0.05 * N.at(u * 1.1, v * 0.7)
    near = np.minimum(np.hypot(x + 0.6, z - 0.6) - 1.0, np.minimum(np.hypot(x + 2.45, z + 0.75) - 0.4, np.hypot(x - 0.1, z + 1.6) - 0.4))
    return m * (0.05 + fold * step(0.0, 0.9, near)), m


def apple(p, c, r, lean=0.0):
    x, y, z = p[0] - c[0], p[1] - c[1], p[2] - c[2]
    x, y = x + lean * y, y - lean * x
    rho = np.hypot(x, z) * (1.0 - 0.10 * y / r)
    return (np.hypot(rho - 0.27 * r, y * 1.03) - 0.75 * r) * 0.92


def bowl(p):
    x, y, z = p[0] + 0.6, p[1], p[2] - 0.6
    rho = np.hypot(x, z)
    shell = np.abs(np.hypot(rho, y - 1.62) - 1.55) - 0.055
    cut = np.maximum(shell, y - 1.28)
    rim = np.hypot(rho - 1.512, y - 1.28) - 0.065
    foot = round_rod(rho, y, 0.68, 0.02, 0.26, 0.05)
    return np.minimum(blend(cut, foot, 0.08), rim)


def bottle(p):
    rho, y = np.hypot(p[0] - 2.05, p[2] - 1.5), p[1]
    body = round_rod(rho, y, 0.68, 0.02, 2.45, 0.16)
    neck = round_rod(rho, y, 0.22, 1.0, 4.15, 0.03)
    lip = np.hypot(rho - 0.22, y - 3.98) - 0.075
    return np.minimum(blend(body, neck, 0.62), lip) * 0.95


def pear(p):
    c = (1.25, 0.66, -0.55)
    d = blend(ball(p, c, 0.66), ball(p, (1.34, 1.52, -0.5), 0.31), 0.55)
    return d * 0.95


def lemon(p):
    x, y, z = p[0] - 0.1, p[1] - 0.46, p[2] + 1.6
    u, v = 0.86 * x + 0.5 * z, -0.5 * x + 0.86 * z
    d = (np.sqrt((u / 1.3) ** 2 + y * y + v * v) - 0.46) * 0.85
    return blend(d, np.sqrt((np.abs(u) - 0.60) ** 2 + y * y + v * v) - 0.09, 0.14)


_rng = np.random.default_rng(802)
BUNCH = []
for layer, count, y in ((0, 12, 0.2), (1, 8, 0.50), (2, 3, 0.78)):
    for q in range(count):
        a = q * 2.4 + layer
        s = np.sqrt((q + 0.5) / count) * (0.82 - 0.26 * layer)
        BUNCH.append(
            (2.55 + s * 1.15 * np.cos(a) - 0.1 * layer, y + _rng.normal(0, 0.02), -0.75 + s * 0.75 * np.sin(a), _rng.uniform(0.20, 0.245))
        )


def grapes(p):
    d = ball(p, BUNCH[0][:3], BUNCH[0][3])
    for g in BUNCH[1:]:
        d = np.minimum(d, ball(p, g[:3], g[3]))
    return d


ORANGES = ((-1.28, 1.40, 0.30, 0.62), (-0.55, 1.42, 1.35, 0.64))
APPLES = ((0.05, 1.48, 0.35, 0.66, 0.25), (-2.45, 0.60, -0.75, 0.66, 0.0), (-0.62, 2.22, 0.62, 0.60, -0.2))


def stems(p):
    d = rod(p, (1.36, 1.80, -0.5), (1.50, 2.12, -0.42), 0.035)
    for x, y, z, r, lean in APPLES:
        d = np.minimum(d, rod(p, (x + lean * r * 0.3, y + 0.35 * r, z), (x + lean * r * 0.9 + 0.08, y + 1.05 * r, z), 0.032))
    d = np.minimum(d, rod(p, (2.4, 0.85, -0.75), (2.1, 1.35, -0.55), 0.03))
    return np.minimum(d, rod(p, (2.1, 1.35, -0.55), (1.9, 1.42, -0.6), 0.035))


def fruit(parts, shape):
    def f(p):
        d = shape(p, parts[0])
        for q in parts[1:]:
            d = np.minimum(d, shape(p, q))
        return d

    return f


# Each solid with a ball that bounds it: far points need only the bound.
SOLIDS = (
    (BOWL, (-0.6, 0.7, 0.6), 1.75, bowl),
    (BOTTLE, (2.05, 2.05, 1.5), 2.25, bottle),
    (ORANGE, (-0.9, 1.4, 0.85), 1.35, fruit(ORANGES, lambda p, o: ball(p, o[:3], o[3]))),
    (APPLE, (-0.28, 1.85, 0.48), 1.25, fruit((APPLES[0], APPLES[2]), lambda p, a: apple(p, a[:3], a[3], a[4]))),
    (APPLE, (-2.45, 0.6, -0.75), 0.8, lambda p: apple(p, APPLES[1][:3], APPLES[1][3])),
    (PEAR, (1.28, 0.9, -0.53), 1.05, pear),
    (LEMON, (0.1, 0.46, -1.6), 0.8, lemon),
    (GRAPE, (2.5, 0.45, -0.75), 1.25, grapes),
    (STEM, (0.0, 1.4, -0.2), 2.95, stems),
)


def distance(p, kind=False):
    """Distance to the scene, and optionally which material is nearest."""
    h, m = cloth_height(p[0], p[2])
    d = (p[1] - h) * 0.72
    wall = 4.6 - p[2]
    mat = np.where(m > 0.4, CLOTH, WOOD) if kind else None
    if kind:
        mat = np.where(wall < d, WALL, mat)
    d = np.minimum(d, wall)
    for k, c, r, shape in SOLIDS:
        bound = ball(p, c, r)
        close = np.flatnonzero(bound < np.minimum(d, 0.15))
        # Outside the ball its surface is a safe step; inside, ask the shape.
        e = np.maximum(bound, 0.1)
        if len(close):
            e[close] = shape([q[close] for q in p])
        if kind:
            mat = np.where(e < d, k, mat)
        d = np.minimum(d, e)
    return (d, mat) if kind else d


def march(o, v, far=18.0, steps=90):
    """Distance along each ray to the scene, inf where it escapes."""
    t = np.zeros(o.shape[1], np.float32) + 0.02
    live = np.arange(o.shape[1])
    for _ in range(steps):
        p = o[:, live] + v[:, live] * t[live]
        d = distance(p)
        t[live] += d
        live = live[(d > 0.0012 * np.maximum(t[live], 0.5)) & (t[live] < far)]
        if not len(live):
            break
    return np.where(t < far, t, np.inf)


def soft_shadow(o, v, spread=0.15, far=7.0, steps=34):
    """Share of a disc light seen from the points, from the ray's closest pass."""
    n = o.shape[1]
    t = np.full(n, 0.03, np.float32)
    lit = np.ones(n, np.float32)
    live = np.arange(n)
    for _ in range(steps):
        d = distance(o[:, live] + v[:, live] * t[live])
        lit[live] = np.minimum(lit[live], d / (spread * t[live]))
        t[live] += np.clip(d, 0.02, 0.5)
        live = live[(lit[live] > -0.98) & (t[live] < far)]
        if not len(live):
            break
    s = np.clip(lit, -1, 1)
    return 0.25 * (1 + s) ** 2 * (2 - s)


def normal(p, e=0.004):
    n = 0
    for k in ((1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)):
        k = np.array(k, np.float32)[:, None]
        n = n + k * distance(p + k * e)
    return n / np.maximum(np.linalg.norm(n, axis=0), 1e-6)
