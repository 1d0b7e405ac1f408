"""Pictures for training: crops of photographs and paintings, textures drawn here, and iterates of the optimiser.

What KEPT_OUT names is never trained on: judge.py paints with it.
"""

import os
import numpy, torch
import torch.nn.functional as F
from PIL import Image, ImageDraw, ImageOps
from network import MEAN

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
KEPT_OUT = (
    "tuebingen_neckarfront.jpg tubingen_png.png golden_gate.jpg lion.jpg hoovertowernight.jpg "
    "starry_night_gatys.jpg starry_night_crop.png the_scream.jpg great_wave.jpg tahiti_guaguin.jpg"
).split()


def read_picture(path, longest=1024):
    im = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
    im.thumbnail((longest, longest), Image.BILINEAR)
    return torch.from_numpy(numpy.asarray(im, dtype=numpy.uint8).copy()).permute(2, 0, 1)


def read_folder(folder):
    names = sorted(n for n in os.listdir(folder) if n.endswith((".jpg", ".png")) and n not in KEPT_OUT)
    return [read_picture(os.path.join(folder, n)) for n in names]


def centre(x):
    return x - torch.tensor(MEAN).view(-1, 1, 1)


class Pictures:
    """Draws (3, size, size) pictures, RGB 0..255 minus the mean, from one random generator."""

    def __init__(self, data, iterates, seed):
        self.random = numpy.random.default_rng(seed)
        own = os.path.join(ROOT, "data")
        # Pictures of one scene in several orientations count once each: the flips and turns are the same.
        self.photographs = read_folder(os.path.join(data, "pictures/content")) + read_folder(os.path.join(own, "pictures"))
        self.paintings = read_folder(os.path.join(data, "pictures/style"))
        self.drawings = read_folder(os.path.join(own, "styles"))
        self.iterates = read_folder(iterates) if iterates and os.path.isdir(iterates) else []

    def crop(self, picture, size, scales=(1.1, 5.0)):
        """A random square, the shorter side a random multiple of its width; mirrored at random."""
        r, (_, h, w) = self.random, picture.shape
        short = min(h, w)
        side = min(short, max(size / 2, short / numpy.exp(r.uniform(*numpy.log(scales)))))
        side = int(side)
        y, x = r.integers(0, h - side + 1), r.integers(0, w - side + 1)
        part = picture[None, :, y : y + side, x : x + side].float()
        if side != size:
            part = F.interpolate(part, (size, size), mode="bilinear", antialias=True, align_corners=False)
        return part[0].flip(2) if r.random() < 0.5 else part[0]

    def recolour(self, x):
        r = self.random
        if r.random() < 0.3:
            x = 255 * (x.clamp(0, 255) / 255) ** float(numpy.exp(r.uniform(-0.7, 0.7)))
        if r.random() < 0.3:  # each colour a mixture of all
            mix = torch.from_numpy(numpy.eye(3) + r.normal(0, 0.25, (3, 3))).float()
            x = torch.einsum("ij,jhw->ihw", mix / mix.sum(1, keepdim=True), x)
        if r.random() < 0.1:
            x = x.mean(0, keepdim=True).expand(3, -1, -1)
        if r.random() < 0.1:
            x = x[r.permutation(3)]
        if r.random() < 0.3:
            x = (x - x.mean()) * float(r.uniform(0.4, 1.6)) + x.mean() + float(r.normal(0, 20))
        return x

    def texture(self, size):
        """One of: noise of a falling spectrum, waves, dots, facets; in random colours."""
        r, kind = self.random, self.random.integers(0, 4)
        if kind == 0:
            fy, fx = numpy.fft.fftfreq(size)[:, None], numpy.fft.fftfreq(size)[None]
            turn, stretch = r.uniform(0, numpy.pi), numpy.exp(r.uniform(0, 1.5))
            u, v = fx * numpy.cos(turn) + fy * numpy.sin(turn), fy * numpy.cos(turn) - fx * numpy.sin(turn)
            falling = (u * u * stretch + v * v / stretch + 1 / size**2) ** (-r.uniform(0, 2) / 2)
            planes = numpy.fft.ifft2(numpy.fft.fft2(r.normal(0, 1, (3, size, size))) * falling).real
            planes /= planes.std()
            if r.random() < 0.3:
                planes = numpy.tanh(planes * 4)
        elif kind == 1:
            y, x = numpy.mgrid[0:size, 0:size]
            planes = numpy.zeros((3, size, size))
            for _ in range(r.integers(1, 4)):
                length, turn = numpy.exp(r.uniform(1, 4)), r.uniform(0, 2 * numpy.pi)
                bend = 3 * numpy.sin(2 * numpy.pi * (x * numpy.sin(turn) - y * numpy.cos(turn)) / (length * r.uniform(2, 9)))
                wave = numpy.sin(2 * numpy.pi * (x * numpy.cos(turn) + y * numpy.sin(turn)) / length + bend * r.uniform(0, 1))
                planes += (numpy.sign(wave) if r.random() < 0.4 else wave) * r.normal(0, 1, (3, 1, 1))
        else:
            im = Image.new("RGB", (2 * size, 2 * size), tuple(int(c) for c in r.integers(0, 256, 3)))
            draw, reach = ImageDraw.Draw(im), numpy.exp(r.uniform(1.5, 4.5))
            palette = r.integers(0, 256, (r.integers(2, 8), 3))
            for _ in range(int(min(1500, 60 + 3e5 / reach**2))):
                cx, cy = r.uniform(0, 2 * size, 2)
                colour = tuple(int(c) for c in palette[r.integers(len(palette))])
                if kind == 2:
                    rx = reach * r.uniform(0.5, 1)
                    draw.ellipse((cx - rx, cy - rx, cx + rx, cy + rx), fill=colour)
                else:
                    corners = numpy.array([cx, cy]) + r.normal(0, reach, (r.integers(3, 6), 2))
                    draw.polygon([tuple(c) for c in corners], fill=colour, outline=(0, 0, 0) if len(palette) < 4 else None)
            im = im.resize((size, size), Image.BILINEAR)
            return torch.from_numpy(numpy.asarray(im, dtype=numpy.float32).copy()).permute(2, 0, 1)
        mix = r.normal(0, 1, (3, 3)) * r.uniform(10, 60)
        return torch.from_numpy(numpy.einsum("ij,jhw->ihw", mix, planes) + r.uniform(40, 215, (3, 1, 1))).float()

    def noise(self, size):
        """Gaussian noise of a random strength, fine or coarse."""
        r, coarse = self.random, int(2 ** self.random.integers(0, 5))
        n = torch.from_numpy(r.normal(0, numpy.exp(r.uniform(0.5, 4.2)), (1, 3, max(2, size // coarse), max(2, size // coarse)))).float()
        return F.interpolate(n, (size, size), mode="bilinear", align_corners=False)[0]

    def painting(self, size):
        return self.crop(self.pick(self.paintings if self.random.random() < 0.6 else self.drawings), size, (1.0, 3.0))

    def pick(self, pictures):
        return pictures[self.random.integers(len(pictures))]

    def draw(self, size):
        r, kind = self.random, self.random.random()
        if kind < 0.3:
            x = self.crop(self.pick(self.photographs), size)
        elif kind < 0.6:
            x = self.crop(self.pick(self.paintings if r.random() < 0.6 else self.drawings), size)
        elif kind < 0.9 and self.iterates:
            x = self.crop(self.pick(self.iterates), size, (1.0, 1.5))
        else:
            x = self.texture(size)
        if r.random() < 0.5:
            x = self.recolour(x)
        if r.random() < 0.1:
            share = float(r.uniform(0.2, 0.8))
            x = share * x + (1 - share) * self.draw_plain(size)
        if r.random() < 0.2:
            x = x + self.noise(size)
        return centre(x)

    def draw_plain(self, size):
        return self.crop(self.pick(self.photographs + self.paintings + self.drawings), size)

    def draw_iterate(self, size):
        """As it is painted: an iterate or, less often, what painting begins with."""
        u = self.random.random()
        many = self.iterates if u < 0.5 and self.iterates else self.photographs if u < 0.7 else self.paintings if u < 0.9 else self.drawings
        return centre(self.crop(self.pick(many), size, (1.0, 3.0)))

    def batch(self, count, size):
        return torch.stack([self.draw(size) for _ in range(count)])

    def pair(self, size):
        """A start, a photograph and a painting, as an optimiser gets them."""
        content = centre(self.recolour(self.crop(self.pick(self.photographs), size, (1.0, 3.0))))
        style = centre(self.recolour(self.painting(size)))
        start = content.clone() if self.random.random() < 0.65 else self.noise(size)
        return start, content, style
