"""How different are the images of one prompt?  `--images` of each of `--prompts` prompts that name one object.

    python diversity.py                                      the exported weights of $SHAPES_MODEL
    python diversity.py --checkpoint $SHAPES_WORK/model-600.pt --prompts 6 --images 5 --points 16      a quick look

Per prompt, the mean over all pairs of its images of: the latents' root mean square difference, the pixels' mean absolute difference
(of 255), and, of the images that show exactly what was asked for, the distance of the objects' places and the difference of their sizes
(root of the area), both in pixels; and the share of pairs whose backgrounds differ.  Then the mean over prompts, and the share drawn right.

The prompts are the evaluation's of one object (tasks single_object and colors, alternately): they leave position, size and background open,
every other one the colour too.  Image k of prompt i starts from the noise of seed 90,000 + 100 i + k.
"""
import argparse
import json
from itertools import combinations
from pathlib import Path

import numpy as np
import torch

from common import MODEL, WORK, replace
from evaluator import check, detect
from sample import Engine, checkpoint_state

SEED = 90_000


def pairs_mean(values, difference):
    """Mean of difference(a, b) over all pairs of values; NaN where there is no pair."""
    found = [difference(a, b) for a, b in combinations(values, 2)]
    return float(np.mean(found)) if found else float("nan")


def measure(latents: np.ndarray, images: np.ndarray, meta: dict, detect=detect, check=check) -> dict:
    """Latents (n, ...) float and images (n, h, w, 3) uint8 of one prompt, its metadata and the evaluator's functions -> its numbers."""
    found = [detect(im) for im in images]
    right = [check(f, meta) for f in found]
    objects = [f["objects"][0] for f, ok in zip(found, right) if ok]
    return {"prompt": meta["prompt"],
            "latents": pairs_mean(latents, lambda a, b: np.sqrt(np.mean((a - b) ** 2))),
            "pixels": pairs_mean(images.astype(np.float32), lambda a, b: np.abs(a - b).mean()),
            "place": pairs_mean(objects, lambda a, b: np.hypot(a["x"] - b["x"], a["y"] - b["y"])),
            "size": pairs_mean(objects, lambda a, b: abs(a["area"] ** 0.5 - b["area"] ** 0.5)),
            "colors": pairs_mean(objects, lambda a, b: a["color"] != b["color"]),
            "backgrounds": pairs_mean([f["background"] for f in found], lambda a, b: a != b),
            "right": float(np.mean(right))}


def summary(rows: list) -> dict:
    """Means over the prompts, of those where a number exists; None where none does."""
    known = {k: [r[k] for r in rows if not np.isnan(r[k])] for k in rows[0] if k != "prompt"}
    return {k: round(float(np.mean(v)), 4) if v else None for k, v in known.items()}


def open_prompts(count: int) -> list:
    """The first `count` evaluation prompts that name one object."""
    rows = [json.loads(line) for line in open(MODEL / "eval/prompts.jsonl")]
    return [r for r in rows if r["tag"] in ("single_object", "colors")][:count]


def run(engine, prompts: list, images: int, points: int, guidance: float) -> list:
    rows = []
    for i, meta in enumerate(prompts):
        noise = Engine.noise(SEED + 100 * i, images)
        latents = engine.generate([meta["prompt"]] * images, points, guidance, noise=noise)
        rows.append(measure(latents.numpy(), engine.decode(latents), meta))
        print(json.dumps({k: v if k == "prompt" else round(v, 3) for k, v in rows[-1].items()}), flush=True)
    return rows


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--checkpoint", type=Path, nargs="?", const=WORK / "model.pt", help="a training checkpoint's EMA")
    p.add_argument("--prompts", type=int, default=12)
    p.add_argument("--images", type=int, default=10)
    p.add_argument("--points", type=int, default=30)
    p.add_argument("--guidance", type=float, default=3.5)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--bf16", action="store_true")
    p.add_argument("--json", type=Path, help="write the numbers here")
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    state, step = checkpoint_state(a.checkpoint) if a.checkpoint else (None, None)
    rows = run(Engine(state, bf16=a.bf16), open_prompts(a.prompts), a.images, a.points, a.guidance)
    result = {"step": step, "points": a.points, "guidance": a.guidance, "images": a.images, "prompts": len(rows), **summary(rows)}
    print(json.dumps(result), flush=True)
    if a.json:
        replace(a.json, lambda tmp: tmp.write_text(json.dumps({**result, "rows": rows}, indent=1) + "\n"))


if __name__ == "__main__":
    main()
