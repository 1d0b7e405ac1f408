#!/usr/bin/env python3
"""Writes a narrow VGG-19 with seeded orthogonal kernels: what a network of this shape does untrained, for judge.py.

    random_network.py FILE [--seed N]

Each convolution's kernel, as a matrix (out, in * 9), has orthonormal rows (Saxe et al., 2014); then every channel's
mean and variance before ReLU over the project's own pictures are made 0 and one value a layer, as weight normalisation
by data does (Salimans and Kingma, 2016). That value is chosen so that the defaults of preset gatys weigh the layers
as they do with VGG-19: its features' root mean square at relu4_2, and at the style layers less by the root of the share
of its channels C, because the Gram loss has 1 / C^2 and grows with the fourth power.
"""

import argparse, os
import torch
import torch.nn.functional as F
from network import NAMES, NARROW, TEACHER, Network
from pictures import ROOT, centre, read_folder

# Root mean square of VGG-19's features on photographs, about: each block's first convolution, and the others.
RMS = {"1": (42.0, 190.0), "2": (190.0, 220.0), "3": (230.0, 350.0), "4": (780.0, 600.0), "5": (110.0, 120.0)}


@torch.no_grad()
def make(path, seed=1):
    torch.manual_seed(seed)
    network = Network(NARROW)
    folders = [os.path.join(ROOT, "data", d) for d in ("pictures", "styles")]
    x = torch.stack([centre(F.interpolate(p[None].float(), (256, 256), mode="bilinear", antialias=True)[0]) for d in folders for p in read_folder(d)])
    for name in NAMES:
        conv, first = network.convs[name], name[2] == "1"
        if first and name != "1_1":
            x = F.max_pool2d(x, 2)
        kernel = torch.nn.init.orthogonal_(torch.empty(conv.out_channels, conv.in_channels * 9))
        z = F.conv2d(x, kernel.view_as(conv.weight), padding=1)
        # Half of a centred distribution passes the ReLU.
        scale = (RMS[name[0]][0] * (conv.out_channels / TEACHER[name]) ** 0.5 if first else RMS[name[0]][1]) * 2**0.5 / z.std((0, 2, 3))
        conv.weight.copy_(kernel.view_as(conv.weight) * scale[:, None, None, None])
        conv.bias.copy_(-z.mean((0, 2, 3)) * scale)
        x = F.relu(conv(x))
    network.save(path)


if __name__ == "__main__":
    ap = argparse.ArgumentParser(description="writes an untrained narrow VGG-19")
    ap.add_argument("file")
    ap.add_argument("--seed", type=int, default=1)
    a = ap.parse_args()
    make(a.file, a.seed)
