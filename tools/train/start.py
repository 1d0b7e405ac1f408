"""A start for the student by regression, layer by layer, in place of random kernels: it already paints strokes.

Of each layer of the teacher the channels are picked whose span holds most of the features' energy (pivoted Cholesky),
each with the factor by which products of pixels stay nearest the teacher's. The student's kernels are then the least
squares from its own features of the layer before to these channels before ReLU; where the teacher's value is negative,
any negative value will do, so the regression is repeated with the student's own value there.
"""

import torch
import torch.nn.functional as F
from scipy.optimize import nnls
from network import NAMES

PIXELS = 256  # of each picture


def pick_channels(moment, count):
    left, chosen = moment.clone(), []
    for _ in range(count):
        k = int(left.diag().argmax())
        chosen.append(k)
        if left[k, k] <= 1e-9:
            break
        left = left - left[:, k : k + 1] @ left[k : k + 1] / left[k, k]
        left[k] = left[:, k] = 0
    rest = [k for k in moment.diag().argsort(descending=True).tolist() if k not in chosen]
    return (chosen + rest)[:count]


def solve(x, ridge):
    """Least squares by x, whose columns may nearly depend on each other: a function of y."""
    a = x.T @ x
    a += ridge * a.diag().mean() * torch.eye(len(a))
    factor = torch.linalg.cholesky(a)
    return lambda y: torch.cholesky_solve(x.T @ y, factor)


def pick_targets(z, f, unit, count):
    """The teacher's values before ReLU (pixels, count) for which the student's channels shall aim; f are those after it."""
    moment = f.T @ f / len(f) / unit
    channels = pick_channels(moment, count)
    a, b = moment[channels][:, channels] ** 2, (moment[channels] ** 2).sum(1)
    factors = torch.from_numpy(nnls(a.double().numpy(), b.double().numpy())[0]).float()
    factors = factors.clamp_min(0.05 * factors.mean())
    return z[:, channels] * (factors / unit * count).sqrt()


@torch.no_grad()
def start(student, teacher, pictures, scale, before=None):
    """pictures (N, 3, H, W); scale multiplies them for the student. A student before, of other widths in some layers, gives
    the rest their kernels; a layer that only is handed other channels than before learns to give what it gave."""
    network, big = student.network, teacher.network
    s, t = pictures * scale, pictures.to(memory_format=torch.channels_last, dtype=teacher.type)
    old = s
    for name in NAMES:
        conv, was = network.convs[name], before and before.network.convs[name]
        if name[2] == "1" and name != "1_1":
            s, t, old = (F.max_pool2d(f, 2) for f in (s, t, old))
        z = torch.cat([big.convs[name](part) for part in t.split(8)])
        t = F.relu(z)
        n, _, h, w = z.shape
        chosen = [torch.randint(0, h * w, (min(h * w, PIXELS),)) for _ in range(n)]
        pick = lambda f: torch.cat([p.flatten(1).T[i] for p, i in zip(f, chosen)]).float()
        z = pick(z)
        f = F.relu(z)
        unit = teacher.unit[name] ** 2 if name in teacher.unit else float(f.pow(2).sum(1).mean())
        if was:
            given = torch.cat([was(part) for part in old.split(16)])
            old = F.relu(given)
        if was and was.weight.shape == conv.weight.shape:
            conv.load_state_dict(was.state_dict())
        else:
            same = was and was.out_channels == conv.out_channels
            aim = pick(given) if same else pick_targets(z, f, unit, conv.out_channels)
            patches = torch.cat([F.unfold(p[None], 3, padding=1)[0].T[i] for p, i in zip(s, chosen)])
            x = torch.cat([patches, torch.ones(len(patches), 1)], 1)
            solver, target = solve(x, 1e-3), aim
            for _ in range(5):
                weight = solver(target)
                target = torch.where(aim > 0, aim, (x @ weight).clamp_max(0))
            conv.weight.copy_(weight[:-1].T.view_as(conv.weight))
            conv.bias.copy_(weight[-1])
        s = torch.cat([F.relu(conv(part)) for part in s.split(16)])
        if name in student.maps:
            by = pick(s) / conv.out_channels**0.5
            x = torch.cat([by, torch.ones(len(by), 1)], 1)
            weight = solve(x, 1e-4)(f / unit**0.5)
            mapping = student.maps[name]
            mapping.weight.copy_(weight[:-1].T.view_as(mapping.weight))
            mapping.bias.copy_(weight[-1])
