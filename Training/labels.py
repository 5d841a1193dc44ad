"""Dense labels of scenes and the training-only probe that predicts them from the middle LLM layer.

For every image token (a 16x16-pixel patch): which shape and colour lies there, which background, and where the
object's centre and edge are.  The labels come free with the scenes, and this signal teaches layout and shapes much
faster than the two tasks alone.  The probe is not exported.
"""
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw

from world import BACKGROUNDS, COLORS, OUTLINES, SHAPES


def token_labels(scenes: list):
    """-> shape, color, background ids (n, 64); place (n, 64, 3): offset to the object's centre / 32, radius / 16.
    Shape 6 and colour 8 mean no object."""
    n = len(scenes)
    shape, color = np.full((n, 64), 6), np.full((n, 64), 8)
    back, place = np.empty((n, 64), int), np.zeros((n, 64, 3))
    cy, cx = np.divmod(np.arange(64), 8)
    for i, s in enumerate(scenes):
        back[i] = list(BACKGROUNDS).index(s["background"])
        best = np.full(64, 25)                                        # at least 10 % of the patch must be covered
        for o in s["objects"]:
            img = Image.new("L", (128, 128))
            outline = [(o["x"] + px * o["r"], o["y"] + py * o["r"]) for px, py in OUTLINES[o["shape"]]]
            ImageDraw.Draw(img).polygon(outline, 1)
            cover = np.asarray(img).reshape(8, 16, 8, 16).sum((1, 3)).reshape(64)
            mine = np.nonzero(cover > best)[0]
            best[mine] = cover[mine]
            shape[i, mine], color[i, mine] = SHAPES.index(o["shape"]), list(COLORS).index(o["color"])
            place[i, mine] = np.stack([(o["x"] - cx * 16 - 8) / 32, (o["y"] - cy * 16 - 8) / 32,
                                       np.full(64, o["r"] / 16)], -1)[mine]
    return shape, color, back, place


class Probe(torch.nn.Module):
    """Reads (B, 64, 256) image-token states: `shapes` and none, colour 9 (incl. none), background 4, centre offset and radius."""

    def __init__(self, dim, shapes=len(SHAPES)):
        super().__init__()
        self.shapes, self.sizes = shapes, (shapes + 1, 9, 4, 3)
        self.linear = torch.nn.Linear(dim, sum(self.sizes))
        self.to_shape, self.to_color = (torch.nn.Linear(dim, dim, bias=False) for _ in range(2))
        self.scale = torch.nn.Parameter(torch.tensor(1.0))
        for m in (self.to_shape, self.to_color):
            torch.nn.init.eye_(m.weight)

    def loss(self, states, labels):
        """labels: (shape (B,64), color (B,64), background (B,64), place (B,64,3)), see token_labels."""
        x = states.float()
        x = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)
        *logits, place = self.linear(x).split(self.sizes, -1)
        ce = sum(w * F.cross_entropy(z.transpose(1, 2), y) for w, z, y in zip((1.0, 1.0, 0.3), logits, labels))
        on = (labels[0] < self.shapes).unsqueeze(-1)
        return ce + ((place - labels[3]).pow(2) * on).sum() / on.sum().clamp_min(1)

    def words(self, states, labels, shapes, colors):
        """Image-token states of an early layer should name what they show: cross entropy of the shape's and the colour's
        word embedding (6, dim) and (8, dim), after a linear map, over the tokens that show an object.  A question's word
        can then find its object by similarity, which attention learns from the answers alone only very late."""
        on = labels[0] < self.shapes
        x = states.float()[on]
        x = self.scale * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)
        return sum(F.cross_entropy(m(x) @ F.normalize(e.float(), dim=-1).T, y[on])
                   for m, e, y in ((self.to_shape, shapes, labels[0]), (self.to_color, colors, labels[1])))
