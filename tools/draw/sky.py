"""Afternoon sky with sunlit cumulus, as a function of view direction."""

import numpy as np
from noise import Noise, mix, step

CLOUD = Noise(81)
ZENITH, MID, LOW = (0.10, 0.27, 0.58), (0.33, 0.56, 0.82), (0.93, 0.83, 0.70)
LIT, SHADE = (1.0, 0.95, 0.86), (0.50, 0.53, 0.66)


def density(x, y):
    wx, wy = CLOUD.warp(x, y, 0.16, 3)
    puffs = 1 - np.abs(CLOUD.fbm(wx * 2.1 + 4, wy * 2.1, 5, 0.55)) * 1.5
    return 0.75 * CLOUD.fbm(wx * 0.9, wy * 0.9, 3) + 0.50 * puffs - 0.10


def sky(dx, dy):
    """Linear colour at direction (dx, dy, 1); dy > 0 is up."""
    e = np.maximum(dy, 0)
    col = mix(LOW, MID, step(0.0, 0.17, e))
    col = mix(col, ZENITH, step(0.10, 0.52, e))
    # The sun is out of frame to the left; its glow warms that side.
    glow = np.exp(-np.maximum(dx + 0.75, 0) * 2.2 - e * 3.0)
    col = col + glow[..., None] * np.array([0.42, 0.27, 0.10], np.float32)
    # Flattened perspective: a true plane would shred clouds at the horizon.
    p = 1 / (e + 0.17)
    x, y = dx * p * 1.5 + 2.3, p * 1.9 - 1.1
    d = density(x, y)
    cover = step(0.10, 0.42, d)
    toward = density(x - 0.16, y + 0.06)
    light = np.clip(0.55 + (d - toward) * 1.9 - 0.35 * step(0.25, 0.8, d) + 0.15, 0, 1)
    cloud = mix(SHADE, LIT, light)
    cloud = mix(cloud, (0.97, 0.83, 0.70), 0.55 * np.exp(-e * 9))
    return mix(col, cloud, cover * step(0.0, 0.06, e) * 0.96)
