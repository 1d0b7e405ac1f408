"""Seeded gradient noise, the one source of irregularity in every picture."""

import numpy as np


class Noise:
    """2-D gradient noise on a wrapping 256 x 256 lattice."""

    def __init__(self, seed):
        a = np.random.default_rng(seed).random((256, 256)) * 2 * np.pi
        self.gx = np.cos(a).astype(np.float32).ravel()
        self.gy = np.sin(a).astype(np.float32).ravel()

    def at(self, x, y):
        x = np.asarray(x, np.float32)
        y = np.asarray(y, np.float32)
        fx, fy = np.floor(x), np.floor(y)
        ix, iy = fx.astype(np.int32), fy.astype(np.int32)
        u, v = x - fx, y - fy
        x0, x1 = ix & 255, (ix + 1) & 255
        y0, y1 = (iy & 255) << 8, ((iy + 1) & 255) << 8

        def corner(i, du, dv):
            return self.gx[i] * du + self.gy[i] * dv

        su = u * u * u * (u * (u * 6 - 15) + 10)
        sv = v * v * v * (v * (v * 6 - 15) + 10)
        a = corner(y0 + x0, u, v)
        b = corner(y0 + x1, u - 1, v)
        c = corner(y1 + x0, u, v - 1)
        d = corner(y1 + x1, u - 1, v - 1)
        top = a + su * (b - a)
        return (top + sv * (c + su * (d - c) - top)) * 1.5

    def fbm(self, x, y, octaves=5, gain=0.5):
        """Sum of octaves, about -1..1."""
        total, amp, norm = 0, 1.0, 0.0
        for k in range(octaves):
            # The odd offsets keep lattice lines of the octaves apart.
            s = 2.03**k
            total = total + amp * self.at(x * s + 17.3 * k, y * s + 9.1 * k)
            norm += amp
            amp *= gain
        return total / norm * 1.4

    def ridged(self, x, y, octaves=6, gain=0.5):
        """Sharp crests, 0..1: each octave matters most on the last one's ridge."""
        total, amp, norm, weight = 0, 1.0, 0.0, 1.0
        for k in range(octaves):
            s = 2.07**k
            r = 1 - np.abs(self.at(x * s + 31.7 * k, y * s + 5.9 * k))
            r = r * r * weight
            weight = np.clip(r * 1.6, 0, 1)
            total = total + amp * r
            norm += amp
            amp *= gain
        return total / norm

    def warp(self, x, y, amount, octaves=3):
        """Coordinates pushed about, for marbling and clouds."""
        return (x + amount * self.fbm(x + 5.2, y + 1.3, octaves), y + amount * self.fbm(x - 3.7, y + 8.1, octaves))


def step(a, b, x):
    """Smooth 0..1 ramp from a to b."""
    t = np.clip((x - a) / (b - a), 0, 1)
    return t * t * (3 - 2 * t)


def mix(a, b, t):
    """Blend colours or fields; t is a mask that lacks the colour axis."""
    a, b = np.asarray(a, np.float32), np.asarray(b, np.float32)
    t = np.asarray(t, np.float32)
    if (3,) in (a.shape[-1:], b.shape[-1:]):
        t = t[..., None]
    return a + (b - a) * t
