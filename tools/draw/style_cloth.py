"""Styles of thread and dye: weave, tapestry and batik."""

import numpy as np
from PIL import Image
from canvas import grid, ramp, rgb, to_image
from noise import Noise, mix, step
from scenes import hills

BIG = 1536


def weave():
    """Hand-woven rug: stepped diamonds in madder, indigo and wool white."""
    x, y = grid(BIG, BIG)
    n = Noise(601)
    rng = np.random.default_rng(602)
    x = x + 5 * n.fbm(x / 200, y / 200, 2)
    y = y + 7 * n.fbm(x / 160 + 9, y / 160, 2)
    pitch = 11.0
    i, j = np.floor(x / pitch).astype(int), np.floor(y / pitch).astype(int)
    p = rgb("8f1f1f", "1d2f5a", "efe2c4", "c8792a", "2f6a5a", "3a1a1a", "d9b45a")
    ci, cj = i // 2, j // 2
    band = (cj // 24) % 3
    u, v = (ci % 24) - 12, (cj % 24) - 12
    k = np.abs(u) + np.abs(v)  # level within the stepped diamond
    big = np.choose(np.clip(k // 3, 0, 6), [3, 5, 2, 1, 2, 0, 0])
    zig = ((cj % 24) + np.abs((ci % 16) - 8)) // 3
    small = np.choose(zig % 5, [1, 2, 4, 6, 0])
    star_u, star_v = (ci % 12) - 6, (cj % 12) - 6
    star = np.where(
        (np.abs(star_u) == np.abs(star_v)) | (np.abs(star_u) + np.abs(star_v) < 4),
        6,
        np.where(np.maximum(np.abs(star_u), np.abs(star_v)) == 6, 2, 4),
    )
    motif = np.choose(band, [big, small, star])
    stripe = cj % 24
    motif = np.where((stripe == 0) | (stripe == 23), 5, np.where((stripe == 1) | (stripe == 22), 2, motif))
    over = (i + j) % 2 == 0
    fx, fy = x / pitch - i, y / pitch - j
    # Weft lies on top where 'over'; elsewhere a sliver of warp shows.
    across = np.where(over, fy, fx) - 0.5
    along = np.where(over, fx, fy) - 0.5
    round_ = np.sqrt(np.clip(1 - (2.05 * across) ** 2, 0, 1)) * np.sqrt(np.clip(1.15 - (1.9 * along) ** 2, 0, 1))
    tone = rng.normal(0, 0.10, 4096)[(j * 7 + (i // 9) * 131) % 4096]
    weft = p[motif]
    warp = mix(p[motif], (0.80, 0.70, 0.52), np.full(x.shape, 0.22))
    col = np.where(over[..., None], weft, warp)
    twist = np.sin((along * 6 + across * 7) * 2.2) * 0.10 + 0.14 * n.fbm(x / 3.5, y / 3.5, 2)
    abrash = 0.16 * n.fbm(x / 400, y / 46, 3)  # dye lots differ from row to row
    col = col * (0.28 + 0.92 * round_ + tone + twist + abrash)[..., None]
    return to_image(col).resize((768, 768), Image.BOX)


def tapestry():
    """A sunny valley worked in thick wool stitches."""
    target, _ = hills(611, rgb("f8e7b0", "eeb65c", "cf6f45", "8fa052", "4a7d57", "2c5a68", "1c2c4a"))
    x, y = grid(BIG, BIG)
    n = Noise(612)
    rng = np.random.default_rng(613)
    col = np.ones((BIG, BIG, 3), np.float32) * np.array([0.20, 0.16, 0.14])
    cw, ch = 20.0, 17.0
    wx, wy = x + 4 * n.fbm(x / 120, y / 120, 2), y + 5 * n.fbm(x / 140, y / 140, 2)
    tones = rng.normal(0, 0.11, 65536)
    hues = rng.normal(0, 0.035, (65536, 3)).astype(np.float32)
    ci = np.floor(wx / cw)
    lx = wx / cw - ci - 0.5
    # Two arms of a V per stitch; rows overlap, so each falls on the next.
    vy = wy + 15 * np.abs(lx) * 2 * -0.8
    cj = np.floor(vy / ch)
    ly = vy / ch - cj - 0.5
    arm = np.abs(lx) * 2
    prof = np.sqrt(np.clip(1 - (ly * 1.9) ** 2, 0, 1)) * np.sqrt(np.clip(1 - (2.1 * (arm - 0.5)) ** 2, 0, 1))
    key = ((ci * 173 + cj * 3571).astype(int) * 2 + (lx > 0)) & 65535
    sx = np.clip((ci + 0.5) * cw / 2, 0, 767).astype(int)
    sy = np.clip((cj + 0.8) * ch / 2, 0, 767).astype(int)
    yarn = target[sy, sx] * (1 + tones[key])[..., None] + hues[key]
    strand = np.sin((ly * 1.2 + np.sign(lx) * arm * 1.6) * 11) * 0.12 + 0.16 * n.fbm(x / 4, y / 4, 3)
    light = 0.30 + 0.90 * prof + strand - 0.25 * ly
    fuzz = step(0.02, 0.35, prof + 0.22 * n.fbm(x / 3, y / 3, 2))
    col = mix(col * yarn * 1.6, np.clip(yarn * light[..., None], 0, 1), fuzz)
    return to_image(col).resize((768, 768), Image.BOX)


def batik():
    """Wax-resist cloth: blossoms and vines in cream, rust and indigo, crackled."""
    x, y = grid(BIG, BIG)
    x, y = x / 2, y / 2
    n = Noise(621)
    rng = np.random.default_rng(622)
    x, y = x + 2.0 * n.fbm(x / 40, y / 40, 2), y + 2.0 * n.fbm(x / 40 + 7, y / 40, 2)
    cream, rust, blue, brown, ochre = rgb("f0dfb8", "b4532a", "1c2f63", "3b1d16", "d99a3a")
    ground = ramp(rgb("121d45", "1c2f63", "2d4a86"), 0.5 + 0.6 * n.fbm(x / 70, y / 70, 4))
    dots = np.hypot((x + 7 * (np.floor(y / 12) % 2)) % 14 - 7, y % 12 - 6)
    col = mix(ground, cream * 0.9, step(2.4, 1.4, dots) * 0.75)
    vine = np.abs(y - 384 - 190 * np.sin(x / 122) - 30 * np.sin(x / 41))
    vine2 = np.abs(x - 384 - 210 * np.sin(y / 118 + 1.4) - 24 * np.sin(y / 37))
    v = np.minimum(vine, vine2)
    col = mix(col, brown, step(12, 10.5, v))
    col = mix(col, cream, step(7.5, 6, v))
    col = mix(col, rust, step(4, 3, v))

    def leaf(cx, cy, a, s, tone):
        nonlocal col
        u, w = ((x - cx) * np.cos(a) + (y - cy) * np.sin(a)) / s, ((y - cy) * np.cos(a) - (x - cx) * np.sin(a)) / s
        d = np.abs(w) - 0.36 * np.sin(np.clip(u, 0, 1) * np.pi) ** 0.8
        d = np.where((u < 0) | (u > 1), 1, d) * s
        col = mix(col, cream, step(4.5, 3.0, d))
        col = mix(col, tone, step(0.5, -0.8, d))
        rib = np.minimum(np.abs(w) * s, np.abs(((u - np.abs(w) * 0.9) * 8) % 1 - 0.5) * s / 8 + 1.0)
        col = mix(col, cream, step(1.8, 0.9, rib) * (d < -2))

    for k in range(34):
        t = rng.uniform(0, 768)
        cx, cy = (
            (t, 384 + 190 * np.sin(t / 122) + 30 * np.sin(t / 41))
            if k % 2
            else (384 + 210 * np.sin(t / 118 + 1.4) + 24 * np.sin(t / 37), t)
        )
        leaf(cx, cy, rng.uniform(0, 6.3), rng.uniform(48, 86), (rust, ochre, ground[0, 0] * 1.7, brown)[k % 4])
    for cx, cy, s, m in (
        (200, 215, 118, 8),
        (560, 250, 100, 7),
        (330, 560, 125, 9),
        (640, 610, 104, 8),
        (60, 480, 78, 7),
        (420, 60, 72, 7),
        (90, 690, 70, 6),
        (740, 90, 70, 6),
        (740, 420, 66, 7),
    ):
        dx, dy = x - cx, y - cy
        q, a = np.hypot(dx, dy) / s, np.arctan2(dy, dx) + cx
        for size, tone, turn in ((1.0, rust, 0), (0.72, ochre, 0.5), (0.46, blue, 0)):
            wv = np.abs(np.cos(a * m / 2 + turn * np.pi))
            edge = (q - size * (0.62 + 0.38 * wv**0.6)) * s
            col = mix(col, cream, step(4.5, 3.0, edge))
            fan = np.abs((a * m * 2.5 / np.pi) % 1 - 0.5) * q * s * 0.5
            petal = np.asarray(tone) * (1 + 0.22 * n.fbm(x / 24, y / 24, 3))[..., None]
            petal = mix(petal, cream, step(1.6, 0.7, fan) * (q > size * 0.62) * 0.9)
            col = mix(col, petal, step(0.6, -0.8, edge))
        bead = np.hypot(q - 0.20, ((a * 9 / np.pi) % 1 - 0.5) * 0.07) * s
        col = mix(col, cream, step(4.2, 3.0, bead))
        col = mix(col, brown, step(0.12, 0.10, q))
    crack = np.minimum(np.abs(n.fbm(x / 95, y / 95, 4)), np.abs(n.fbm(x / 60 + 40, y / 60, 5)) * 1.3)
    fine = np.abs(n.fbm(x / 24 + 9, y / 24, 4)) + 0.10 * step(-0.3, 0.4, n.fbm(x / 130, y / 130, 2))
    vein = np.maximum(step(0.020, 0.004, crack), step(0.035, 0.008, fine) * 0.55)
    pale = step(0.35, 0.75, col.mean(-1))
    col = mix(col, blue * 0.9, vein * (0.25 + 0.65 * pale))
    cloth = 0.05 * np.sin(x * 2.4) * np.sin(y * 2.4) + 0.10 * n.fbm(x / 60, y / 60, 4) + 0.06 * n.fbm(x / 3, y / 3, 2)
    return to_image(col * (1 + cloth)[..., None]).resize((768, 768), Image.BOX)
