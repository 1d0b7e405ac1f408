"""lakeside: mountains over a lake, a red house on a cape and a rowing boat.

The height field is drawn column by column. The lake is a second view from the
camera's mirror point under the water, so that reflections are true ones.
"""

import numpy as np
from PIL import Image, ImageDraw
from foliage import broadleaf, conifer, tuft
from noise import Noise, mix, step
from sky import sky
import terrain

W, H, SS = 768, 512, 2
CAM, HORIZON = 10.0, 0.545
SUN = np.array([-0.80, 0.42, -0.42], np.float32) / np.float32(np.linalg.norm([-0.80, 0.42, -0.42]))
GRAIN = Noise(91)
WAVE = Noise(92)
w, h = W * SS, H * SS
F = 0.97 * w
CX, CY = w / 2, HORIZON * h


def march():
    """Heights along every column's ray fan, shared by both views."""
    z = np.geomspace(22, 9000, 2000).astype(np.float32)
    dx = ((np.arange(w) + 0.5 - CX) / F).astype(np.float32)
    return z, dx, np.stack([terrain.height(zz * dx, np.full(w, zz, np.float32)) for zz in z])


def hits(z, tall, cam):
    """Depth of the terrain seen at each row above or below the horizon."""
    up = (tall - cam) / z[:, None] * F
    top = np.maximum.accumulate(up, 0)
    rows = CY - np.arange(h) - 0.5
    depth = np.full((h, w), np.inf, np.float32)
    for i in range(w):
        k = np.searchsorted(top[:, i], rows)
        ok = k < len(z)
        j = np.maximum(k[ok], 1)
        a, b = top[j - 1, i], up[j, i]
        t = np.clip((rows[ok] - a) / np.maximum(b - a, 1e-6), 0, 1)
        depth[ok, i] = z[j - 1] + (z[j] - z[j - 1]) * t
        if cam > 0:
            continue
        # A reflected ray starts at the water, so land nearer than that is no hit.
        start = -cam * F / np.maximum(rows, 1e-3)
        bad = np.flatnonzero((rows > 0) & (depth[:, i] < start))
        seen = (up[:, i] >= rows[bad, None]) & (z >= start[bad, None])
        depth[bad, i] = np.where(seen.any(1), z[seen.argmax(1)], np.inf)
    return depth


def shadow(x, y, z):
    """How much sun reaches the points, by stepping toward it."""
    lit = np.ones_like(x)
    for d in np.geomspace(12, 1500, 16):
        gy = terrain.ground(x + SUN[0] * d, z + SUN[2] * d)
        lit = np.minimum(lit, step(-0.035, 0.03, (y + SUN[1] * d - gy) / d))
    return lit


def paint(x, z):
    """Lit colour of terrain points, before haze."""
    g = terrain.ground(x, z)
    wood, tone = terrain.trees(x, z, g)
    e = np.maximum(0.25, z * 0.0016)
    y = g + wood
    nx = (terrain.height(x - e, z) - terrain.height(x + e, z)) / (2 * e)
    nz = (terrain.height(x, z - e) - terrain.height(x, z + e)) / (2 * e)
    n = np.stack([nx, np.ones_like(nx), nz], -1)
    n /= np.linalg.norm(n, axis=-1, keepdims=True)
    grain = GRAIN.fbm(x / 3.0, z / 3.0, 4)
    broad = GRAIN.fbm(x / 160, z / 160, 4)
    grass = mix((0.30, 0.33, 0.10), (0.52, 0.45, 0.17), step(-0.5, 0.5, broad + 0.4 * grain))
    grass = grass * (1 + 0.25 * grain)[..., None]
    rock = mix((0.36, 0.32, 0.29), (0.56, 0.50, 0.44), step(-0.5, 0.6, GRAIN.fbm(x / 70, y / 45, 5)))
    flat = n[:, 1]
    col = mix(grass, rock, step(0.86, 0.70, flat) * (y > 40))
    col = mix(col, rock, step(340, 560, y + 140 * broad))
    snow = step(520, 700, y + 170 * broad) * step(0.42, 0.66, flat)
    col = mix(col, (0.93, 0.94, 0.98), snow)
    leaf = mix((0.07, 0.13, 0.06), (0.18, 0.24, 0.08), tone)
    leaf = mix(leaf, (0.48, 0.32, 0.07), (tone > 0.86) * 0.8)
    col = mix(col, leaf, step(0.02, 0.5, wood))
    shore_sand = step(0.9, 0.2, g) * (z < 1500) * (wood < 0.1)
    col = mix(col, (0.50, 0.44, 0.34), shore_sand * 0.9)
    sun = np.clip(n @ SUN, 0, 1) * shadow(x, y, z)
    ambient = 0.5 + 0.5 * flat
    light = sun[:, None] * np.array([1.65, 1.36, 0.98]) + ambient[:, None] * np.array([0.30, 0.38, 0.52])
    depth_in_wood = np.where(wood > 0.4, 0.45 + 0.55 * step(2, 15, wood), 1)
    return col * light * depth_in_wood[:, None]


def tone_map(c):
    c = np.maximum(c, 0)
    return np.clip(1.04 * c / (0.16 * c + 0.90), 0, 1)


def view(z, dx, tall, cam):
    """Sky, terrain and near objects from the given camera height, as 0..1 RGB."""
    rows = np.arange(h) + 0.5 - CY
    lake = np.where(rows > 0, abs(cam) * F / np.maximum(rows, 1e-3), np.inf)[:, None]
    if cam < 0:
        # Seen from below, the lake's bed must not stand before the mountains.
        tall = np.where(tall > 0, tall, -1000)
    depth = hits(z, tall, cam)
    depth[lake < depth] = np.inf
    rows = ((CY - np.arange(h) - 0.5) / F).astype(np.float32)
    gx, gy = np.meshgrid(dx, rows)
    img = sky(gx, np.abs(gy))
    land = np.isfinite(depth)
    d = depth[land]
    col = paint(gx[land] * d, d)
    haze = 1 - np.exp(-np.maximum(d - 150, 0) / 6200)
    air = mix((0.56, 0.67, 0.84), (0.98, 0.85, 0.68), np.exp(-np.maximum(gx[land] + 0.55, 0) * 2.4))
    img[land] = mix(col, air, haze * 0.80)
    pic = Image.fromarray((tone_map(img) * 255).astype(np.uint8))
    objects(ImageDraw.Draw(pic), cam)
    return np.asarray(pic).astype(np.float32) / 255, depth


def objects(draw, cam):
    """Everything near enough to need its own shape, far to near."""

    def at(x, y, zz):
        return CX + x / zz * F, CY - (y - cam) / zz * F

    rng = np.random.default_rng(95)
    items = []
    for i in range(900):
        zz = rng.uniform(40, 175)
        x = rng.uniform(-0.6, 0.62) * zz
        s = float(terrain.shore(np.float32(x), np.float32(zz)))
        if -0.8 < s < 25:
            items.append((zz, "reed" if s < 1.0 else "grass", x, i))
    for x, zz, tall_, kind in SPRUCES:
        items.append((zz, kind, x, tall_))
    items += [(126, "house", 47, 0), (54, "boat", -3.2, 0)]
    for zz, kind, x, v in sorted(items, key=lambda t: -t[0]):
        g = max(0.0, float(terrain.ground(np.float32(x), np.float32(zz))))
        px, py = at(x, g, zz)
        if kind == "spruce":
            conifer(draw, px, py, at(x, g + v, zz)[1], int(zz * 10 + v))
        elif kind in ("gold", "green"):
            tone = (0.86, 0.55, 0.12) if kind == "gold" else (0.45, 0.50, 0.14)
            broadleaf(draw, px, py, at(x, g + v, zz)[1], int(zz * 10 + v), tone)
        elif kind in ("reed", "grass"):
            tall_ = 1.7 if kind == "reed" else 0.8
            tone = (0.62, 0.55, 0.24) if kind == "reed" else (0.42, 0.44, 0.14)
            tuft(draw, px, py, py - at(x, g + tall_, zz)[1], v, tone)
        elif kind == "house":
            house(draw, at, x, g - 0.4, zz)
        else:
            boat(draw, at, x, zz)


SPRUCES = [
    (-27.5, 52, 23, "spruce"),
    (-33, 58, 27, "spruce"),
    (-31, 66, 17, "spruce"),
    (-37, 74, 24, "spruce"),
    (-30, 80, 12, "gold"),
    (-41, 88, 19, "spruce"),
    (66, 138, 24, "spruce"),
    (72, 141, 28, "spruce"),
    (59, 143, 19, "spruce"),
    (78, 130, 21, "spruce"),
    (36, 140, 14, "gold"),
    (29, 136, 10, "green"),
    (62, 121, 11, "gold"),
    (73, 124, 9, "green"),
    (54, 146, 22, "spruce"),
]


def house(draw, at, x, y, z):
    """Red boarded house, gable toward the viewer's left, white trim."""

    def p(u, v, q):
        a = 0.62  # turned to show two walls
        return at(x + u * np.cos(a) - q * np.sin(a), y + v, z + u * np.sin(a) + q * np.cos(a))

    def poly(pts, c):
        draw.polygon([p(*t) for t in pts], fill=c)

    L, D, E, R = 6.2, 3.6, 3.6, 6.6
    lit, dim, trim = (176, 58, 40), (112, 34, 34), (238, 226, 206)
    poly([(-L, 0, -D), (L, 0, -D), (L, E, -D), (-L, E, -D)], dim)
    poly([(-L, 0, -D), (-L, 0, D), (-L, E, D), (-L, R, 0), (-L, E, -D)], lit)
    for k in range(19):
        u = -L + (k + 0.5) * 2 * L / 19
        draw.line([p(u, 0, -D), p(u, E, -D)], fill=(94, 28, 30))
        q = -D + (k + 0.5) * 2 * D / 19
        draw.line([p(-L, 0, q), p(-L, E + (R - E) * (1 - abs(q) / D), q)], fill=(152, 46, 34))
    poly([(-L, -0.1, -D), (L, -0.1, -D), (L, 0.5, -D), (-L, 0.5, -D)], (96, 92, 90))
    poly([(-L, -0.1, -D), (-L, -0.1, D), (-L, 0.5, D), (-L, 0.5, -D)], (150, 142, 130))
    for u in (-3.9, 0.0, 3.9):
        lo, hi, half = (0.5, 2.9, 0.7) if u == 0 else (1.3, 2.8, 0.75)
        poly(
            [(u - half - 0.2, lo, -D), (u + half + 0.2, lo, -D), (u + half + 0.2, hi + 0.2, -D), (u - half - 0.2, hi + 0.2, -D)],
            (202, 190, 184),
        )
        poly(
            [(u - half, lo + 0.15, -D), (u + half, lo + 0.15, -D), (u + half, hi, -D), (u - half, hi, -D)],
            (52, 60, 76) if u else (70, 46, 40),
        )
    for q, lo in ((-1.5, 1.3), (1.5, 1.3), (0, 4.0)):
        poly([(-L, lo - 0.2, q - 0.75), (-L, lo - 0.2, q + 0.75), (-L, lo + 1.6, q + 0.75), (-L, lo + 1.6, q - 0.75)], trim)
        poly([(-L, lo, q - 0.55), (-L, lo, q + 0.55), (-L, lo + 1.4, q + 0.55), (-L, lo + 1.4, q - 0.55)], (255, 206, 120))
    o = 0.6
    poly([(-L - o, E - 0.35, -D - o), (L + o, E - 0.35, -D - o), (L + o, R + 0.15, 0), (-L - o, R + 0.15, 0)], (88, 80, 86))
    for k in range(9):
        t = k / 9
        draw.line(
            [p(-L - o, E - 0.35 + (R + 0.5 - E) * t, (-D - o) * (1 - t)), p(L + o, E - 0.35 + (R + 0.5 - E) * t, (-D - o) * (1 - t))],
            fill=(72, 66, 74),
        )
    draw.line([p(-L - o, E - 0.35, -D - o), p(-L - o, R + 0.15, 0), p(-L - o, E - 0.35, D + o)], fill=trim, width=3)
    poly([(1.8, R - 1, -0.5), (3, R - 1, -0.5), (3, R + 1.5, -0.5), (1.8, R + 1.5, -0.5)], (122, 84, 72))
    poly([(1.8, R - 1, -0.5), (1.8, R - 1, 0.6), (1.8, R + 1.5, 0.6), (1.8, R + 1.5, -0.5)], (186, 130, 104))


def boat(draw, at, x, z):
    """Rowing boat seen three-quarter on, planked and lit from the left."""

    def hull(t, side, up):
        beam = 1.0 * np.sqrt(max(0.0, 1 - (abs(t) ** 2.4))) * (0.72 if up < 0.3 else 1)
        rise = 0.75 + 0.42 * t * t if up >= 0.3 else 0.0
        u, q = t * 3.3, side * beam
        return at(x + u * 0.94 + q * 0.34, rise * up, z + u * 0.34 - q * 0.94)

    ts = np.linspace(-1, 1, 25)
    far = [hull(t, -1, 1) for t in ts]
    near = [hull(t, 1, 1) for t in ts]
    draw.polygon(far + near[::-1], fill=(96, 66, 44))
    for lo, hi, c in ((0.0, 0.34, (44, 74, 82)), (0.34, 0.7, (58, 98, 106)), (0.7, 1.0, (76, 122, 126))):
        a = [(np.array(hull(t, 1, 0)) * (1 - lo) + np.array(hull(t, 1, 1)) * lo) for t in ts]
        b = [(np.array(hull(t, 1, 0)) * (1 - hi) + np.array(hull(t, 1, 1)) * hi) for t in ts]
        draw.polygon([tuple(v) for v in a + b[::-1]], fill=c)
    for t in (-0.5, 0.05, 0.55):
        draw.line([hull(t, -1, 0.95), hull(t, 1, 0.95)], fill=(196, 150, 96), width=6)
    draw.line(far, fill=(214, 178, 126), width=4)
    draw.line(near, fill=(236, 204, 152), width=5)
    draw.line([hull(0.1, 1, 1), at(x + 3.4, 0.1, z - 3.4)], fill=(206, 164, 108), width=4)


def water(mirror, x, z):
    """Lake colour: the mirrored view disturbed by waves, over deep green."""
    pixel = z / F * z / CAM  # ground length of a pixel row
    dy, dx = 0, 0
    breeze = 0.35 + 0.9 * step(-0.1, 0.5, WAVE.fbm(x / 60, z / 26, 3))
    for size, amp in ((7.0, 6.0), (2.6, 5.5), (1.0, 4.0), (0.45, 3.0)):
        seen = np.clip(size / (pixel * 1.5), 0, 1)
        dy = dy + amp * WAVE.fbm(x / size / 1.7, z / size, 2) * seen
        dx = dx + 0.3 * amp * WAVE.fbm(x / size + 40, z / size / 1.4, 2) * seen
    jj, ii = np.meshgrid(np.arange(w), np.arange(h))
    my = 2 * CY - ii + dy * breeze * SS * step(0, 90, ii - CY)
    # Waves too small to see still lengthen reflections, hence the extra taps.
    total = 0
    taps = ((-1.6, 1), (-0.8, 2), (0, 3), (0.8, 2), (1.6, 1))
    for o, wt in taps:
        r = np.clip(my + o * SS * breeze * 1.6 - 1, 0, h - 1).astype(int)
        c = np.clip(jj + dx * breeze * SS, 0, w - 1).astype(int)
        total = total + mirror[r, c] * wt
    refl = total / 9
    cos = CAM / np.hypot(z, CAM)
    fres = 0.30 + 0.70 * (1 - cos) ** 4
    deep = mix((0.05, 0.16, 0.19), (0.09, 0.25, 0.25), step(-0.4, 0.4, WAVE.fbm(x / 30, z / 30, 3)))
    glint = step(0.42, 0.75, WAVE.fbm(x / 3.2, z / 0.9, 3)) * breeze * 0.16
    return mix(deep, refl, fres) * 0.97 + glint[..., None] * np.array([0.9, 0.85, 0.75])


def picture():
    z, dx, tall = march()
    main, depth = view(z, dx, tall, CAM)
    mirror, _ = view(z, dx, tall, -CAM)
    rows = np.arange(h) + 0.5 - CY
    zw = np.where(rows > 0, CAM * F / np.maximum(rows, 1e-3), np.inf).astype(np.float32)[:, None]
    lake = np.minimum(zw, 9000) * np.ones((1, w), np.float32)
    wet = np.isinf(depth) & (zw < 3000)
    surface = water(mirror, lake * dx[None, :], lake)
    bare = main.copy()
    bare[wet] = surface[wet]
    # Near objects overhang the lake, so draw them once more over the water.
    pic = Image.fromarray((np.clip(bare, 0, 1) * 255).astype(np.uint8))
    objects(ImageDraw.Draw(pic), CAM)
    img = np.asarray(pic.resize((W, H), Image.LANCZOS)).astype(np.float32) / 255
    img = img + GRAIN.at(*np.meshgrid(np.arange(W) * 0.7, np.arange(H) * 0.7))[..., None] * 0.008
    return Image.fromarray((np.clip(img, 0, 1) * 255).astype(np.uint8))
