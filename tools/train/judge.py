#!/usr/bin/env python3
"""Judges the built-in network with its teacher: pictures painted with it, with VGG-19 and with an untrained network, the
same number of evaluations each, are measured in VGG-19's own losses (preset gatys).

    judge.py --nscl PROGRAM --data DIR --work DIR [--network FILE] [--pairs judged|final] [--iterations N] [--size N]

The pairs are of pictures that the training never saw; the final ones are for one report, after the last change. VGG-19's
pictures and the untrained network's stay in --work and are not painted again. Writes the table to standard output and,
for the eye, a picture of each pair's results side by side to --work. Status 1 where a pair misses a target.
"""

import argparse, glob, json, os, subprocess, sys, time
from PIL import Image
import random_network
from pictures import ROOT

PAIRS = {
    "judged": (
        ("tuebingen_neckarfront.jpg", "starry_night_gatys.jpg"),
        ("golden_gate.jpg", "the_scream.jpg"),
        ("lion.jpg", "great_wave.jpg"),
        ("hoovertowernight.jpg", "tahiti_guaguin.jpg"),
        ("tuebingen_neckarfront.jpg", "great_wave.jpg"),
    ),
    "final": (
        ("golden_gate.jpg", "starry_night_gatys.jpg"),
        ("lion.jpg", "tahiti_guaguin.jpg"),
        ("hoovertowernight.jpg", "the_scream.jpg"),
    ),
}
# At most so many times VGG-19's style loss, a share of the untrained network's, and times VGG-19's content loss.
TARGETS = (4.0, 0.1, 1.5)

ap = argparse.ArgumentParser(description="judges the built-in network in VGG-19's losses")
ap.add_argument("--nscl", required=True)
ap.add_argument("--data", required=True)
ap.add_argument("--work", required=True)
ap.add_argument("--network", default=os.path.join(ROOT, "data/network/nscl-narrow.safetensors"))
ap.add_argument("--pairs", choices=sorted(PAIRS), default="judged")
ap.add_argument("--only", type=int, default=0, help="of the pairs the first so many")
ap.add_argument("--iterations", type=int, default=100)
ap.add_argument("--size", type=int, default=256)
ap.add_argument("--pause-file", default="", help="start no painting while this file exists")
a = ap.parse_args()
VGG = glob.glob(os.path.join(a.data, "weights/vgg19*.h5"))[0]


def run(network, content, style, more):
    while a.pause_file and os.path.exists(a.pause_file):
        time.sleep(1)
    folder = os.path.join(a.data, "pictures")
    command = [a.nscl, "--quiet", "--overwrite", "--network", network, "--content", os.path.join(folder, "content", content)]
    command += ["--styles", os.path.join(folder, "style", style), "--size", str(a.size)]
    subprocess.run(command + more, check=True)


def paint(kind, network, content, style):
    """The picture's path; painted anew where it may have changed."""
    path = os.path.join(a.work, "%s+%s.%d.%s.png" % (content[:-4], style[:-4], a.iterations, kind))
    if kind == "narrow" or not os.path.exists(path):
        run(network, content, style, ["--iterations", str(a.iterations), "--output", path])
    return path


def measure(path, content, style):
    """VGG-19's style loss and content loss of a picture."""
    log = os.path.join(a.work, "measure.jsonl")
    run(VGG, content, style, ["--initial", path, "--iterations", "1", "--log", log, "--output", os.path.join(a.work, "measure.png")])
    with open(log) as f:
        terms = next(row["terms"] for row in map(json.loads, f) if "terms" in row)
    return tuple(sum(v for n, v in terms.items() if n.startswith(kind)) for kind in ("style:", "content:"))


def main():
    os.makedirs(a.work, exist_ok=True)
    untrained, missed, narrow = os.path.join(a.work, "untrained.safetensors"), 0, a.network
    if not os.path.exists(untrained):
        random_network.make(untrained)
    print("preset gatys, longer side %d, %d evaluations; VGG-19's losses" % (a.size, a.iterations))
    print("pair | style: VGG-19 | built-in | untrained | built-in / VGG-19 | built-in / untrained | content: VGG-19 | built-in | ratio")
    for content, style in PAIRS[a.pairs][: a.only or None]:
        pictures = [paint(k, n, content, style) for k, n in (("vgg19", VGG), ("narrow", narrow), ("untrained", untrained))]
        (vs, vc), (ns, nc), (us, _) = (measure(p, content, style) for p in pictures)
        ratios = ns / vs, ns / us, nc / vc
        met = all(r <= t for r, t in zip(ratios, TARGETS))
        missed += not met
        print(
            "%s + %s | %.4g | %.4g | %.4g | %.2f | %.3f | %.4g | %.4g | %.2f%s"
            % (content[:-4], style[:-4], vs, ns, us, ratios[0], ratios[1], vc, nc, ratios[2], "" if met else " | missed"),
            flush=True,
        )
        images = [Image.open(p) for p in pictures]
        row = Image.new("RGB", (sum(i.width for i in images), images[0].height))
        for k, image in enumerate(images):
            row.paste(image, (k * images[0].width, 0))
        row.save(os.path.join(a.work, "%s+%s.png" % (content[:-4], style[:-4])))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
