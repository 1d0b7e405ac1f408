#!/usr/bin/env python3
"""Compare preset keras-lbfgs with SciPy's L-BFGS-B on the published VGG-19: the loss after each round, ours over SciPy's.

The same pictures, the same noise to start from (8 bits a sample), 200 x 150 pixels; SciPy in double, its loss by PyTorch.

usage: compare_scipy.py NSCL DATA [ROUNDS]     e.g. compare_scipy.py build/nscl ../shared/data 8
"""

import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import scipy.optimize
import torch
from make_golden import VGG19_FILE, Loss, keras_network, to_u
from PIL import Image

SIZE = (200, 150)
EVALUATIONS = 20
PAIR = ("content/golden_gate.jpg", "style/the_scream.jpg")


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    nscl, data = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 8
    network = os.path.join(data, VGG19_FILE)
    content, style = (
        np.array(Image.open(os.path.join(data, "pictures", p)).convert("RGB").resize(SIZE, Image.Resampling.NEAREST)) for p in PAIR
    )
    noise = np.random.default_rng(1).uniform(0, 225, content.shape) - 128 + np.array([123.68, 116.779, 103.939])
    noise = np.clip(np.rint(noise), 0, 255).astype(np.uint8)
    loss = Loss(keras_network(network), "keras-lbfgs", "max", to_u(content), [to_u(style)], [1])

    def value(flat):
        u = torch.tensor(flat).view(3, SIZE[1], SIZE[0]).requires_grad_()
        f = loss(u)
        return f.item(), torch.autograd.grad(f, u)[0].flatten().numpy()

    with tempfile.TemporaryDirectory() as folder:
        names = {k: os.path.join(folder, k) for k in ("content.png", "style.png", "noise.png", "out.png", "log")}
        for name, picture in (("content.png", content), ("style.png", style), ("noise.png", noise)):
            Image.fromarray(picture).save(names[name])
        arguments = f"--quiet --preset keras-lbfgs --width {SIZE[0]} --height {SIZE[1]} --iterations {EVALUATIONS * rounds} --checkpoint-output none"
        files = ["--network", network, "--content", names["content.png"], "--styles", names["style.png"], "--initial", names["noise.png"]]
        subprocess.run([nscl, *arguments.split(), *files, "--output", names["out.png"], "--log", names["log"]], check=True)
        with open(names["log"], encoding="utf-8") as f:
            ours = [line["loss"] for line in map(json.loads, f) if "evaluation" in line]
    at = to_u(noise).flatten().numpy()
    for i in range(rounds):
        at, theirs, _ = scipy.optimize.fmin_l_bfgs_b(value, at, maxfun=EVALUATIONS)
        best = min(ours[: EVALUATIONS * (i + 1)])
        print(f"round {i}: {best:.6g}, SciPy {theirs:.6g}, {best / theirs:.3f}")


if __name__ == "__main__":
    main()
