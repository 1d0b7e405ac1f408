"""Pictures that are being painted with the student itself while it learns.

An optimiser finds whatever the student measures badly: it lowers the student's loss where VGG-19's stays high. So the
student is corrected on just these pictures, with their paintings. Each is a start, a photograph and a painting; some
steps of Adam at a time bring it on, and after a random number of these visits a new one takes its place.
"""

import torch
from network import CONTENT, STYLE, gram


class Pool:
    def __init__(self, pictures, count, visits, size):
        self.pictures, self.visits, self.size = pictures, visits, size
        self.entries = [self.begin() for _ in range(count)]

    def begin(self):
        start, content, style = self.pictures.pair(self.size)
        r = self.pictures.random
        return {
            "x": start,
            "m": torch.zeros_like(start),
            "v": torch.zeros_like(start),
            "steps": 0,
            "visits": int(r.integers(2, self.visits)),
            "rate": float(r.uniform(2, 10)),
            "content": content,
            "style": style,
            "weight": float(10 ** r.uniform(-1, 1)),
        }

    def take(self, count):
        """Indices of entries, those that have been painted for long enough made anew."""
        chosen = self.pictures.random.choice(len(self.entries), count, replace=False)
        for i in chosen:
            if self.entries[i]["visits"] == 0:
                self.entries[i] = self.begin()
            self.entries[i]["visits"] -= 1
        return [self.entries[i] for i in chosen]

    def paint(self, student, loss, entries, steps):
        """Steps of Adam of each picture against the student's own losses, as preset gatys weighs them."""
        layers = STYLE + (CONTENT,)
        with torch.no_grad():
            style = {n: gram(f) for n, f in student(torch.stack([e["style"] for e in entries]), layers).items()}
            content = student(torch.stack([e["content"] for e in entries]), layers)[CONTENT]
        weight = torch.tensor([e["weight"] for e in entries])
        for _ in range(steps):
            x = torch.stack([e["x"] for e in entries]).requires_grad_()
            loss(student(x, layers), style, content, weight).backward(inputs=[x])
            for e, g in zip(entries, x.grad):
                e["steps"] += 1
                e["m"].mul_(0.9).add_(g, alpha=0.1)
                e["v"].mul_(0.99).addcmul_(g, g, value=0.01)
                m, v = e["m"] / (1 - 0.9 ** e["steps"]), e["v"] / (1 - 0.99 ** e["steps"])
                e["x"] = (e["x"] - e["rate"] * m / (v.sqrt() + 1e-12)).clamp(-180, 210)
