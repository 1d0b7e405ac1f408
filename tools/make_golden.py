#!/usr/bin/env python3
"""Write the golden files of tests/golden/: losses, gradients, optimiser traces and resized pictures to test against.

Everything is computed in float64 by PyTorch's automatic differentiation (Pillow for the resized pictures), straight from
the formulas, without a line in common with the program under test.

x in "u-space" is the variable the optimiser sees: planar RGB (3, H, W), 0..255 minus the mean 123.68 116.779 103.939 (128 in
vgg19-adam). The
network's zero padding happens there. F (C, M) is a feature map after ReLU, P that of the content picture,
G = F F^T / d(C, M) its Gram matrix, A that of a style picture (M its own).

usage: make_golden.py [--data ../shared/data] [--check] [FILE...]     all files by default
"""

import argparse
import dataclasses
import json
import math
import os
import struct
import sys
from typing import Callable

import numpy as np
import torch
import torch.nn.functional as nn
from PIL import Image

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
GOLDEN = os.path.join(ROOT, "tests", "golden")
MEAN = torch.tensor([123.68, 116.779, 103.939], dtype=torch.float64).view(3, 1, 1)
VGG19 = [f"{block}_{i + 1}" for block, convs in enumerate((2, 2, 4, 4, 4), 1) for i in range(convs)]
VGG16 = [f"{block}_{i + 1}" for block, convs in enumerate((2, 2, 3, 3, 3), 1) for i in range(convs)]


# ---- presets: one row each --------------------------------------------------------------------------
def mean_square(d, *_):
    return (d * d).mean()


def tv_l2(x):
    """sum(dy^2) / n_y + sum(dx^2) / n_x, n the number of differences, channels counted."""
    return mean_square(x[:, 1:] - x[:, :-1]) + mean_square(x[:, :, 1:] - x[:, :, :-1])


def tv_power(x):
    """sum(((x[i,j] - x[i+1,j])^2 + (x[i,j] - x[i,j+1])^2)^1.25), i < H - 1, j < W - 1."""
    down, right = x[:, :-1, :-1] - x[:, 1:, :-1], x[:, :-1, :-1] - x[:, :-1, 1:]
    return ((down**2 + right**2) ** 1.25).sum()


def tv_unit(x):
    """sum|dy| + sum|dx| of the picture in 0..1."""
    return ((x[:, 1:] - x[:, :-1]).abs().sum() + (x[:, :, 1:] - x[:, :, :-1]).abs().sum()) / 255


def square_sum(d, *_):
    return (d * d).sum()


def half_mean(d, c, m, *_):
    """TensorFlow's l2_loss(d) / (C * M)."""
    return (d * d).sum() / 2 / (c * m)


@dataclasses.dataclass(frozen=True)
class Preset:
    """term(content:l) = content_weight * w_l * content(F - P, C, M)
    term(style:l)   = style_weight * w_l * sum_i blend_i * style(G - A_i, C, M, H * W)
    term(tv)        = tv_weight * tv(x)"""

    pool_round_up: bool
    content: Callable
    divisor: Callable  # d(C, M) of the Gram matrix
    style: Callable
    tv: Callable
    content_weight: float
    style_weight: float
    tv_weight: float
    content_layers: dict
    style_layers: dict


FIRST = [f"relu{block}_1" for block in range(1, 6)]
PRESETS = {
    "gatys": Preset(
        False,
        mean_square,
        lambda c, m: m,
        lambda d, c, m, hw: mean_square(d) / c**2,
        tv_l2,
        1,
        1000,
        0,
        {"relu4_2": 1},
        dict.fromkeys(FIRST, 1),
    ),
    "neural-style": Preset(
        True, mean_square, lambda c, m: c * m, mean_square, tv_l2, 5, 500, 100, {"relu4_2": 1}, dict.fromkeys(FIRST, 1 / 5)
    ),
    "keras-lbfgs": Preset(
        False,
        square_sum,
        lambda c, m: 1,
        lambda d, c, m, hw: (d * d).sum() / (4 * 3**2 * hw**2),
        tv_power,
        0.025,
        1,
        1,
        {"relu4_2": 1},
        dict.fromkeys(FIRST, 1 / 5),
    ),
    "tf2-adam": Preset(
        False, mean_square, lambda c, m: m, mean_square, tv_unit, 1e4, 1e-2, 30, {"relu5_2": 1}, dict.fromkeys(FIRST, 1 / 5)
    ),
    "vgg19-adam": Preset(
        True,
        half_mean,
        lambda c, m: c * m,
        half_mean,
        tv_l2,
        1,
        1,
        0,
        {"relu1_2": 1},
        {"relu1_2": 1, "relu2_2": 1, "relu3_2": 1},
    ),
}
PRESETS["keras-vgg16"] = dataclasses.replace(PRESETS["keras-lbfgs"], content_layers={"relu5_2": 1})


def geometric(ratio):
    """Layer weights ratio^0, ratio^1, ..., divided by their sum."""
    weights = [ratio**i for i in range(len(FIRST))]
    return {name: w / sum(weights) for name, w in zip(FIRST, weights)}


# ---- network and losses -----------------------------------------------------------------------------
@dataclasses.dataclass(frozen=True)
class Network:
    convs: list  # (kernel OIHW, bias) of conv1_1, conv1_2, ...
    bgr: bool  # first input channel is blue
    names: list = dataclasses.field(default_factory=lambda: VGG19)

    def features(self, u, layers, pooling, round_up):
        """{name: F (C, M)} of the wanted ReLU layers for u (3, H, W); a pooling window holds only what exists."""
        pool = {"max": nn.max_pool2d, "average": nn.avg_pool2d}[pooling]
        x = u.flip(0) if self.bgr else u
        x, found = x[None], {}
        for name, (kernel, bias) in zip(self.names, self.convs):
            if name.endswith("_1") and name != "1_1":
                x = pool(x, 2, ceil_mode=round_up)
            x = nn.conv2d(x, kernel, bias, padding=1).relu()
            if "relu" + name in layers:
                found["relu" + name] = x[0].flatten(1)
            if len(found) == len(layers):
                return found
        raise KeyError(layers)


class Loss:
    """The terms of a preset as a function of x; `settings` are fields of Preset to be replaced."""

    def __init__(self, network, preset, pooling, content, styles, blends, **settings):
        self.network, self.pooling, self.preset = network, pooling, preset
        self.blends = [b / sum(blends) for b in blends]
        self.p = dataclasses.replace(PRESETS[preset], **settings)
        with torch.no_grad():
            self.content = self.features(content, self.p.content_layers)
            self.grams = [{n: self.gram(f) for n, f in self.features(s, self.p.style_layers).items()} for s in styles]

    def features(self, u, layers):
        return self.network.features(u, layers, self.pooling, self.p.pool_round_up)

    def gram(self, f):
        return f @ f.T / self.p.divisor(*f.shape)

    def terms(self, x):
        """{name: weighted term}; they sum to the loss. A term of weight 0 is left out."""
        p, out = self.p, {}
        found = self.features(x, {**p.content_layers, **p.style_layers})
        for name, w in p.content_layers.items():
            f = found[name]
            out["content:" + name] = p.content_weight * w * p.content(f - self.content[name], *f.shape)
        for name, w in p.style_layers.items():
            f = found[name]
            parts = [b * p.style(self.gram(f) - a[name], *f.shape, x[0].numel()) for b, a in zip(self.blends, self.grams)]
            out["style:" + name] = p.style_weight * w * sum(parts)
        if p.tv_weight:
            out["tv"] = p.tv_weight * p.tv(x)
        return out

    def __call__(self, x):
        return sum(self.terms(x).values())

    def gradient(self, x):
        x = x.clone().requires_grad_()
        return torch.autograd.grad(self(x), x)[0]

    def settings(self):
        p = self.p
        layers = {key: [{"name": n, "weight": w} for n, w in getattr(p, key).items()] for key in ("content_layers", "style_layers")}
        return {
            "content_weight": p.content_weight,
            "style_weight": p.style_weight,
            "tv_weight": p.tv_weight,
            "style_blend_weights": self.blends,
            **layers,
        }


# ---- optimisers -------------------------------------------------------------------------------------
def adam(loss, x, steps, rate, beta1=0.9, beta2=0.999, eps=1e-8):
    """x -= rate * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + eps), t = 1, 2, ..."""
    if loss.preset == "tf2-adam":
        return adam_unit(loss, x, steps)
    m, v, losses, x = torch.zeros_like(x), torch.zeros_like(x), [], x.clone()
    for t in range(1, steps + 1):
        losses.append(loss(x).item())
        g = loss.gradient(x)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        x = x - rate * math.sqrt(1 - beta2**t) / (1 - beta1**t) * m / (v.sqrt() + eps)
    losses.append(loss(x).item())
    return {"learning_rate": rate, "beta1": beta1, "beta2": beta2, "eps": eps, "losses": scalars(losses), "x": numbers(x, 7)}


def adam_unit(loss, x, steps, rate=0.02, beta1=0.99, beta2=0.999, eps=1e-7):
    """tf2-adam: the same on the picture in 0..1, which is clipped to that after each step."""
    picture, losses = (x + MEAN) / 255, []
    m, v = torch.zeros_like(x), torch.zeros_like(x)
    for t in range(1, steps + 1):
        losses.append(loss(255 * picture - MEAN).item())
        g = 255 * loss.gradient(255 * picture - MEAN)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        picture = (picture - rate * math.sqrt(1 - beta2**t) / (1 - beta1**t) * m / (v.sqrt() + eps)).clip(0, 1)
    x = 255 * picture - MEAN
    losses.append(loss(x).item())
    return {"learning_rate": rate, "beta1": beta1, "beta2": beta2, "eps": eps, "losses": scalars(losses), "x": numbers(x, 7)}


def scipy_rounds(loss, x, rounds, evaluations):
    """The loss after each round of SciPy's L-BFGS-B, begun anew each time."""
    import scipy.optimize

    def value(flat):
        u = torch.tensor(flat).view(x.shape)
        return loss(u).item(), loss.gradient(u).flatten().numpy()

    at, losses = x.flatten().numpy(), []
    for _ in range(rounds):
        at, low, _ = scipy.optimize.fmin_l_bfgs_b(value, at, maxfun=evaluations)
        losses.append(float(low))
    return {"evaluations": evaluations, "losses": scalars(losses)}


def lbfgs(loss, x, evaluations, line_search):
    """Losses of the first evaluations of torch.optim.LBFGS, in the order in which they are made."""
    x, losses = x.clone().requires_grad_(), []
    optimiser = torch.optim.LBFGS(
        [x],
        lr=1,
        max_iter=evaluations,
        max_eval=10 * evaluations,
        tolerance_grad=0,
        tolerance_change=0,
        history_size=100,
        line_search_fn=line_search,
    )

    def closure():
        optimiser.zero_grad()
        value = loss(x)
        value.backward()
        losses.append(value.item())
        return value

    optimiser.step(closure)
    assert len(losses) >= evaluations
    return {"losses": scalars(losses[:evaluations])}


# ---- numbers, pictures, files -----------------------------------------------------------------------
def numbers(values, digits):
    """Flat list, each rounded to so many significant digits."""
    flat = torch.as_tensor(values, dtype=torch.float64).flatten().tolist()
    return [int(v) if v == int(v) else v for v in (float(f"{v:.{digits}g}") for v in flat)]


def scalars(values):
    return numbers(values, 12)


def to_u(rgb, preset=None):
    """(H, W, 3) 0..255 to u-space (3, H, W)."""
    return torch.tensor(np.array(rgb), dtype=torch.float64).permute(2, 0, 1) - (128 if preset == "vgg19-adam" else MEAN)


def picture_json(rgb, **more):
    return {"width": rgb.shape[1], "height": rgb.shape[0], "rgb": rgb.flatten().tolist(), **more}


def smooth_picture(rng, width, height, contrast):
    """Random colours on a coarse grid, interpolated, and a little noise: (height, width, 3) uint8."""
    grid = torch.tensor(rng.standard_normal((1, 3, 5, 6)))
    x = nn.interpolate(grid, (height, width), mode="bicubic", align_corners=True)[0].numpy()
    x = 118 + contrast * x + rng.normal(0, 5, x.shape)
    return np.clip(np.rint(x), 0, 255).astype(np.uint8).transpose(1, 2, 0)


def write_json(name, value):
    with open(os.path.join(GOLDEN, name), "w", encoding="ascii") as f:
        f.write(json.dumps(value, separators=(",", ":")).replace('},"', '},\n"').replace('],"', '],\n"') + "\n")


# ---- A: the network ---------------------------------------------------------------------------------
WIDTHS, GAINS = (8, 12, 16, 16, 16), (0.4, 1.7, 1.5, 1.5, 0.9)  # of a block: channels; factor on its first convolution


def tiny_tensors(names):
    """Kernels N(0, 2 / (9 * C_in)) times the gains, which give every layer a like share in the gradients below."""
    rng, cin, out = np.random.default_rng(19), 3, {}
    for name in names:
        block, first = int(name[0]) - 1, name.endswith("_1")
        cout, scale = WIDTHS[block], math.sqrt(2 / (9 * cin)) * (GAINS[block] if first else 1)
        out[f"conv{name}.weight"] = (scale * rng.standard_normal((cout, cin, 3, 3))).astype("<f4")
        out[f"conv{name}.bias"] = rng.standard_normal(cout).astype("<f4")
        cin = cout
    return out


TINY = {"tiny.safetensors": ("vgg19", VGG19), "tiny16.safetensors": ("vgg16", VGG16)}


def tiny_name(preset):
    return "tiny16.safetensors" if preset == "keras-vgg16" else "tiny.safetensors"


def tiny_network(preset):
    names = TINY[tiny_name(preset)][1]
    tensors = [torch.tensor(t, dtype=torch.float64) for t in tiny_tensors(names).values()]
    return Network(list(zip(tensors[::2], tensors[1::2])), False, names)


def write_tiny(name):
    """safetensors: header length (8 bytes), header (JSON, blanks to a multiple of 8), data."""
    network, names = TINY[name]
    header = {"__metadata__": {"nscl.network": network, "nscl.input": "rgb scale=1 mean=123.68,116.779,103.939 deviation=1,1,1"}}
    data = b""
    for key, tensor in tiny_tensors(names).items():
        header[key] = {"dtype": "F32", "shape": tensor.shape, "data_offsets": [len(data), len(data) + tensor.nbytes]}
        data += tensor.tobytes()
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(GOLDEN, name), "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


# ---- B: terms, gradients, optimisers on the tiny network --------------------------------------------
# Weights other than the presets' own: they test that options reach the loss, and give every term a share in the gradient.
DEEP = {"relu1_1": 0.05, "relu2_1": 0.1, "relu3_1": 1, "relu4_1": 10, "relu5_1": 50}
MIXED = {"content_layers": {"relu4_2": 0.6, "relu5_2": 0.4}, "style_layers": geometric(1.3)}
SCIPY = "scipy"
# Seeds: ones with which rounding to single precision changes no gradient and no L-BFGS loss by more than some 1e-6; with most
# others some ReLU or maximum near a tie decides otherwise, and within a few steps the traces part by 1e-2.
# file: (seed, preset, pooling, content size, style sizes, blend weights, learning rate of Adam, SCIPY or None: terms only, settings)
CASES = {
    "gatys.json": (294, "gatys", "max", (37, 33), [(35, 39)], [1], 2, {"content_weight": 100}),
    "gatys_avg.json": (98, "gatys", "average", (33, 35), [(37, 33)], [1], None, {"content_weight": 1000, "style_layers": DEEP}),
    "neural_style.json": (283, "neural-style", "max", (37, 31), [(39, 33), (31, 40)], [0.3, 0.7], 3, {"content_weight": 80, **MIXED}),
    "neural_style_avg.json": (
        88,
        "neural-style",
        "average",
        (19, 21),
        [(23, 17), (18, 25)],
        [0.3, 0.7],
        None,
        {"content_weight": 2000, "tv_weight": 10, "content_layers": {"relu4_2": 0.2, "relu5_2": 0.8}, "style_layers": DEEP},
    ),
    "keras_lbfgs.json": (
        3,
        "keras-lbfgs",
        "max",
        (37, 31),
        [(37, 31)],
        [1],
        SCIPY,
        {"tv_weight": 3e-4, "style_layers": dict(zip(FIRST, (0.2, 1, 1, 20, 3000)))},
    ),
    "tf2_adam.json": (
        15,
        "tf2-adam",
        "max",
        (33, 37),
        [(39, 35)],
        [1],
        0.02,
        {"content_weight": 50, "style_weight": 1, "tv_weight": 2, "style_layers": dict(zip(FIRST, (0.5, 0.2, 0.07, 0.03, 0.025)))},
    ),
    "keras_vgg16.json": (
        1,
        "keras-vgg16",
        "max",
        (35, 33),
        [(35, 33)],
        [1],
        SCIPY,
        {"content_weight": 0.3, "tv_weight": 3e-4, "style_layers": dict(zip(FIRST, (0.2, 2, 2, 2, 1000)))},
    ),
    "vgg19_adam.json": (
        1,
        "vgg19-adam",
        "max",
        (35, 37),
        [(35, 37)],
        [1],
        0.5,
        {"style_layers": {"relu1_2": 100, "relu2_2": 1, "relu3_2": 0.2}},
    ),
}


def make_case(name):
    """(JSON of the inputs, Loss, start) of a case; start = 3/4 content + noise, to eighths: exact in single precision."""
    seed, preset, pooling, size, style_sizes, blends, _, settings = CASES[name]
    rng = np.random.default_rng(list(name.encode()) + [seed])
    content = smooth_picture(rng, *size, 40)
    styles = [smooth_picture(rng, *s, 65) for s in style_sizes]
    network, u = tiny_network(preset), to_u(content, preset)
    loss = Loss(network, preset, pooling, u, [to_u(s, preset) for s in styles], blends, **settings)
    start = 0.75 * u + torch.tensor(rng.normal(0, 8, (3, size[1], size[0])))
    start = (start * 8).round() / 8
    head = {
        "preset": preset,
        "network": tiny_name(preset),
        "pooling": pooling,
        "pool_round_up": loss.p.pool_round_up,
        "content": picture_json(content),
        "styles": [picture_json(s, blend_weight=b) for s, b in zip(styles, blends)],
        "settings": loss.settings(),
        "start": numbers(start, 9),
    }
    return head, loss, start


def values_json(loss, x):
    return {"terms": {n: scalars(v)[0] for n, v in loss.terms(x).items()}, "loss": scalars(loss(x))[0]}


TORCH_LBFGS = ("gatys.json", "neural_style.json")


def write_case(name):
    out, loss, start = make_case(name)
    rate = CASES[name][6]
    out.update(values_json(loss, start), gradient=numbers(loss.gradient(start), 8))
    if rate == SCIPY:
        out["scipy"] = scipy_rounds(loss, start, 15, 20)
    elif rate is not None:
        out["adam"] = adam(loss, start, 10, rate)
    if rate is not None and name in TORCH_LBFGS:
        out["lbfgs_fixed"] = lbfgs(loss, start, 10, None)
        out["lbfgs_wolfe"] = lbfgs(loss, start, 12, "strong_wolfe")
    write_json(name, out)


# ---- C: terms on the published network --------------------------------------------------------------
VGG19_FILE = "weights/vgg19_composite_keras_layout_notop.h5"
CONTENT_FILE, STYLE_FILE = "pictures/content/tubingen_png.png", "pictures/style/starry_night_crop.png"
# preset, width and height of the style picture, settings
VGG19_RUNS = [
    ("gatys", (150, 130), {}),
    ("neural-style", (150, 130), {"content_layers": {"relu4_2": 0.6, "relu5_2": 0.4}}),
    ("keras-lbfgs", (160, 120), {}),
    ("keras-vgg16", (160, 120), {}),  # its own network is VGG-16, which differs in convolutions alone
    ("tf2-adam", (150, 130), {}),
    ("vgg19-adam", (160, 120), {}),
]


def keras_network(path):
    """Kernels HWIO to OIHW, input BGR."""
    import h5py

    convs = []
    with h5py.File(path) as f:
        for name in VGG19:
            group = f["block{}_conv{}".format(*name.split("_"))]
            tensors = {d.ndim: torch.tensor(d[()], dtype=torch.float64) for d in group.values()}
            convs.append((tensors[4].permute(3, 2, 0, 1).contiguous(), tensors[1]))
    return Network(convs, True)


def write_vgg19(name, data):
    network = keras_network(os.path.join(data, VGG19_FILE))

    def crop(path, width, height):
        return np.array(Image.open(os.path.join(data, path)).convert("RGB").crop((0, 0, width, height)))

    content = crop(CONTENT_FILE, 160, 120)
    c, i, j = np.indices((3, 120, 160))
    runs = []
    for preset, size, settings in VGG19_RUNS:
        style, u = crop(STYLE_FILE, *size), to_u(content, preset)
        start = u + torch.tensor(10 * np.sin(0.37 * i + 0.21 * j + c))
        for pooling in ("max", "average"):
            loss = Loss(network, preset, pooling, u, [to_u(style, preset)], [1], **settings)
            runs.append(
                {
                    "preset": preset,
                    "pooling": pooling,
                    "pool_round_up": loss.p.pool_round_up,
                    "style_size": size,
                    "own_settings": not settings,
                    "settings": loss.settings(),
                    **values_json(loss, start),
                    "gradient_norm": scalars(loss.gradient(start).norm())[0],
                }
            )
    write_json(
        name,
        {
            "network": VGG19_FILE,
            "content": {"file": CONTENT_FILE, "width": 160, "height": 120},
            "styles": [{"file": STYLE_FILE, "blend_weight": 1}],
            "crop": "top left corner, width x height; the style to style_size",
            "start": "content + 10*sin(0.37*row + 0.21*column + channel), RGB 0..255, not clipped; channel 0..2",
            "runs": runs,
        },
    )


# ---- D: resized pictures ----------------------------------------------------------------------------
FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
RESIZES = [((23, 17), [(7, 5), (34, 25), (23, 9), (9, 21), (1, 3)]), ((3, 2), [(5, 7), (1, 1)])]


def tf_bilinear(rgb, width, height):
    """Two taps an axis, no antialiasing: source position (i + 0.5) * n_in / n_out - 0.5, taps clamped to the picture."""

    def matrix(n_out, n_in):
        at = (np.arange(n_out) + 0.5) * n_in / n_out - 0.5
        low, rows, m = np.floor(at).astype(int), np.arange(n_out), np.zeros((n_out, n_in))
        np.add.at(m, (rows, low.clip(0, n_in - 1)), 1 - (at - low))
        np.add.at(m, (rows, (low + 1).clip(0, n_in - 1)), at - low)
        return m

    return np.einsum("yi,xj,ijc->yxc", matrix(height, rgb.shape[0]), matrix(width, rgb.shape[1]), rgb.astype(float))


def write_resize(name):
    rng, cases = np.random.default_rng(23), []
    for (width, height), sizes in RESIZES:
        rgb = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        rgb[:, : width // 2] = rgb[:, : width // 2] // 200 * 255  # black and white: filters that overshoot are clipped
        results = []
        for w, h in sizes:
            results += [{"filter": key, **picture_json(np.array(Image.fromarray(rgb).resize((w, h), f)))} for key, f in FILTERS.items()]
            results.append({"filter": "tf-bilinear", "width": w, "height": h, "rgb": numbers(tf_bilinear(rgb, w, h), 8)})
        cases.append({**picture_json(rgb), "results": results})
    write_json(name, {"pictures": cases})


# ---- checks of this file ----------------------------------------------------------------------------
def check_pooling():
    """PyTorch's pooling with ceil_mode against a loop over windows that hold only what exists."""
    x = torch.randn(2, 7, 5, dtype=torch.float64)
    for pool, plain in ((nn.max_pool2d, torch.amax), (nn.avg_pool2d, torch.mean)):
        want = torch.stack(
            [torch.stack([plain(x[:, i : i + 2, j : j + 2], dim=(1, 2)) for j in range(0, 5, 2)], 1) for i in range(0, 7, 2)], 1
        )
        assert torch.allclose(pool(x[None], 2, ceil_mode=True)[0], want, rtol=1e-14, atol=1e-15)


def check_case(name):
    """Central differences along random directions; each term's share of the gradient."""
    _, loss, start = make_case(name)
    torch.manual_seed(1)
    gradient, worst = loss.gradient(start), 0
    for _ in range(5):
        d = torch.randn_like(start)
        slope = ((loss(start + 1e-5 * d) - loss(start - 1e-5 * d)) / 2e-5).item()
        worst = max(worst, abs(slope / (gradient * d).sum().item() - 1))
    shares = {}
    for key in loss.terms(start):
        x = start.clone().requires_grad_()
        shares[key] = round((torch.autograd.grad(loss.terms(x)[key], x)[0].norm() / gradient.norm()).item(), 3)
    print(f"{name}: gradient differs from central differences by {worst:.1e} at most; shares {shares}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=os.path.join(ROOT, "..", "shared", "data"), help="folder of the published network and pictures")
    parser.add_argument("--check", action="store_true", help="check this file's own losses instead of writing")
    parser.add_argument("files", nargs="*", metavar="FILE")
    options = parser.parse_args()
    torch.set_num_threads(1)
    writers = {
        **dict.fromkeys(TINY, write_tiny),
        **dict.fromkeys(CASES, write_case),
        "vgg19_terms.json": lambda name: write_vgg19(name, options.data),
        "resize.json": write_resize,
    }
    unknown = [name for name in options.files if name not in writers]
    if unknown:
        sys.exit("make_golden.py: no golden file called " + ", ".join(unknown) + "; there are " + " ".join(writers))
    if options.check:
        check_pooling()
        for name in CASES:
            check_case(name)
        return
    os.makedirs(GOLDEN, exist_ok=True)
    for name in options.files or writers:
        writers[name](name)
        print(name, os.path.getsize(os.path.join(GOLDEN, name)), "bytes")


if __name__ == "__main__":
    main()
