"""Training batches from the scene shards, with fresh captions, questions, times and noise in every step.

Everything random in step k comes from generators seeded with (seed, k): a resumed run goes on as if it had not stopped.
"""
import json
import math
import random

import numpy as np
import torch

from common import WORK
from layouts import Layouts
from lookups import Lookups
from world import caption, question

GENERATION = {"single": 1.0, "pair": 1.4, "count": 1.0, "mixed": 0.3}       # weights of the scene kinds
ARRANGED = {"generation": 8.0, "understanding": 0.3}     # weight of an arranged scene against a random one of its kind
UNDERSTANDING = {"single": 0.5, "pair": 1.5, "count": 0.6, "mixed": 0.8}
QUESTIONS = {"exist": 3.0, "relation": 2.5, "side": 2.0, "color": 2.5, "size": 1.0, "describe": 1.0, "count": 0.8,
             "background": 0.2}


TEXT = 18                     # text slots in training: two more than the longest usual caption needs


def sample_t(n, generator, seq_len=65, shift=3.0):
    """Training times (n,) in (0, 1), 1 = clean.  Half are logit-normal with the official length-dependent shift towards
    noise, half follow the sampler's shifted grid: layouts are decided below t = 0.15, where the sampler spends a third of
    its steps but the logit-normal only a tenth of its samples."""
    mu = 0.5 + (seq_len - 256) * (1.15 - 0.5) / (4096 - 256)
    t, u = torch.sigmoid(torch.randn(n, generator=generator)), torch.rand(n, generator=generator)
    t = 1 - math.exp(mu) / (math.exp(mu) + 1 / (1 - t) - 1)
    return torch.where(torch.rand(n, generator=generator) < 0.5, t, u / (u + shift - shift * u))


class Batches:
    """All shards in memory; `refresh()` takes in those that have come since.

    `share` of the drawings are of open scenes (world.open_scene), where there are any; arranged scenes of the kinds that are open, which
    answer the same prompts in one way only, are then left out, and "A and B" says nothing of left and right where pairs are open.
    """

    def __init__(self, layouts: Layouts, seed: int, limit=None, share=0.0):
        self.layouts, self.lookups, self.seed, self.limit, self.share = layouts, Lookups(layouts), seed, limit, share
        self.files, self.scenes, self.columns = [], [], {}
        self.refresh()

    def refresh(self):
        new = [f for f in sorted((WORK / "scenes").glob("*.npz"))[:self.limit] if f not in self.files]
        for f in new:
            with np.load(f) as z:
                self.scenes += [json.loads(s) for s in z["scenes"]]
                self.sd = torch.from_numpy(z["sd"]).view(1, -1, 1, 1)
                for k in ("latents", "shape", "color", "back", "place"):
                    self.columns[k] = np.concatenate([self.columns[k], z[k]]) if k in self.columns else z[k]
        self.files += new
        if not self.scenes:
            raise SystemExit(f"no scenes in {WORK}/scenes: run data.py first")
        self.open_kinds = {s["kind"] for s in self.scenes if "open" in s} if self.share > 0 else set()
        for task, kinds in (("generation", GENERATION), ("understanding", UNDERSTANDING)):
            setattr(self, f"{task}_weights", np.cumsum([self.weight(task, kinds, s) for s in self.scenes]).tolist())
        opened = np.array(["open" in s for s in self.scenes])
        if opened.any() and self.share > 0:
            rest = np.diff(self.generation_weights, prepend=0.0)
            weights = np.where(opened, self.share / opened.sum(), (1 - self.share) * rest / rest.sum())
            self.generation_weights = np.cumsum(weights).tolist()
        return len(new)

    def weight(self, task, kinds, scene):
        """How often a scene serves a task; open ones are weighed apart, see `refresh`."""
        if "open" in scene:
            return 0.0
        if "arranged" not in scene:
            return kinds[scene["kind"]]
        return 0.0 if task == "generation" and scene["kind"] in self.open_kinds else kinds[scene["kind"]] * ARRANGED[task]

    def at(self, step: int):
        """Generators of one step."""
        return random.Random(f"{self.seed}/{step}"), torch.Generator().manual_seed(self.seed * 1_000_003 + step)

    def take(self, idx):
        """-> latents (n, 16, 16, 16) f32, labels as Probe.loss wants them."""
        c = {k: torch.from_numpy(v[idx]) for k, v in self.columns.items()}
        return c["latents"].float(), [c["shape"].long(), c["color"].long(), c["back"].long(), c["place"].float()]

    def caption(self, scene, rng):
        """A true caption that fits the text slots."""
        usual = not (scene["kind"] == "pair" and "pair" in self.open_kinds)
        while True:
            text = caption(scene, rng, usual)
            if len(self.layouts.encode(text)) <= TEXT - 2:
                return text

    def generation(self, n, rng, gen, micro, dropout=0.1):
        """Yields micro-batches of at most `micro` of n samples, alike in prompt length and padded to the longest:
        (layout batch, noisy latents (m,16,16,16), t (m,), target velocity (m,16,16,16), labels, attention targets)."""
        idx = rng.choices(range(len(self.scenes)), cum_weights=self.generation_weights, k=n)
        rows = [(i, "" if rng.random() < dropout else self.caption(self.scenes[i], rng)) for i in idx]
        rows.sort(key=lambda row: len(self.layouts.encode(row[1])))
        for i in range(0, n, micro):
            part, prompts = zip(*rows[i:i + micro])
            x1, labels = self.take(list(part))
            t = sample_t(len(part), gen)
            x0, w = torch.randn(x1.shape, generator=gen), t.view(-1, 1, 1, 1)
            text = 2 + max(len(self.layouts.encode(p)) for p in prompts)
            looks = self.lookups.prompts(prompts, text, *labels[:2])
            yield self.layouts.generation_batch(prompts, text), w * x1 + (1 - w) * x0, t, x1 - x0, labels, looks

    def questions(self, scene, rng, count):
        """`count` different (question, answer) pairs about a scene, weak types more often."""
        out = {}
        for _ in range(3 * count):
            q = question(scene, rng, rng.choices(list(QUESTIONS), list(QUESTIONS.values()))[0])
            if q:
                out[q[1]] = q[2]
            if len(out) == count:
                break
        return list(out.items())

    def understanding(self, n, rng, gen, count=14):
        """-> (layout batch, latents, labels, attention targets).  A third of the images get the VAE's sampling noise, as official
        inference adds."""
        idx = rng.choices(range(len(self.scenes)), cum_weights=self.understanding_weights, k=n)
        groups = [self.questions(self.scenes[i], rng, count) for i in idx]
        x, labels = self.take(idx)
        noisy = torch.rand(n, 1, 1, 1, generator=gen) < 1 / 3
        x = x + noisy * self.sd * torch.randn(x.shape, generator=gen)
        return self.layouts.understanding_batch(groups), x, labels, self.lookups.questions(groups, *labels[:2])
