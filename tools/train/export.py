#!/usr/bin/env python3
"""Writes what distil.py has learned as nscl reads it, with the layers scaled so that the same weights mean the same look.

    export.py --data DIR --state WORK/state.pt [--iterates DIR] FILE

Preset gatys divides a style layer's term by C^4 in all and the content's by C, and the student has fewer channels C
than the teacher. Layers are multiplied so that each style layer's term of typical pictures, before and while they
are painted, is the teacher's in the geometric mean; and so that every other layer's mean squared difference is.
"""

import argparse, glob, os
import torch
from distil import INPUT, read_student
from network import NAMES, STYLE, gram, read_narrow, read_teacher, scale_layers
from pictures import Pictures


@torch.no_grad()
def differences(network, pictures):
    """By layer: the terms of (picture, painting) for style layers, mean squared differences for others."""
    found = {n: [] for n in NAMES}
    for x, y in pictures:
        f, g = network(x, NAMES), network(y, NAMES)
        for n in NAMES:
            c = network.convs[n].out_channels
            d = (gram(f[n]) - gram(g[n])).pow(2).sum((1, 2)) / c**4 if n in STYLE else (f[n] - g[n]).pow(2).mean((1, 2, 3))
            found[n].append(d)
    return {n: torch.cat(v) for n, v in found.items()}


def main():
    ap = argparse.ArgumentParser(description="writes the distilled network")
    ap.add_argument("--data", required=True)
    ap.add_argument("--state", required=True)
    ap.add_argument("--iterates")
    ap.add_argument("file")
    a = ap.parse_args()
    torch.set_num_threads(2)
    state = torch.load(a.state, weights_only=False)
    network = read_student(state["average"]).network
    with torch.no_grad():
        network.convs["1_1"].weight.div_(INPUT)
    teacher = read_teacher(glob.glob(os.path.join(a.data, "weights/vgg19*.h5"))[0])
    source = Pictures(a.data, a.iterates, 7)
    pictures = []
    for _ in range(4):
        start, content, style = (torch.stack(p) for p in zip(*[source.pair(192) for _ in range(3)]))
        pictures += [(content, style), (start, style)]
    painted = [e for e in state["pool"] if e["steps"] >= 20][:16]
    pictures += [(e["x"][None], e["style"][None]) for e in painted]
    t, s = differences(teacher, pictures), differences(network, pictures)
    factors = {}
    for n in NAMES:
        ratio = torch.log((t[n] + 1e-6 * t[n].mean()) / (s[n] + 1e-6 * s[n].mean())).mean().exp()
        factors[n] = float(ratio ** (0.25 if n in STYLE else 0.5))
    scale_layers(network, factors)
    network.save(a.file)

    network = read_narrow(a.file)  # as it is in fp16
    largest, silent = {}, {}
    x = torch.cat([p[0] for p in pictures[:8]])
    with torch.no_grad():
        f = network(x, NAMES)
    s = differences(network, pictures)
    print("layer  teacher's difference  student's  its largest feature  channels never active")
    for n in NAMES:
        dead = int((f[n].amax((0, 2, 3)) <= 0).sum())
        print("%s %.4g %.4g %.4g %d" % (n, t[n].log().mean().exp(), s[n].log().mean().exp(), f[n].max(), dead))


if __name__ == "__main__":
    main()
