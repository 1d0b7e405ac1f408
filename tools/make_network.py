#!/usr/bin/env python3
"""Makes data/network/nscl-narrow.safetensors: a narrow VGG-19 (widths 16 32 64 128 128) with seeded orthogonal kernels.

    make_network.py [--seed 1] [--out data/network/nscl-narrow.safetensors]

Each convolution's kernel, as a matrix (out, in * 9), has orthonormal rows (Saxe et al., 2014); then every channel's
mean and variance before ReLU over the project's own pictures are made 0 and one value a layer, as weight normalisation
by data does (Salimans and Kingma, 2016). That value is chosen so that the defaults of preset gatys weigh the layers
as they do with VGG-19: its features' root mean square at relu4_2, and half of it at the style layers, because 1 / C^2
is 16 times larger here and the Gram loss grows with the fourth power. Needs torch, numpy, Pillow, safetensors.
"""

import argparse, os
import numpy, torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import save_file

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
WIDTHS, CONVS = (16, 32, 64, 128, 128), (2, 2, 4, 4, 4)
MEAN = (123.68, 116.779, 103.939)
# Root mean square of VGG-19's features on photographs, about: each block's first convolution, and the others.
RMS = {1: (42.0, 190.0), 2: (190.0, 220.0), 3: (230.0, 350.0), 4: (780.0, 600.0), 5: (110.0, 120.0)}

ap = argparse.ArgumentParser()
ap.add_argument("--seed", type=int, default=1)
ap.add_argument("--out", default=os.path.join(ROOT, "data/network/nscl-narrow.safetensors"))
a = ap.parse_args()
torch.manual_seed(a.seed)


def picture(path, size=256):
    im = Image.open(path).convert("RGB").resize((size, size), Image.BILINEAR)
    x = torch.from_numpy(numpy.asarray(im, dtype=numpy.float32).copy()).permute(2, 0, 1)
    return x - torch.tensor(MEAN)[:, None, None]


names = sorted(
    os.path.join(d, f) for d in ("data/pictures", "data/styles") for f in os.listdir(os.path.join(ROOT, d)) if f.endswith(".jpg")
)
x = torch.stack([picture(os.path.join(ROOT, n)) for n in names])
tensors, cin = {}, 3
for block, (width, convs) in enumerate(zip(WIDTHS, CONVS), 1):
    for number in range(1, convs + 1):
        w = torch.empty(width, cin * 9)
        torch.nn.init.orthogonal_(w)
        w = w.view(width, cin, 3, 3)
        z = F.conv2d(x, w, padding=1)
        rms = (RMS[block][0] / 2 if number == 1 else RMS[block][1]) * 2**0.5  # half of a centred distribution passes the ReLU
        scale = rms / z.std((0, 2, 3))
        w = (w * scale[:, None, None, None]).half()
        bias = (-z.mean((0, 2, 3)) * scale).half()
        tensors["conv%d_%d.weight" % (block, number)] = w.contiguous()
        tensors["conv%d_%d.bias" % (block, number)] = bias
        x = F.relu(F.conv2d(x, w.float(), bias.float(), padding=1))
        cin = width
    x = F.max_pool2d(x, 2)
os.makedirs(os.path.dirname(a.out), exist_ok=True)
save_file(tensors, a.out, {"nscl.network": "narrow", "nscl.input": "rgb scale=1 mean=%g,%g,%g deviation=1,1,1" % MEAN})
print("%s from %d pictures" % (os.path.relpath(a.out), len(names)))
