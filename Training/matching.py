"""Which shape is this mask?  Outlines of every shape are laid over a mask, aligned by area and centroid and refined by
a small search, and compared by overlap (intersection over union, IoU)."""
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from world import OUTLINES, SHAPES

# The least overlap that still counts, per shape. Reconstructions of true scenes by the VAE reach at least 0.97 (circle),
# 0.94, 0.93, 0.86, 0.88, 0.93; no other true shape more than 0.87 (circle for square), 0.74, 0.73, 0.75, 0.81.
MIN_IOU = {"circle": 0.87, "square": 0.86, "triangle": 0.82, "star": 0.75, "cross": 0.80, "heart": 0.84}
SUPER = 3                                     # supersampling of the outlines
SCALES = (0.92, 0.96, 1.0, 1.04, 1.08, 1.13)  # softened tips cost area, so larger outlines are tried too


def _moments(shape):
    """Area and centroid of the outline with radius 1."""
    x, y = np.array(OUTLINES[shape]).T
    u, v = np.roll(x, -1), np.roll(y, -1)
    cross = x * v - u * y
    area = cross.sum() / 2
    return abs(area), ((x + u) * cross).sum() / (6 * area), ((y + v) * cross).sum() / (6 * area)


MOMENTS = {s: _moments(s) for s in SHAPES}


@lru_cache(maxsize=50_000)
def _outline(shape, radius, dx, dy, half):
    """(2 half + 1)^2 bool mask of an outline whose centroid is (dx, dy) off the middle; arguments in 1/4 pixels."""
    _, cx, cy = MOMENTS[shape]
    side, r = 2 * half + 1, radius / 4
    at = [((half + 0.5 + dx / 4 + (px - cx) * r) * SUPER, (half + 0.5 + dy / 4 + (py - cy) * r) * SUPER)
          for px, py in OUTLINES[shape]]
    img = Image.new("L", (side * SUPER, side * SUPER))
    ImageDraw.Draw(img).polygon(at, fill=255)
    return np.asarray(img.reduce(SUPER)) > 127


def _iou(a, b):
    return np.count_nonzero(a & b) / max(np.count_nonzero(a | b), 1)


def overlap(mask: np.ndarray, shape: str) -> float:
    """The best IoU of a shape's outline with a mask (any size, bool)."""
    ys, xs = np.nonzero(mask)
    my, mx = ys.mean(), xs.mean()
    half = int(max(ys.max() - my, my - ys.min(), xs.max() - mx, mx - xs.min())) + 8
    y0, x0 = int(round(my)), int(round(mx))
    window = np.zeros((2 * half + 1, 2 * half + 1), bool)
    window[ys - y0 + half, xs - x0 + half] = True
    base = (len(ys) / MOMENTS[shape][0]) ** 0.5 * 4
    dx, dy = round((mx - x0) * 4), round((my - y0) * 4)
    best = max((_iou(window, _outline(shape, round(base * s), dx, dy, half)), round(base * s)) for s in SCALES)
    improved = True
    while improved:                               # hill climbing by half pixels
        improved = False
        for ddx, ddy, dr in ((2, 0, 0), (-2, 0, 0), (0, 2, 0), (0, -2, 0), (0, 0, 2), (0, 0, -2)):
            iou = _iou(window, _outline(shape, best[1] + dr, dx + ddx, dy + ddy, half))
            if iou > best[0] + 1e-9:
                best, dx, dy, improved = (iou, best[1] + dr), dx + ddx, dy + ddy, True
                break
    return best[0]


def classify(mask: np.ndarray):
    """(h, w) bool mask of one object -> (shape name or None, IoU).  Pinholes, at most 5 % of the area, are filled first;
    with larger holes it is no shape."""
    filled = ndimage.binary_fill_holes(mask)
    whole = filled.sum() - mask.sum() <= 0.05 * filled.sum()
    scores = {s: overlap(filled if whole else mask, s) for s in SHAPES}
    best = max(scores, key=scores.get)
    return (best if whole and scores[best] >= MIN_IOU[best] else None), scores[best]
