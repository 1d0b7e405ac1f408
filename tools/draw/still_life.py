"""still_life: fruit, a painted bowl, a bottle and a striped cloth by a window."""

import numpy as np
from PIL import Image
from canvas import ramp, rgb
from noise import Noise, mix, step
import solids as S

W, H, SS = 768, 576, 2
EYE, LOOK = np.array([0.25, 3.7, -9.2], np.float32), np.array([0.0, 1.33, 0.3], np.float32)
KEY = np.array([-0.66, 0.62, -0.42], np.float32)
KEY /= np.linalg.norm(KEY)
N = Noise(811)


def unit(v):
    return v / np.maximum(np.linalg.norm(v, axis=0), 1e-6)


def solid_noise(p, scale, octaves=3):
    """Noise in space from three planes: no seam on round things."""
    x, y, z = p[0] * scale, p[1] * scale, p[2] * scale
    return (N.fbm(x + 3.1, y, octaves) + N.fbm(y + 7.7, z, octaves) + N.fbm(z + 1.9, x, octaves)) * 0.6


def room(v):
    """Light arriving from outside the scene: a paned window in a dim room."""
    base = mix((0.10, 0.085, 0.07), (0.30, 0.28, 0.27), step(-0.3, 0.9, v[1]))
    side = unit(np.cross(KEY, [0, 1, 0]))
    up = np.cross(side, KEY)
    front = v.T @ KEY
    a, b = (v.T @ side) / np.maximum(front, 1e-3), (v.T @ up) / np.maximum(front, 1e-3)
    pane = step(0.36, 0.33, np.abs(a)) * step(0.46, 0.43, np.abs(b)) * (front > 0)
    bars = step(0.015, 0.03, np.abs(a)) * step(0.015, 0.03, np.abs(np.abs(b) - 0.14))
    return base + (pane * bars)[:, None] * np.array([5.2, 4.7, 3.9])


def fruit_skin(p, c, reds):
    a = np.arctan2(p[2] - c[2], p[0] - c[0])
    y = p[1] - c[1]
    streak = N.fbm(a * 7 + c[0] * 9, y * 1.6, 4)
    blush = 0.5 + 0.5 * np.sin(a + c[0] * 3) + 0.55 * streak + 0.25 * y
    col = ramp(reds, 0.30 + 0.62 * blush)
    dots = step(0.50, 0.62, solid_noise(p, 16, 1))
    col = mix(col, (0.92, 0.80, 0.50), dots * 0.45)
    cup = step(0.24, 0.04, np.hypot(p[0] - c[0], p[2] - c[2])) * (y > 0)
    return mix(col, (0.55, 0.50, 0.16), cup * 0.8)


def surface(p, mat):
    """Base colour and gloss (share of mirror) of each point."""
    n = p.shape[1]
    col, gloss = np.zeros((n, 3), np.float32), np.zeros(n, np.float32)

    def at(k):
        i = np.flatnonzero(mat == k)
        return i, p[:, i]

    i, q = at(S.WOOD)
    plank = np.floor(q[2] / 1.15 + 0.3)
    u, v = q[0] / 3.2 + plank * 3.7, q[2] * 2.1 + plank * 11
    rings = N.fbm(u, v * 1.3 + 0.5 * N.fbm(u * 2, v * 0.4, 2), 4)
    grain = N.fbm(q[0] * 1.6, q[2] * 34, 3)
    c = ramp(rgb("3a1e10", "5c321a", "7d4a27", "99633a"), 0.5 + 0.55 * rings + 0.22 * grain)
    seam = np.abs(q[2] / 1.15 + 0.3 - np.round(q[2] / 1.15 + 0.3))
    col[i], gloss[i] = c * (0.35 + 0.65 * step(0.004, 0.018, seam))[:, None], 0.10
    i, q = at(S.CLOTH)
    u, v = 0.92 * q[0] + 0.38 * q[2], -0.38 * q[0] + 0.92 * q[2]
    u = u + 0.10 * np.sin(v * 1.7)
    stripe = step(0.06, 0.09, np.abs(((u + 0.4) % 0.8) - 0.4)) * step(0.03, 0.045, np.abs(np.abs(((u + 0.4) % 0.8) - 0.4) - 0.15))
    c = mix(rgb("274a8a")[0], rgb("efe6d2")[0], stripe)
    hem = step(1.80, 1.84, np.maximum(np.abs(u + 1.5) - 1.2, np.abs(v + 1.1) - 0.3)) * 0.8
    c = mix(c, rgb("a83a32")[0], hem)
    thread = 0.05 * np.sin(u * 190) * np.sin(v * 190) + 0.05 * N.fbm(u * 20, v * 20, 2)
    col[i] = c * (1 + thread)[:, None]
    i, q = at(S.WALL)
    plaster = N.fbm(q[0] / 1.3, q[1] / 1.3, 6)
    col[i] = ramp(rgb("39453f", "56645a", "758073"), 0.5 + 0.55 * plaster)
    i, q = at(S.BOWL)
    a = np.arctan2(q[2] - 0.6, q[0] + 0.6)
    c = np.ones((len(i), 3), np.float32) * rgb("ece4d2")[0] * (1 + 0.05 * solid_noise(q, 3))[:, None]
    y, outer = q[1], np.hypot(np.hypot(q[0] + 0.6, q[2] - 0.6), q[1] - 1.62) > 1.56
    band = (np.abs(y - 1.16) < 0.035) | (np.abs(y - 0.40) < 0.03) | (y > 1.31)
    petal = np.abs(np.cos(a * 7)) ** 0.7 * 0.24
    leaf = (np.abs(y - 0.78) < petal) & (np.abs(np.abs(y - 0.78) - petal * 0.55) > 0.025)
    dots = np.hypot(((a * 14 / np.pi) % 1 - 0.5) * 0.32, y - 1.05) < 0.045
    c = mix(c, rgb("234a9a")[0] * (1 + 0.3 * solid_noise(q, 6))[:, None], (band | leaf | dots) * outer * 0.92)
    col[i], gloss[i] = c, 0.28
    i, q = at(S.BOTTLE)
    label = (np.abs(q[1] - 1.35) < 0.55) & (q[2] < 1.5)
    rim = np.abs(np.abs(q[1] - 1.35) - 0.47) < 0.025
    mark = (np.hypot((q[0] - 2.0) * 1.3, q[1] - 1.45) < 0.22) | ((np.abs(q[1] - 1.02) < 0.025) & (np.abs(q[0] - 2.0) < 0.3))
    c = mix(rgb("0f2c1a")[0], rgb("4a7a30")[0], 0.5 * step(0.35, 0.7, np.abs(q[0] - 2.05)) + 0.3 * step(0.4, 0.0, np.abs(q[1] - 0.3)))
    paper = mix(rgb("e3d3a4")[0], rgb("8a2a22")[0], (rim | mark) * 0.9) * (1 + 0.08 * solid_noise(q, 5))[:, None]
    c = mix(c, paper, label)
    cap = q[1] > 3.86
    c = mix(c, rgb("7a1f22")[0], cap)
    col[i], gloss[i] = c, np.where(label, 0.04, np.where(cap, 0.2, 0.75))
    i, q = at(S.APPLE)
    for k, (x, y, z, r, _) in enumerate(S.APPLES):
        m = np.hypot(np.hypot(q[0] - x, q[2] - z), q[1] - y) < r * 1.1
        tones = (
            rgb("d8b83a", "d9702a", "b8231f", "86141a"),
            rgb("c9c84a", "d98a2f", "c02a22", "9a181c"),
            rgb("7fa03a", "a8bf4a", "c9cf62", "c98a4a"),
        )[k]
        col[i[m]] = fruit_skin(q[:, m], (x, y, z), tones)
    gloss[i] = 0.22
    i, q = at(S.ORANGE)
    col[i], gloss[i] = ramp(rgb("d9650f", "f08a1a", "f7a62e"), 0.5 + 0.5 * solid_noise(q, 2)), 0.13
    i, q = at(S.PEAR)
    c = ramp(rgb("7f8f2a", "b5b03a", "d9bf4a", "c9803a"), 0.45 + 0.45 * solid_noise(q, 1.2) + 0.25 * (q[0] - 1.25))
    col[i], gloss[i] = mix(c, (0.36, 0.26, 0.10), step(0.42, 0.62, solid_noise(q, 15, 2)) * 0.6), 0.12
    i, q = at(S.LEMON)
    col[i], gloss[i] = ramp(rgb("d9b51a", "f4d832", "f8e56a"), 0.5 + 0.5 * solid_noise(q, 2.5)), 0.14
    i, q = at(S.GRAPE)
    bloom = step(-0.2, 0.6, solid_noise(q, 3.0))
    col[i], gloss[i] = mix(rgb("2b0f35")[0], rgb("6a4a86")[0], bloom), 0.25 - 0.12 * bloom
    i, q = at(S.STEM)
    col[i] = ramp(rgb("3a2614", "6a4a26"), 0.5 + 0.5 * solid_noise(q, 14))
    return col**2.0, gloss


def bump(p, n, mat):
    """Pores, weave and plaster too small for the shapes themselves."""
    for k, scale, amount in (
        (S.ORANGE, 13, 0.17),
        (S.LEMON, 12, 0.13),
        (S.PEAR, 9, 0.03),
        (S.WALL, 5, 0.10),
        (S.WOOD, 9, 0.04),
        (S.BOWL, 2.2, 0.02),
    ):
        i = np.flatnonzero(mat == k)
        q = p[:, i]
        n[:, i] += amount * np.stack([N.fbm(q[1] * scale + 5 * a, q[(2 + a) % 3] * scale + q[0] * scale * 0.5, 2) for a in range(3)])
    return unit(n)


def shade(p, v, depth):
    """Colour of points seen along v; one mirror bounce where depth allows."""
    _, mat = S.distance(p, True)
    n = S.normal(p)
    lift = p + n * 0.02
    n = bump(p, n, mat)
    col, gloss = surface(p, mat)
    face = np.clip(n.T @ KEY, 0, 1)
    lit = np.zeros(p.shape[1], np.float32)
    i = np.flatnonzero(face > 0)
    lit[i] = S.soft_shadow(lift[:, i], np.repeat(KEY[:, None], len(i), 1))
    occ, reach = np.zeros(p.shape[1], np.float32), 1.0
    for k in (0.06, 0.16, 0.36, 0.75):
        occ += (k - np.minimum(S.distance(p + n * k), k)) / k * reach * 0.34
        reach *= 0.75
    occ = np.clip(1 - occ, 0.06, 1)
    sky = (0.5 + 0.5 * n[1]) * (0.65 - 0.35 * n[0])
    bounce = np.clip(0.5 - 0.5 * n[1], 0, 1) * step(3, 0, p[1])
    light = (face * lit)[:, None] * np.array([3.3, 2.85, 2.2])
    light = light + (sky * occ)[:, None] * np.array([0.36, 0.41, 0.50]) + (bounce * occ)[:, None] * np.array([0.50, 0.30, 0.17])
    # Thin skins let a little light round the terminator.
    soft = np.isin(mat, (S.ORANGE, S.APPLE, S.PEAR, S.LEMON, S.GRAPE))
    light = light + (soft * np.clip(0.30 + n.T @ KEY, 0, 0.3) * (0.3 + 0.7 * lit) * 0.6)[:, None] * np.array([1.0, 0.55, 0.25])
    window = np.where(mat == S.WALL, step(6.5, 0, np.hypot(p[0] + 1.6, p[1] - 3.4)) * 0.8 + 0.22, 1)
    out = col * light * window[:, None]
    cos = np.clip(-(n * v).sum(0), 0, 1)
    fres = 0.045 + 0.955 * (1 - cos) ** 5
    share = np.clip(fres * (0.3 + gloss * 2.4), 0, 0.9) * (gloss > 0)
    r = unit(v - 2 * (n * v).sum(0) * n)
    mirror = np.minimum(room(r), 0.6 + 40 * gloss[:, None] ** 1.2)
    i = np.flatnonzero(gloss > 0.09)
    if depth and len(i):
        t = S.march(lift[:, i], r[:, i], 9.0, 44)
        hit = np.flatnonzero(np.isfinite(t))
        q = lift[:, i[hit]] + r[:, i[hit]] * t[hit]
        mirror[i[hit]] = shade(q, r[:, i[hit]], depth - 1)
    return out + share[:, None] * mirror * (0.35 + 0.65 * occ)[:, None]


def picture():
    w, h = W * SS, H * SS
    f = unit(LOOK - EYE)
    right = unit(np.cross([0, 1, 0], f))
    up = np.cross(f, right)
    out = np.zeros((h, w, 3), np.float32)
    band = 96  # rows at a time, to bound memory
    for y0 in range(0, h, band):
        x, y = np.meshgrid(np.arange(w) + 0.5, np.arange(y0, y0 + band) + 0.5)
        u, v = (x.ravel() - w / 2) / w * 0.80, (h / 2 - y.ravel()) / w * 0.80
        ray = unit(f[:, None] + right[:, None] * u + up[:, None] * v).astype(np.float32)
        o = np.repeat(EYE[:, None], ray.shape[1], 1)
        t = np.minimum(S.march(o, ray), 18)
        out[y0 : y0 + band] = shade(o + ray * t, ray, 1).reshape(band, w, 3)
    c = out * 0.70
    c = c * (2.51 * c + 0.03) / (c * (2.43 * c + 0.59) + 0.14)  # film-like shoulder
    c = np.clip(c, 0, 1) ** (1 / 2.0)
    pic = Image.fromarray((c * 255).astype(np.uint8)).resize((W, H), Image.LANCZOS)
    return pic
