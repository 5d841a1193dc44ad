"""Draws batches of open scenes with torch, on whatever device: signed distances of outlines, looked up in a table per shape.

Every shape's signed distance (negative inside) to its outline is tabulated once on a grid; an object at a pixel is then a turn, a scaling and
a bilinear look-up, the same work for a circle and for a letter.  Coverage is 0.5 - distance in pixels, clamped: antialiased edges.
"""
import math

import numpy as np
import torch

from third.world import BACKGROUNDS, COLORS, OBJECTS, OUTLINES, SHAPES, TEXTURES

SIDE, SPAN = 161, 1.6                                        # the table's grid, and the half width that it covers


def signed_distance(points, x, y):
    """Distance of (x, y) to a closed polygon, negative inside."""
    p = np.asarray(points, float)
    q = np.roll(p, -1, 0)
    best, inside = np.full(x.shape, np.inf), np.zeros(x.shape, bool)
    for (ax, ay), (bx, by) in zip(p, q):
        dx, dy = bx - ax, by - ay
        t = np.clip(((x - ax) * dx + (y - ay) * dy) / max(dx * dx + dy * dy, 1e-12), 0, 1)
        best = np.minimum(best, np.hypot(x - ax - t * dx, y - ay - t * dy))
        if ay != by:
            inside ^= ((ay > y) != (by > y)) & (x < ax + (y - ay) * dx / dy)
    return np.where(inside, -best, best)


def tables() -> torch.Tensor:
    """(shapes, SIDE, SIDE) signed distances, rows along y."""
    at = np.linspace(-SPAN, SPAN, SIDE)
    y, x = np.meshgrid(at, at, indexing="ij")
    return torch.tensor(np.stack([signed_distance(OUTLINES[s], x, y) for s in SHAPES]), dtype=torch.float32)


class Renderer:
    """Scenes as in world.py, their arrays as tensors on `device` -> pixels, and what every image token shows."""

    def __init__(self, side=128, device="cpu"):
        self.side, self.device = side, device
        self.table = tables().to(device)
        self.colors = torch.tensor(list(COLORS.values()), dtype=torch.float32, device=device)
        self.grounds = torch.tensor(list(BACKGROUNDS.values()), dtype=torch.float32, device=device)
        self.at = (torch.arange(side, device=device) + 0.5) * 128 / side          # pixel centres, in pixels of a 128x128 image

    def tensors(self, scenes: dict) -> dict:
        return {k: torch.as_tensor(v).to(self.device, non_blocking=True) for k, v in scenes.items()}

    def distance(self, s: dict):
        """(B, 6, side, side) signed distances to the objects in pixels of this image; far away where there is no object."""
        x = self.at[None, None, None, :] - s["x"][:, :, None, None]
        y = self.at[None, None, :, None] - s["y"][:, :, None, None]
        cos, sin = (f(s["turn"])[:, :, None, None] for f in (torch.cos, torch.sin))
        r = s["r"][:, :, None, None].clamp_min(1e-3)
        step = 2 * SPAN / (SIDE - 1)
        u, v = (((c / r).clamp(-SPAN, SPAN) + SPAN) / step for c in (cos * x + sin * y, cos * y - sin * x))
        iu, iv = (c.long().clamp_max(SIDE - 2) for c in (u, v))
        fu, fv = u - iu, v - iv
        flat, at = self.table.flatten(), (s["shape"].long().clamp_min(0)[:, :, None, None] * SIDE + iv) * SIDE + iu
        top = flat[at] * (1 - fu) + flat[at + 1] * fu
        low = flat[at + SIDE] * (1 - fu) + flat[at + SIDE + 1] * fu
        there = (torch.arange(OBJECTS, device=self.device) < s["count"][:, None])[:, :, None, None]
        return torch.where(there, (top * (1 - fv) + low * fv) * r * (self.side / 128), 1e3)

    def ground(self, s: dict):
        """(B, side, side) by how much the background's texture darkens."""
        angle, period, phase, strength = (p[:, None, None] for p in s["pattern"].unbind(1))
        x, y = self.at[None, None, :], self.at[None, :, None]
        u, v = torch.cos(angle) * x + torch.sin(angle) * y, torch.cos(angle) * y - torch.sin(angle) * x
        a, b = (torch.sin(2 * math.pi * c / period + phase) for c in (u, v))
        kinds = [torch.zeros_like(a), 0.5 + 0.5 * a, (a + b - 0.8).clamp(0, 1), 0.5 + 0.5 * (4 * a * b).clamp(-1, 1), (u / 256 + 0.5).clamp(0, 1)]
        assert len(kinds) == len(TEXTURES)
        return strength * torch.stack(kinds, 1).gather(1, s["texture"].long()[:, None, None, None].expand(-1, 1, *a.shape[1:]))[:, 0]

    def __call__(self, s: dict):
        """-> pixels (B, 3, side, side) in [-1, 1], coverage (B, 6, side, side) of every object in [0, 1]."""
        cover = (0.5 - self.distance(s)).clamp(0, 1)
        rgb = (self.grounds[s["back"].long()][:, :, None, None] - self.ground(s)[:, None]).clamp_min(0)
        for k in range(OBJECTS):
            color = self.colors[s["color"][:, k].long().clamp_min(0)][:, :, None, None]
            rgb = rgb + cover[:, k, None] * (color - rgb)
        return rgb / 127.5 - 1, cover

    def labels(self, s: dict, cover, tokens: int):
        """What the side of `tokens` x `tokens` patches show -> shape, color (B, N), background (B, N), place (B, N, 3) as labels.Probe
        wants them, object (B, N): which of the six, or 6 for none (less than a tenth of the patch)."""
        share = torch.nn.functional.avg_pool2d(cover, self.side // tokens).flatten(2)               # (B, 6, N)
        best, which = share.max(1)
        none = best < 0.1
        pick = {k: s[k].gather(1, which) for k in ("shape", "color", "x", "y", "r")}
        shape = torch.where(none, len(SHAPES), pick["shape"].long())
        color = torch.where(none, len(COLORS), pick["color"].long())
        at = (torch.arange(tokens, device=self.device) + 0.5) * 128 / tokens
        px, py = at.repeat(tokens), at.repeat_interleave(tokens)
        place = torch.stack([(pick["x"] - px) / 32, (pick["y"] - py) / 32, pick["r"] / 16], -1) * ~none[..., None]
        back = s["back"].long()[:, None].expand(-1, tokens * tokens)
        return [shape, color, back, place], torch.where(none, OBJECTS, which)


def images(scenes: dict, side=128, chunk=32) -> np.ndarray:
    """(B, side, side, 3) uint8 on the CPU."""
    draw, out, count = Renderer(side), [], len(scenes["count"])
    for i in range(0, count, chunk):
        pixels, _ = draw(draw.tensors({k: v[i:i + chunk] for k, v in scenes.items()}))
        out.append(((pixels + 1) * 127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy())
    return np.concatenate(out)
