"""A VGG-19 of any widths: reading the teacher, random and trained narrow ones, and writing them as nscl reads them.

Pictures are (N, 3, H, W), RGB 0..255 minus MEAN. Features are those after ReLU, named relu1_1 .. relu5_4.
"""

import h5py, numpy, torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

MEAN = (123.68, 116.779, 103.939)
CONVS = (2, 2, 4, 4, 4)
NAMES = ["%d_%d" % (b, n) for b, count in enumerate(CONVS, 1) for n in range(1, count + 1)]
TEACHER = {n: (64, 128, 256, 512, 512)[int(n[0]) - 1] for n in NAMES}
STYLE, CONTENT = ("1_1", "2_1", "3_1", "4_1", "5_1"), "4_2"
EVEN = {n: (16, 32, 64, 128, 128)[int(n[0]) - 1] for n in NAMES}
# relu4_1 holds nearly all of preset gatys' style loss. Of the variance of the teacher's, linear maps of 128 of its channels
# lose 20 %, of 256 9 %; and where of one layer before only a quarter of the principal components is kept, it is relu2_2
# that matters: 32 of 128 lose 16 %, 64 3 %, any other layer's quarter at most 3.4 % (widths.py). What these cost is saved
# at relu4_3 and relu4_4, which of the preset's layers only relu5_1 needs.
NARROW = EVEN | {"2_2": 64, "4_1": 256, "4_3": 64, "4_4": 64}


class Network(torch.nn.Module):
    """The chain: convolutions 3x3 with a border of zeros, ReLU, and max pooling between blocks."""

    def __init__(self, widths):
        super().__init__()
        self.convs, channels = torch.nn.ModuleDict(), 3
        for name in NAMES:
            self.convs[name] = torch.nn.Conv2d(channels, widths[name], 3, padding=1)
            channels = widths[name]

    def forward(self, x, layers):
        """The features of these layers, by name; nothing behind the last is computed."""
        found = {}
        for name in NAMES:
            if name[2] == "1" and name != "1_1":
                x = F.max_pool2d(x, 2)
            x = F.relu(self.convs[name](x))
            if name in layers:
                found[name] = x
            if len(found) == len(layers):
                return found
        return found

    def save(self, path):
        """In fp16, with the metadata by which nscl knows it."""
        tensors = {}
        for name, conv in self.convs.items():
            tensors["conv%s.weight" % name] = conv.weight.detach().half().contiguous()
            tensors["conv%s.bias" % name] = conv.bias.detach().half().contiguous()
        assert all(bool(t.isfinite().all()) for t in tensors.values())
        save_file(tensors, path, {"nscl.network": "narrow", "nscl.input": "rgb scale=1 mean=%g,%g,%g deviation=1,1,1" % MEAN})


def read_teacher(path):
    """VGG-19 of a Keras file, whose kernels are (3, 3, in, out) and take BGR."""
    network = Network(TEACHER)
    with h5py.File(path, "r") as f, torch.no_grad():
        for name, conv in network.convs.items():
            layer = "block%s_conv%s" % (name[0], name[2])
            datasets = []
            f[layer].visititems(lambda _, d: datasets.append(d[()]) if isinstance(d, h5py.Dataset) else None)
            kernel = next(d for d in datasets if d.ndim == 4)
            if name == "1_1":
                kernel = kernel[:, :, ::-1]
            conv.weight.copy_(torch.from_numpy(numpy.ascontiguousarray(kernel.transpose(3, 2, 0, 1))))
            conv.bias.copy_(torch.from_numpy(next(d for d in datasets if d.ndim == 1)))
    return network.requires_grad_(False).to(memory_format=torch.channels_last)


def read_narrow(path):
    tensors = load_file(path)
    network = Network({n: len(tensors["conv%s.bias" % n]) for n in NAMES})
    with torch.no_grad():
        for name, conv in network.convs.items():
            conv.weight.copy_(tensors["conv%s.weight" % name])
            conv.bias.copy_(tensors["conv%s.bias" % name])
    return network


def gram(f):
    """F F^T / M: (N, C, C)."""
    f = f.permute(0, 2, 3, 1).flatten(1, 2)
    return f.transpose(1, 2) @ f / f.shape[1]


@torch.no_grad()
def scale_layers(network, factors):
    """Multiplies each layer's features by its factor, exactly: ReLU and pooling pass positive factors through."""
    before = 1.0
    for name, conv in network.convs.items():
        after = factors.get(name, 1.0)
        conv.weight.mul_(after / before)
        conv.bias.mul_(after)
        before = after
