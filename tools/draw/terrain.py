"""Height field of the lakeside: a lake, its banks, forest and mountains.

Lengths are metres; the camera stands at x = z = 0 and looks along +z.
"""

import numpy as np
from noise import Noise, step

N = Noise(71)
FOREST = Noise(72)
RIDGE = Noise(78)
TREE = np.random.default_rng(73).random((4, 65536)).astype(np.float32)
# Peaks as (x, z, height, radius): placed by hand for the composition.
PEAKS = [
    (750, 4300, 1120, 1600),
    (-900, 5200, 1120, 1700),
    (-2500, 4200, 900, 1300),
    (2300, 5000, 980, 1500),
    (-150, 6800, 1150, 1700),
    (1500, 2700, 420, 900),
    (-1500, 2500, 470, 1000),
]


def shore(x, z):
    """Rough distance inland from the nearest water, negative in the lake."""
    w = N.fbm(x / 90, z / 90, 4) * 22 + N.fbm(x / 14, z / 14, 3) * 2.2
    far = z - 520 - 0.10 * x + 2.4 * w
    left = -x - 26 - 0.10 * (z - 60) - np.maximum(z - 95, 0) * 0.9 + 0.25 * w
    cape = 34 - np.hypot((x - 62) * 0.72, (z - 132) * 1.25) + 0.35 * w
    west = -x - 0.42 * z - 40 + 1.2 * w - np.maximum(150 - z, 0) * 3
    return np.maximum(np.maximum(far, left), np.maximum(cape, west))


def ground(x, z):
    """Bare ground, water level 0."""
    s = shore(x, z)
    low = np.where(s > 0, 9 * (1 - np.exp(-s / 55)) + 0.02 * np.maximum(s, 0), s * 0.3)
    low = low + step(0, 25, s) * N.fbm(x / 25, z / 25, 3) * 0.8
    env = 0
    for px, pz, h, r in PEAKS:
        d2 = ((x - px) ** 2 + (z - pz) ** 2) / (r * r)
        env = np.maximum(env, h / (1 + 1.9 * d2 + d2 * d2))
    far = step(650, 3200, z)
    wx, wz = N.warp(x / 1500, z / 1500, 0.22, 2)
    crags = RIDGE.ridged(wx, wz, 8, 0.52)
    hills = step(560, 1300, z) * (60 + 75 * N.fbm(x / 420, z / 420, 4))
    return low + hills * (1 - 0.6 * far) + far * env * (0.52 + 0.86 * crags)


def trees(x, z, base):
    """Height of the wood above the ground and a per-tree random tone."""
    tall, tone = np.zeros_like(x), np.zeros_like(x)
    near = (z > 480) & (z < 5000) & (base > 1.2) & (base < 620)
    if not near.any():
        return tall, tone
    x, z, base = x[near], z[near], base[near]
    cell = 7.5
    best, mine = np.zeros_like(x), np.zeros_like(x)
    ix, iz = np.floor(x / cell).astype(np.int32), np.floor(z / cell).astype(np.int32)
    for dx in (-1, 0, 1):
        for dz in (-1, 0, 1):
            cx, cz = ix + dx, iz + dz
            k = (cx * 7919 + cz * 104729) & 65535
            tx = (cx + 0.15 + 0.7 * TREE[0, k]) * cell
            tz = (cz + 0.15 + 0.7 * TREE[1, k]) * cell
            top = 11 + 12 * TREE[2, k]
            h = top * (1 - np.hypot(x - tx, z - tz) / (0.27 * top + 0.8))
            higher = h > best
            best = np.where(higher, h, best)
            mine = np.where(higher, TREE[3, k], mine)
    wood = FOREST.fbm(x / 260, z / 260, 4) + 0.25 - step(260, 520, base) * 1.6
    tall[near] = best * step(-0.05, 0.12, wood)
    tone[near] = mine
    return tall, tone


def height(x, z):
    g = ground(x, z)
    t, _ = trees(x, z, g)
    return g + t
