#!/usr/bin/env python3
"""Distils VGG-19 into the narrow VGG-19 of nscl: one round of train.sh.

    distil.py --data DIR --work DIR [--iterates DIR] [--begin STATE] [--steps N] [--size N] [--seed N] ...

DIR of --data has weights/vgg19*.h5, pictures/content and pictures/style. --work keeps state.pt (every 100 steps; the
same command goes on from there) and log.txt. Repeatable with the same torch and threads up to the order of additions;
what the teacher has seen is not saved, so going on is a different, as good, run.

The student starts from a regression (start.py), or, begun with a round's state, from that and a regression for the layers
whose widths have changed. It learns from pairs: a picture and a painting it could be painted after; most are of the
pool, which the student itself is painting (pool.py), the others crops, textures and iterates.
What an optimiser follows are gradients by the picture, and a network can have the teacher's values without them; so
  turn    1 - the cosine between the student's and the teacher's gradient by the picture of a layer's term
is the main loss, a layer at a time. To any picture a layer's term is made of sums of products of its features: a Gram
matrix holds one for each two channels, and |G - A|^2, written out, is a sum over pairs of pixels p, q of (f_p . f_q)^2,
whatever the channels are. So the student's features shall have the teacher's products of pixels:
  map     the teacher's features from the student's by a learned linear map: a share of their variance
  kernel  products of pixels of one picture and the next, as they are and about their mean
  gram    distances between the Gram matrices of pictures, and the products of their differences
  seen    how far the difference of a picture's Gram matrix and its painting's, by the linear map, is from the teacher's.
          Where a picture is nearly painted, what the student does not see is all that is left, as much of it a turn of
          the features' mean as of their covariances (widths.py): little beside the variance of pixels.
"""

import argparse, glob, math, os, time
import torch
import torch.nn.functional as F
from muon import Muon
from network import CONTENT, EVEN, NAMES, NARROW, STYLE, TEACHER, Network, gram, read_narrow, read_teacher, scale_layers
from pictures import Pictures, centre
from pool import Pool
from start import start

# relu4_1 holds nearly all of the preset's style loss; block 5 must not bend what is before it.
WEIGHTS = {"1_1": 0.1, "2_1": 0.2, "3_1": 0.3, "4_1": 1, "4_2": 0.3, "5_1": 0.05, "5_2": 0.03}
# How often the gradients of a layer's term are compared.
TURNS = {"1_1": 0.05, "2_1": 0.1, "3_1": 0.2, "4_1": 0.45, "4_2": 0.2}
LAYERS = tuple(WEIGHTS)
PARTS = ("map", "kernel", "gram", "seen")
INPUT = 60.0  # the student's input is divided by this

ap = argparse.ArgumentParser(description="distils VGG-19 into nscl's narrow VGG-19")
ap.add_argument("--data", required=True)
ap.add_argument("--work", required=True)
ap.add_argument("--iterates")
ap.add_argument("--begin", help="what to start with: the state.pt of an earlier round, for its averaged weights, or a file that export.py wrote")
ap.add_argument("--even", action="store_true", help="all layers of a block as wide as each other")
ap.add_argument("--steps", type=int, default=1500)
ap.add_argument("--until", type=int, help="ends after so many steps, whatever the rates, which follow --steps, are then")
ap.add_argument("--size", type=int, default=112, help="of pictures")
ap.add_argument("--pairs", type=int, default=4, help="pairs of pictures a step")
ap.add_argument("--refresh", type=int, default=12, help="steps between looks of the teacher at new pictures")
ap.add_argument("--fresh", type=int, default=2, help="new pairs at such a look")
ap.add_argument("--painted", type=int, default=3, help="pairs of the pool painted on and seen at such a look")
ap.add_argument("--pool", type=int, default=8, help="pictures that are being painted")
ap.add_argument("--visits", type=int, default=12, help="how often one is painted on, less than so many times")
ap.add_argument("--kept", type=int, default=400, help="pairs kept with what the teacher saw")
ap.add_argument("--turn", type=float, default=4, help="weight of the gradients' agreement")
ap.add_argument("--seen", type=float, default=1, help="weight of seeing all of a difference")
ap.add_argument("--kernel-rate", type=float, default=0.0015, help="of Muon, for kernels")
ap.add_argument("--rate", type=float, default=1e-3, help="of Adam, for biases and maps")
ap.add_argument("--seed", type=int, default=1)
ap.add_argument("--threads", type=int, default=2)
ap.add_argument("--pause-file", default="", help="sleep while this file exists")


def squared(x):
    return x.pow(2).sum()


def apart(s, t):
    """|s - t|^2 as a share of |t|^2 where s is near, and never more than 4, so that a bad layer does not drown the others."""
    return squared(s - t) / (squared(t) + squared(s)) * 2


class Teacher:
    """VGG-19, in bfloat16 where the CPU has it, its features divided so that a pixel's mean square over calibration pictures is 1."""

    def __init__(self, path, sample):
        # Elsewhere it is emulated, and slow.
        self.type = torch.bfloat16 if torch.ops.mkldnn._is_mkldnn_bf16_supported() else torch.float32
        self.network = read_teacher(path).to(self.type)
        self.unit = dict.fromkeys(LAYERS, 1.0)
        self.unit = {n: float(f.pow(2).sum(1).mean().sqrt()) for n, f in self(sample).items()}

    def __call__(self, x, layers=LAYERS):
        x = x.to(memory_format=torch.channels_last, dtype=self.type)
        return {n: f.float() / self.unit[n] for n, f in self.network(x, layers).items()}


class Student(torch.nn.Module):
    """The narrow network, its features divided by the root of their number, and the linear maps to the teacher's."""

    def __init__(self, widths):
        super().__init__()
        self.widths = widths
        self.network = Network(widths)
        self.maps = torch.nn.ModuleDict()
        for n in LAYERS:
            self.maps[n] = torch.nn.Conv2d(widths[n], TEACHER[n], 1)

    def forward(self, x, layers=LAYERS):
        x = (x / INPUT).to(memory_format=torch.channels_last)
        return {n: f / f.shape[1] ** 0.5 for n, f in self.network(x, layers).items()}


def read_student(weights):
    """The student whose state_dict() these are."""
    student = Student({n: len(weights["network.convs.%s.bias" % n]) for n in NAMES})
    student.load_state_dict(weights)
    return student


@torch.no_grad()
def read_exported(path, teacher, pictures):
    """The student of a file that export.py wrote, but for its maps. Its layers' scales, which export.py changed, are taken
    back: those of LAYERS to the teacher's, other layers' to a mean square of 1 over the pictures."""
    network = read_narrow(path)
    network.convs["1_1"].weight.mul_(INPUT)
    factors = {n: float(f.pow(2).mean()) ** -0.5 for n, f in network(pictures / INPUT, NAMES).items()}
    for n, unit in teacher.unit.items():
        factors[n] = TEACHER[n] / network.convs[n].out_channels ** 0.5 / unit if n in STYLE else TEACHER[n] ** 0.5 / unit
    scale_layers(network, factors)
    student = Student({n: c.out_channels for n, c in network.convs.items()})
    student.network = network
    return student


def preset_loss(teacher):
    """Preset gatys' loss with VGG-19's weights, of features divided as above; weight multiplies the content's term."""
    share = {n: 1000 * (teacher.unit[n] / TEACHER[n]) ** 4 for n in STYLE}
    about = teacher.unit[CONTENT] ** 2 / TEACHER[CONTENT]

    def loss(features, style, content, weight):
        total = (weight * about * (features[CONTENT] - content).pow(2).sum(1).mean((1, 2))).sum()
        for n in STYLE:
            total = total + share[n] * squared(gram(features[n]) - style[n])
        return total

    return loss


class Store:
    """Pictures with what the teacher sees of them, so that each is learned from more than once: by layer the features of
    some pixels, and the Gram matrix, both divided so that the picture's mean square is its root, in fp16."""

    PIXELS = 128

    def __init__(self, teacher, random):
        self.teacher, self.random, self.pairs = teacher, random, []

    def see(self, x):
        """The items of a batch of pictures."""
        with torch.no_grad():
            features = self.teacher(x)
        items = [{"x": p.clone()} for p in x]
        for n, f in features.items():
            f = f.permute(0, 2, 3, 1).flatten(1, 2)
            for item, g in zip(items, f):
                by = float(g.pow(2).sum(1).mean().clamp_min(1e-4)) ** -0.25
                chosen = torch.from_numpy(self.random.integers(0, len(g), min(len(g), self.PIXELS)))
                item[n] = by, chosen, (g[chosen] * by).half(), (g.T @ g * (by * by / len(g))).half() if n in STYLE else None
        return items

    def turn(self, pairs):
        """Adds to the first item of each pair the teacher's gradients, by the picture, of its terms with the second."""
        x = torch.stack([p["x"] for p, _ in pairs]).requires_grad_()
        layers = tuple(TURNS)
        with torch.no_grad():
            y = self.teacher(torch.stack([q["x"] for _, q in pairs]), layers)
        f = self.teacher(x, layers)
        for n in layers:
            by = torch.autograd.grad(term(n, f[n], y[n]), x, retain_graph=True)[0]
            for (p, _), g in zip(pairs, by):
                p["turn " + n] = (g / (g.norm() + 1e-20)).half()

    def batch(self, pairs):
        chosen = self.random.choice(len(self.pairs), min(pairs, len(self.pairs)), replace=False)
        return [item for i in chosen for item in self.pairs[i]]


def term(name, f, g):
    """What a layer's term of a loss is: of a style layer Gram matrices' distances, of the content's pixels' ones; summed."""
    return squared(gram(f) - gram(g)) if name in STYLE else (f - g).pow(2).sum()


def turn(items, name, s):
    """1 - the cosine between the student's gradient by each picture of the items and the teacher's."""
    by = torch.autograd.grad(term(name, s[name][0::2], s[name][1::2]), s["x"], create_graph=True)[0][0::2]
    to = torch.stack([i["turn " + name] for i in items[0::2]]).float()
    return (1 - F.cosine_similarity(by.flatten(1), to.flatten(1))).mean()


def seen(s, own, mapping, grams):
    """By how much a picture's and its painting's Gram matrices differ otherwise than the teacher's grams, of mapped features:
    of the matrices of s (N, M, C), own, and their means, since mapping a matrix is less work than mapping all pixels."""
    weight, bias = mapping.weight.flatten(1), mapping.bias
    across = (s.mean(1) @ weight.T)[:, :, None] * bias
    found = weight @ own @ weight.T + across + across.transpose(1, 2)  # and the bias' own square, which both have
    return torch.stack([apart(found[i] - found[i + 1], grams[i] - grams[i + 1]) for i in range(0, len(grams), 2)]).mean()


def compare(items, name, s, mapping):
    """(map, kernel, gram, seen) of one layer; s are the student's features of the items' pictures."""
    n, c, h, w = s.shape
    s = s.permute(0, 2, 3, 1).flatten(1, 2)
    by = torch.tensor([i[name][0] for i in items]).view(-1, 1, 1)
    tp = torch.stack([i[name][2] for i in items]).float()  # (pictures, pixels, channels)
    sp = torch.stack([f[i[name][1]] for f, i in zip(s, items)]) * by
    mapped = F.linear(sp, mapping.weight.flatten(1)) + mapping.bias * by
    tm, sm = tp.mean((0, 1)), sp.mean((0, 1))
    by_map = squared(mapped - tp) / squared(tp - tm)

    # Products with pixels of the next picture too: Gram matrices are compared between pictures.
    tq, sq = torch.cat([tp, tp.roll(1, 0)], 1), torch.cat([sp, sp.roll(1, 0)], 1)
    kt, ks = tp @ tq.transpose(1, 2), sp @ sq.transpose(1, 2)
    ct, cs = (tp - tm) @ (tq - tm).transpose(1, 2), (sp - sm) @ (sq - sm).transpose(1, 2)
    by_kernel = 0.5 * (apart(ks, kt) + apart(cs, ct))
    if name not in STYLE:
        return by_map, by_kernel, by_map.new_zeros(()), by_map.new_zeros(())

    gt = torch.stack([i[name][3] for i in items]).float()
    own = s.transpose(1, 2) @ s / (h * w)
    by_seen = seen(s, own, mapping, gt / (by * by))
    gt = gt.flatten(1)
    gs = (own * (by * by)).flatten(1)
    gt, gs = gt - gt.mean(0), gs - gs.mean(0)
    pt, ps = gt @ gt.T, gs @ gs.T
    i, j = torch.triu_indices(n, n, 1)
    dt, ds = (p[i, i] + p[j, j] - 2 * p[i, j] for p in (pt, ps))
    small = 1e-3 * dt.mean()
    by_gram = apart(ps, pt) + 0.25 * torch.log((ds + small) / (dt + small)).pow(2).mean()
    return by_map, by_kernel, by_gram, by_seen


def main():
    a = ap.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    os.makedirs(a.work, exist_ok=True)
    pictures = Pictures(a.data, a.iterates, a.seed)
    first = Pictures(a.data, a.iterates, 0)
    sample = first.batch(32, 128)
    teacher = Teacher(glob.glob(os.path.join(a.data, "weights/vgg19*.h5"))[0], sample)
    student, average = (Student(EVEN if a.even else NARROW) for _ in range(2))
    pool, begin = Pool(pictures, a.pool, a.visits, a.size), 0
    kernels = [c.weight for c in student.network.convs.values()]
    others = [c.bias for c in student.network.convs.values()] + list(student.maps.parameters())
    optimisers = (Muon(kernels), a.kernel_rate), (torch.optim.Adam(others, betas=(0.9, 0.98)), a.rate)
    state_file = os.path.join(a.work, "state.pt")

    def save(step):
        state = {"step": step, "student": student.state_dict(), "average": average.state_dict(), "optimisers": [o.state_dict() for o, _ in optimisers]}
        state.update(pool=pool.entries, random=pictures.random.bit_generator.state, unit=teacher.unit)
        torch.save(state, state_file + ".part")
        os.replace(state_file + ".part", state_file)

    if not os.path.exists(state_file):
        exported = a.begin and a.begin.endswith(".safetensors")
        state = torch.load(a.begin, weights_only=False) if a.begin and not exported else {}
        teacher.unit.update(state.get("unit", {}))
        before = read_exported(a.begin, teacher, sample) if exported else read_student(state["average"]) if state else None
        if state and before.widths == student.widths:
            student.load_state_dict(before.state_dict())
        else:
            start(student, teacher, torch.stack([first.draw_iterate(128) for _ in range(160)]), 1 / INPUT, before)
        average.load_state_dict(student.state_dict())
        save(0)
    else:
        state = torch.load(state_file, weights_only=False)
        begin = state["step"]
        if read_student(state["student"]).widths != student.widths:
            ap.error("'%s' is of a student of other widths: give another --work, or that one's --even" % state_file)
        teacher.unit.update(state.get("unit", {}))
        student.load_state_dict(state["student"])
        average.load_state_dict(state["average"])
        for (optimiser, _), kept in zip(optimisers, state["optimisers"]):
            optimiser.load_state_dict(kept)
        if state["pool"][0]["x"].shape[-1] == a.size:
            pool.entries = state["pool"]
        pictures.random.bit_generator.state = state["random"]
    loss, store = preset_loss(teacher), Store(teacher, pictures.random)
    log = open(os.path.join(a.work, "log.txt"), "a", buffering=1)
    sums, turned, counted, since = {}, {}, 0, time.time()
    last = min(a.steps, a.until or a.steps)
    for step in range(begin + 1, last + 1):
        while a.pause_file and os.path.exists(a.pause_file):
            time.sleep(1)
        done = step / a.steps
        share = min(1, step / 100) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))
        for optimiser, rate in optimisers:
            optimiser.param_groups[0]["lr"] = rate * share

        if step % a.refresh == 1 or not store.pairs:
            entries = pool.take(a.painted)
            pool.paint(student, loss, entries, 12)
            fresh = [[pictures.draw(a.size), centre(pictures.painting(a.size))] for _ in range(a.fresh)]
            fresh += [[e[k] for k in ("x", "style")] for e in entries]
            items = store.see(torch.stack([p for pair in fresh for p in pair]))
            new = list(zip(items[0::2], items[1::2]))
            store.turn(new)
            store.pairs = (store.pairs + new)[-a.kept :]
        items = store.batch(a.pairs)
        x = torch.stack([i["x"] for i in items]).requires_grad_()
        s = student(x)
        s["x"] = x
        name = str(pictures.random.choice(list(TURNS), p=list(TURNS.values())))
        by = turn(items, name, s)
        total = a.turn * by
        sums["turn " + name] = sums.get("turn " + name, 0) + float(by.detach())
        turned[name] = turned.get(name, 0) + 1
        for n in LAYERS:
            by = compare(items, n, s[n], student.maps[n])
            total = total + WEIGHTS[n] * (by[0] + by[1] + 0.5 * by[2] + a.seen * by[3])
            for key, value in zip(PARTS, by):
                sums[n + " " + key] = sums.get(n + " " + key, 0) + float(value.detach())
        student.zero_grad()
        total.backward()
        for optimiser, _ in optimisers:
            optimiser.step()
        with torch.no_grad():
            keep = min(0.998, step / (step + 100))
            for p, q in zip(average.parameters(), student.parameters()):
                p.lerp_(q, 1 - keep)

        counted += 1
        if step % 50 == 0:
            line = " ".join("%s %s" % (n, "/".join("%.3f" % (sums[n + " " + k] / counted) for k in PARTS)) for n in LAYERS)
            line += " turn " + " ".join("%s %.3f" % (n, sums["turn " + n] / turned[n]) for n in TURNS if n in turned)
            log.write("step %d, %.2f s each: %s\n" % (step, (time.time() - since) / counted, line))
            sums, turned, counted, since = {}, {}, 0, time.time()
        if step % 100 == 0 or step == last:
            save(step)


if __name__ == "__main__":
    main()
