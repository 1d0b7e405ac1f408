#!/usr/bin/env python3
"""Averages what rounds of distil.py that began alike have learned: their errors are different, and so are less in the mean.

    average.py STATE STATE... OUT

OUT is a state as distil.py keeps it, with the pools of all.
"""

import sys
import torch


def main():
    states = [torch.load(path, weights_only=False) for path in sys.argv[1:-1]]
    out = states[0]
    for name, value in out["average"].items():
        out["average"][name] = sum(s["average"][name] for s in states) / len(states)
    out["pool"] = [entry for s in states for entry in s["pool"]]
    torch.save(out, sys.argv[-1])


if __name__ == "__main__":
    main()
