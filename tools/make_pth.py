#!/usr/bin/env python3
"""Makes tests/golden/torch_zip.pth and torch_legacy.pth: conv1_1 of a VGG as torch.save writes it, in both of its forms.

    make_pth.py [--out tests/golden]

The values are a formula, which tests/test_weights_pth.c repeats, and exact in half precision. The zip archive holds the
state dictionary of a module, in half precision; the older form plain tensors in single precision, the kernel with its
channels last in memory. Needs torch.
"""

import argparse, os
import torch

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
ap = argparse.ArgumentParser()
ap.add_argument("--out", default=os.path.join(ROOT, "tests/golden"))
a = ap.parse_args()

i, j = torch.arange(64 * 27), torch.arange(64)
kernel = (((i * 37 + 11) % 257 - 128) / 512).view(64, 3, 3, 3)
bias = ((j * 29 + 5) % 64 - 32) / 64

model = torch.nn.Module()
model.features = torch.nn.Sequential(torch.nn.Conv2d(3, 64, 3, padding=1), torch.nn.ReLU())
with torch.no_grad():
    model.features[0].weight.copy_(kernel)
    model.features[0].bias.copy_(bias)
torch.save(model.half().state_dict(), os.path.join(a.out, "torch_zip.pth"))
last = {"conv1_1.weight": kernel.to(memory_format=torch.channels_last), "conv1_1.bias": bias}
torch.save(last, os.path.join(a.out, "torch_legacy.pth"), _use_new_zipfile_serialization=False)
