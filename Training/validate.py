"""A cheap look at weights: flow loss on unseen scenes by time, and answers by teacher forcing.  A minute, not twenty.

    python validate.py                    the exported weights
    python validate.py --checkpoint       the EMA of $SHAPES_WORK/model.pt

Flow loss: `--scenes` scenes of a shard that is never trained on, fixed captions, noise and eight fixed times each.
Answers: the evaluation's questions, those of an image packed behind it.  Greedy decoding gives the expected answer
exactly if every token of it is the likeliest after those before, so one forward pass per image decides all its questions.
"""
import argparse
import json
import random

import numpy as np
import torch
from PIL import Image

from batches import TEXT
from common import MODEL
from data import SEED, encode, training_scenes
from evaluate import show, summary
from sample import Engine, checkpoint_state, exported_state
from world import caption

UNSEEN, TIMES = SEED - 1, (0.02, 0.08, 0.15, 0.25, 0.4, 0.55, 0.7, 0.88)


@torch.inference_mode()
def flow_losses(engine, count: int) -> dict:
    """Mean squared velocity error by time, without guidance."""
    scenes, rng = training_scenes(count, UNSEEN), random.Random(1)
    latents, _ = encode(scenes, engine.vae, engine.mean, engine.std)
    x1, x0 = torch.from_numpy(latents).float(), Engine.noise(50_000, count)
    prompts = [caption(s, rng) for s in scenes]
    losses = {}
    for t in TIMES:
        errors = []
        for i in range(0, count, 16):
            part = slice(i, i + 16)
            batch = engine.layouts.generation_batch(prompts[part], TEXT + 4)
            x = t * x1[part] + (1 - t) * x0[part]
            v = engine.model.predict_velocity(batch, x, torch.full((len(x),), t))
            errors.append((v - (x1[part] - x0[part])).pow(2).mean((1, 2, 3)))
        losses[t] = float(torch.cat(errors).mean())
    return losses


@torch.inference_mode()
def answers(engine, rows: list) -> list:
    """Is the answer of each question (all of an image in succession) what greedy decoding gives?"""
    files, right = list(dict.fromkeys(r["image"] for r in rows)), []
    for i in range(0, len(files), 8):
        part = files[i:i + 8]
        pixels = np.stack([np.asarray(Image.open(MODEL / "eval" / f).convert("RGB")) for f in part])
        groups = [[r for r in rows if r["image"] == f] for f in part]
        batch = engine.layouts.understanding_batch([[(r["question"], r["answer"]) for r in g] for g in groups])
        guess = engine.model.answer_logits(batch, engine.encode(pixels)).argmax(-1)
        for k, group in enumerate(groups):
            labels, at = batch["labels"][k], 0
            good = (guess[k] == labels)[labels != -100].tolist()
            for r in group:
                n = len(engine.layouts.encode(r["answer"])) + 1
                right.append(all(good[at:at + n]))
                at += n
            assert at == len(good), "questions that do not fit their slots"
    return right


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--checkpoint", action="store_true")
    p.add_argument("--scenes", type=int, default=48)
    p.add_argument("--questions", type=int, default=1018)
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    state, step = checkpoint_state() if a.checkpoint else (exported_state(), None)
    engine = Engine(state)
    losses = flow_losses(engine, a.scenes)
    print("step", step, "flow loss", round(sum(losses.values()) / len(losses), 4),
          {t: round(v, 4) for t, v in losses.items()}, flush=True)
    rows = [json.loads(line) for line in open(MODEL / "eval/questions.jsonl")][:a.questions]
    show("questions", summary([r["type"] for r in rows], answers(engine, rows)))


if __name__ == "__main__":
    main()
