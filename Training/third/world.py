"""Scenes of the open world, many at once, as arrays.

A batch of scenes is a dict of numpy arrays; B scenes, at most OBJECTS = 6 objects each, in groups that share shape, colour and size:
    count (B,)                  objects of a scene; the rest of its row is -1 or 0
    shape, color, size (B, 6)   indices of SHAPES, COLORS, SIZES; group (B, 6) which objects belong together
    x, y, r (B, 6)              centre and half width in pixels of a 128x128 image (a larger image scales them)
    turn (B, 6)                 angle in radians, at most TURN either way
    back, texture (B,)          index of BACKGROUNDS, of TEXTURES; pattern (B, 4) angle, period, phase, strength
A prompt names some of it (words.py) and the rest is open: place, size, turn, the colours that are not named, the texture.
"""
import random

import numpy as np

from world import BACKGROUNDS, COLORS, OUTLINES, SHAPES as PLAIN

OBJECTS = 6
LETTERS = {                                                  # outlines in [-1, 1]^2, y pointing down, without holes
    "T": [(-0.95, -0.95), (0.95, -0.95), (0.95, -0.4), (0.28, -0.4), (0.28, 0.95), (-0.28, 0.95), (-0.28, -0.4), (-0.95, -0.4)],
    "U": [(-0.85, -0.95), (-0.35, -0.95), (-0.35, 0.45), (0.35, 0.45), (0.35, -0.95), (0.85, -0.95), (0.85, 0.95), (-0.85, 0.95)],
    "Z": [(-0.85, -0.95), (0.85, -0.95), (0.85, -0.45), (-0.15, 0.45), (0.85, 0.45), (0.85, 0.95), (-0.85, 0.95), (-0.85, 0.45),
          (0.15, -0.45), (-0.85, -0.45)]}
SHAPES = [*PLAIN, *LETTERS]
OUTLINES = {**OUTLINES, **LETTERS}
COLORS, COLOR_NAMES = COLORS, list(COLORS)
BACKGROUNDS, BACK_NAMES = BACKGROUNDS, list(BACKGROUNDS)
TEXTURES = ["plain", "striped", "dotted", "checkered", "shaded"]
STRENGTH = (7.0, 13.0)                                       # by how much a texture darkens at most, of 255
SIZES = {"small": (11.0, 12.5), "medium": (15.0, 17.0), "large": (20.5, 25.0)}
SIZE_NAMES = list(SIZES)
TURN = np.deg2rad(25.0)
GAP, EDGE = 4.0, 3.0                                         # least distance between objects' circles, and to the image's edge
SPLITS = {1: [[1]], 2: [[2], [1, 1], [1, 1]], 3: [[3], [2, 1], [1, 1, 1], [1, 1, 1]], 4: [[4], [3, 1], [2, 2], [2, 1, 1], [1, 1, 1, 1]],
          5: [[5], [4, 1], [3, 2], [2, 2, 1], [3, 1, 1]], 6: [[6], [5, 1], [4, 2], [3, 3], [2, 2, 2], [3, 2, 1]]}
COUNTS = (0.24, 0.30, 0.18, 0.12, 0.08, 0.08)                # shares of scenes with 1 to 6 objects


def reach(shape: str) -> float:
    """The farthest point of an outline from its centre, for half width 1: no turn takes an object out of that circle."""
    return max(float(np.hypot(x, y)) for x, y in OUTLINES[shape])


REACH = np.array([reach(s) for s in SHAPES])


def held_out(count=120) -> list:
    """Combinations of two coloured shapes, as frozensets of (colour index, shape index), that no training scene holds."""
    rng, out = random.Random(4048), []
    while len(out) < count:
        s, c = rng.sample(range(len(SHAPES)), 2), rng.sample(range(len(COLORS)), 2)
        pair = frozenset(zip(c, s))
        if pair not in out:
            out.append(pair)
    return out


def held_out_table() -> np.ndarray:
    """(K, K) bool, K = colours x shapes: may the two kinds of object not stand together?"""
    k = len(COLORS) * len(SHAPES)
    table = np.zeros((k, k), bool)
    for pair in held_out():
        a, b = (c * len(SHAPES) + s for c, s in pair)
        table[a, b] = table[b, a] = True
    return table


HELD = held_out_table()


def sample(count: int, rng: np.random.Generator, held=False) -> dict:
    """`count` scenes.  `held`: held-out combinations may occur (never in training)."""
    parts, have = [], 0
    while have < count:
        part = _draw(max(64, int((count - have) * 1.6)), rng)
        keep = part.pop("placed")
        if not held:
            kind = part["color"].astype(int) * len(SHAPES) + part["shape"]
            there = np.arange(OBJECTS) < part["count"][:, None]
            together = HELD[kind[:, :, None], kind[:, None, :]] & there[:, :, None] & there[:, None, :]
            keep &= ~together.any((1, 2))
        parts.append({k: v[keep] for k, v in part.items()})
        have += int(keep.sum())
    return {k: np.concatenate([p[k] for p in parts])[:count] for k in parts[0]}


def take(scenes: dict, index) -> dict:
    """Some scenes of a batch."""
    return {k: v[index] for k, v in scenes.items()}


def _draw(n: int, rng) -> dict:
    """n scenes and "placed" (n,): was there room for all?"""
    count = rng.choice(np.arange(1, OBJECTS + 1), n, p=COUNTS)
    group = np.zeros((n, OBJECTS), np.int8)
    for i, c in enumerate(count):
        split = SPLITS[c][rng.integers(len(SPLITS[c]))]
        group[i, :c] = np.repeat(np.arange(len(split)), split)
    there = np.arange(OBJECTS) < count[:, None]
    # kinds of at most four groups: shapes and colours differ, but in an eighth of the scenes all share one of them
    shapes = np.argsort(rng.random((n, len(SHAPES))), 1)[:, :4]
    colors = np.argsort(rng.random((n, len(COLORS))), 1)[:, :4]
    same = rng.random(n)
    shapes = np.where(same[:, None] < 0.06, shapes[:, :1], shapes)
    colors = np.where((same[:, None] >= 0.06) & (same[:, None] < 0.14), colors[:, :1], colors)
    sizes = rng.integers(0, 3, (n, 4))
    sizes = np.where((count > 3)[:, None], np.minimum(sizes, 1), sizes)          # four and more leave no room for large ones
    low, high = np.array(list(SIZES.values())).T
    rows = np.arange(n)[:, None]
    shape, color, size = (a[rows, group] for a in (shapes, colors, sizes))
    r = low[size] + (high - low)[size] * rng.random((n, OBJECTS))
    x, y, placed = _place(np.where(there, r * REACH[shape], 0.0), there, rng)
    pattern = np.stack([rng.uniform(0, np.pi, n), rng.uniform(5, 14, n), rng.uniform(0, 2 * np.pi, n), rng.uniform(*STRENGTH, n)], 1)
    blank = {"shape": shape, "color": color, "size": size, "group": group}
    return {"count": count.astype(np.int8), **{k: np.where(there, v, -1).astype(np.int8) for k, v in blank.items()},
            **{k: np.where(there, v, 0.0).astype(np.float32) for k, v in (("x", x), ("y", y), ("r", r))},
            "turn": np.where(there, rng.uniform(-TURN, TURN, (n, OBJECTS)), 0.0).astype(np.float32),
            "back": rng.integers(0, len(BACKGROUNDS), n).astype(np.int8), "pattern": pattern.astype(np.float32),
            "texture": np.where(rng.random(n) < 0.4, 0, rng.integers(1, len(TEXTURES), n)).astype(np.int8), "placed": placed}


def _place(radius, there, rng, tries=40):
    """Circles of these radii (n, 6), one after the other at the first of `tries` uniform places that is free
    -> x, y (n, 6), placed (n,) whether all of a row found one."""
    n = len(radius)
    x, y, placed = np.zeros((n, OBJECTS)), np.zeros((n, OBJECTS)), np.ones(n, bool)
    for k in range(OBJECTS):
        span = 128 - 2 * (radius[:, k] + EDGE)
        px, py = (radius[:, k, None] + EDGE + span[:, None] * rng.random((n, tries)) for _ in "xy")
        free = np.ones((n, tries), bool)
        for j in range(k):
            apart = np.hypot(px - x[:, j, None], py - y[:, j, None])
            free &= apart > (radius[:, k] + radius[:, j] + GAP)[:, None]
        first = free.argmax(1)
        placed &= free.any(1) | ~there[:, k]
        x[:, k], y[:, k] = px[np.arange(n), first], py[np.arange(n), first]
    return x, y, placed
