"""Reads open scenes from pixels and judges them: ../evaluator.py for turned shapes, letters, three sizes and textures.

Colours, components and touching objects are found as there.  A mask's shape is that whose outline, laid over it by area and centroid, turned
and refined by hill climbing, covers it best; the outlines come from the renderer's signed distances, so no polygon is drawn.
Images of 192 pixels are reduced to 128 first.
"""
import numpy as np
from PIL import Image
from scipy import ndimage

from evaluator import COLOR_NAMES, COLOR_RGB, FOREGROUND, MIN_AREA, MIN_PURITY, background_of, grow, split_by_color
from third.render import SIDE, SPAN, tables
from third.world import SHAPES, SIZE_NAMES

TABLE = tables().numpy()
MIN_IOU = {"circle": 0.88, "square": 0.87, "triangle": 0.82, "star": 0.75, "cross": 0.79, "heart": 0.84, "T": 0.78, "U": 0.78, "Z": 0.78}
SIZE_BORDERS = (14.1, 19.2)                    # half widths between small, medium and large
TURNS = {s: np.deg2rad(np.arange(-28, 29, 8.0)) for s in SHAPES} | {"circle": np.zeros(1)}
SCALES = (0.96, 1.0, 1.05, 1.1)                # softened tips cost area, so larger outlines are tried too


def _moments(k):
    """Area and centroid of a shape with half width 1, from its table."""
    at = np.linspace(-SPAN, SPAN, SIDE)
    inside = TABLE[k] < 0
    y, x = np.meshgrid(at, at, indexing="ij")
    return inside.sum() * (at[1] - at[0]) ** 2, x[inside].mean(), y[inside].mean()


MOMENTS = [_moments(k) for k in range(len(SHAPES))]


def _covers(k, window, dx, dy, r, turn):
    """IoU of a mask (h, w) with outlines of shape k; centroids (dx, dy), half widths r and turns: arrays of m candidates."""
    h, w = window.shape
    _, cx, cy = MOMENTS[k]
    cos, sin, r = (v[:, None, None] for v in (np.cos(turn), np.sin(turn), r))
    x = np.arange(w)[None, None, :] - dx[:, None, None]
    y = np.arange(h)[None, :, None] - dy[:, None, None]
    u, v = ((cos * x + sin * y) / r + cx), ((cos * y - sin * x) / r + cy)
    step = 2 * SPAN / (SIDE - 1)
    iu, iv = (np.clip(np.rint((c + SPAN) / step), 0, SIDE - 1).astype(np.int32) for c in (u, v))
    inside = TABLE[k].ravel()[iv * SIDE + iu] < 0
    both = (inside & window).sum((1, 2))
    return both / np.maximum(inside.sum((1, 2)) + window.sum() - both, 1)


def overlap(mask: np.ndarray, k: int):
    """-> the best IoU of shape k with a mask (any size, bool), the half width by the mask's area, and the turn."""
    ys, xs = np.nonzero(mask)
    y0, x0 = ys.min() - 6, xs.min() - 6
    window = np.zeros((np.ptp(ys) + 13, np.ptp(xs) + 13), bool)
    window[ys - y0, xs - x0] = True
    base = (len(ys) / MOMENTS[k][0]) ** 0.5
    turns = TURNS[SHAPES[k]]
    grid = np.array([(xs.mean() - x0, ys.mean() - y0, base * s, t) for s in SCALES for t in turns])
    scores = _covers(k, window, *grid.T)
    best, at = scores.max(), grid[scores.argmax()]
    steps = np.array([(d if i == 0 else 0, d if i == 1 else 0, 0.6 * d if i == 2 else 0, 0.08 * d if i == 3 else 0)
                      for i in range(4 if len(turns) > 1 else 3) for d in (0.5, -0.5)])
    if best > 0.5:
        for scale in (1.0, 0.5):
            for _ in range(12):
                scores = _covers(k, window, *(at + scale * steps).T)
                if scores.max() <= best + 1e-9:
                    break
                best, at = scores.max(), at + scale * steps[scores.argmax()]
    return float(best), float(base), float(at[3])


def classify(mask: np.ndarray):
    """(h, w) bool mask of one object -> (shape or None, IoU, half width).  Pinholes, at most 5 % of the area, are filled first; with
    larger holes it is no shape."""
    filled = ndimage.binary_fill_holes(mask)
    whole = filled.sum() - mask.sum() <= 0.05 * filled.sum()
    found = [overlap(filled if whole else mask, k) for k in range(len(SHAPES))]
    k = int(np.argmax([f[0] for f in found]))
    return SHAPES[k] if whole and found[k][0] >= MIN_IOU[SHAPES[k]] else None, found[k][0], found[k][1]


def split_by_shape(mask: np.ndarray) -> list:
    """Touching objects of one colour -> their masks with what `classify` says, if cutting a narrow bridge leaves only good shapes."""
    whole = classify(mask)
    if whole[0] is None:
        for iterations in range(1, 8):
            labels, n = ndimage.label(ndimage.binary_erosion(mask, iterations=iterations))
            keep = [j for j in range(1, n + 1) if (labels == j).sum() >= 12]
            if len(keep) > 1:
                parts = grow(mask, sum(np.where(labels == j, i + 1, 0) for i, j in enumerate(keep)))
                found = [classify(p) for p in parts]
                if all(f[0] is not None for f in found):
                    return list(zip(parts, found))
    return [(mask, whole)]


def measure(mask, nearest, found) -> dict:
    core = ndimage.binary_erosion(mask, iterations=2)
    if core.sum() < 20:
        core = ndimage.binary_erosion(mask)
    core = core if core.any() else mask
    counts = np.bincount(nearest[core], minlength=len(COLOR_NAMES))
    pure = counts.max() >= MIN_PURITY * counts.sum()
    shape, iou, r = found
    ys, xs = np.nonzero(mask)
    return {"shape": shape, "color": COLOR_NAMES[counts.argmax()] if pure else None, "size": SIZE_NAMES[sum(r > b for b in SIZE_BORDERS)],
            "x": float((xs.min() + xs.max()) / 2), "y": float((ys.min() + ys.max()) / 2), "r": round(r, 1), "area": len(ys), "iou": round(iou, 3)}


def detect(image: np.ndarray) -> dict:
    """(side, side, 3) uint8 -> {"background", "objects": [{shape, color, size, x, y, r, area, iou}]}, in pixels of 128 a side."""
    if image.shape[0] != 128:
        image = np.asarray(Image.fromarray(image).resize((128, 128), Image.BOX))
    rgb = image.astype(np.float32)
    background, ground = background_of(rgb)
    nearest = np.linalg.norm(rgb[:, :, None] - COLOR_RGB, axis=-1).argmin(-1)
    labels, n = ndimage.label(np.linalg.norm(rgb - ground, axis=-1) > FOREGROUND, np.ones((3, 3)))
    objects = []
    for i, box in enumerate(ndimage.find_objects(labels), 1):
        component = labels == i
        if component[box].sum() < MIN_AREA:
            continue
        for part in split_by_color(component, nearest):
            objects += [measure(m, nearest, found) for m, found in split_by_shape(part) if m.sum() >= MIN_AREA]
    return {"background": background, "objects": objects}


def check(found: dict, wish: dict) -> bool:
    """Does an image hold exactly what a prompt asks for, every object of one clear shape and colour?

    wish["include"]: [{"count", "class"?, "color"?, "size"?, "position"?: [relation, index]}], what is not named is open;
    wish["exclude"]: [{"class", "count"}], as GenEval's: fewer than so many; wish["background"]?.
    """
    objs, used, groups = found["objects"], set(), []
    if any(o["shape"] is None or o["color"] is None for o in objs):
        return False
    for row in wish["include"]:
        match = [i for i, o in enumerate(objs) if i not in used and o["shape"] == row.get("class", o["shape"])
                 and o["color"] == row.get("color", o["color"]) and o["size"] == row.get("size", o["size"])]
        if len(match) != row["count"]:
            return False
        used.update(match)
        groups.append(match)
        if "position" in row:
            relation, other = row["position"]
            a, b = objs[match[0]], objs[groups[other][0]]
            d = np.array([a["x"] - b["x"], a["y"] - b["y"]])
            d = d / max(np.linalg.norm(d), 1e-6)
            if {"left of": -d[0], "right of": d[0], "above": -d[1], "below": d[1]}[relation] <= 0.5:
                return False
    if any(sum(o["shape"] == row["class"] for o in objs) >= row["count"] for row in wish.get("exclude", [])):
        return False
    if "background" in wish and wish["background"] != found["background"]:
        return False
    return len(used) == len(objs)
