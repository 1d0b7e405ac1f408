#!/usr/bin/env python3
"""Measures what a narrow VGG-19 loses of relu4_1, which holds nearly all of preset gatys' style loss: network.py's reasons.

    widths.py --data DIR [--iterates DIR] [--painted PICTURE --painting PICTURE]

DIR as for distil.py. Prints the share of the variance of VGG-19's relu4_1 that is lost
  where the features of one layer before keep only so many of their principal components,
  where relu4_1 is the best linear map of so many of its channels (start.py picks them), on pictures not fitted to;
and of a picture painted with preset gatys, what shares of the squared difference of relu4_1's Gram matrices, from the
painting's, the differences of their two parts have, the outer products of the features' means and the covariances (their
sum may exceed 1: the parts' differences need not be orthogonal).
"""

import argparse, glob, os
import torch
import torch.nn.functional as F
from network import EVEN, NAMES, NARROW, gram, read_teacher
from pictures import Pictures, centre, read_picture
from start import pick_channels, solve

LAST = "4_1"
BEFORE = NAMES[: NAMES.index(LAST)]


def flat(f):
    return f.permute(0, 2, 3, 1).flatten(0, 2)


@torch.no_grad()
def features(teacher, x, name=None, count=0):
    """VGG-19's relu4_1 (N, C, H, W); of layer `name` only the first `count` principal components are kept."""
    for n in BEFORE + [LAST]:
        if n[2] == "1" and n != "1_1":
            x = F.max_pool2d(x, 2)
        x = F.relu(teacher.convs[n](x))
        if n == name:
            v = flat(x)
            mean = v.mean(0)
            basis = torch.linalg.eigh((v - mean).T @ (v - mean))[1][:, -count:]
            v = (v - mean) @ basis @ basis.T + mean
            x = v.unflatten(0, (x.shape[0], *x.shape[2:])).permute(0, 3, 1, 2)
    return x


def lost(found, right):
    return float((found - right).pow(2).sum() / (right - right.mean(0)).pow(2).sum())


def main():
    ap = argparse.ArgumentParser(description="measures what narrow layers lose of relu4_1")
    ap.add_argument("--data", required=True)
    ap.add_argument("--iterates")
    ap.add_argument("--painted")
    ap.add_argument("--painting")
    a = ap.parse_args()
    torch.set_num_threads(2)
    torch.manual_seed(1)
    teacher = read_teacher(glob.glob(os.path.join(a.data, "weights/vgg19*.h5"))[0])
    source = Pictures(a.data, a.iterates, 11)
    x = torch.stack([source.draw_iterate(112) if i % 2 else source.draw(112) for i in range(48)])
    right = features(teacher, x)
    print("layer  channels kept  lost of relu4_1")
    for n in BEFORE:
        for count in sorted({EVEN[n], 3 * EVEN[n] // 2, 2 * EVEN[n], NARROW[n]}):
            print("relu%s %4d %.4f" % (n, count, lost(flat(features(teacher, x, n, count)), flat(right))), flush=True)

    fit, held = flat(right[::2]), flat(right[1::2])
    moment = fit.T @ fit / len(fit)
    one = lambda f: torch.cat([f, torch.ones(len(f), 1)], 1)
    for count in (128, 192, 256, 384):
        channels = pick_channels(moment, count)
        weight = solve(one(fit[:, channels]), 1e-4)(fit)
        print("relu%s %4d %.4f" % (LAST, count, lost(one(held[:, channels]) @ weight, held)), flush=True)

    if a.painted and a.painting:
        painted, painting = (centre(read_picture(p, 4096).float())[None] for p in (a.painted, a.painting))
        # The preset makes the shorter sides equal.
        scale = min(painted.shape[2:]) / min(painting.shape[2:])
        size = [int(side * scale) for side in painting.shape[2:]]
        painting = F.interpolate(painting, size, mode="bilinear", antialias=True, align_corners=False)
        f, g = features(teacher, painted), features(teacher, painting)
        outer = [torch.outer(m, m) for m in (h.mean((0, 2, 3)) for h in (f, g))]
        whole, means = gram(f) - gram(g), outer[0] - outer[1]
        for name, part in (("means", means), ("covariances", whole - means)):
            print("share of the %s: %.2f" % (name, part.pow(2).sum() / whole.pow(2).sum()))


if __name__ == "__main__":
    main()
