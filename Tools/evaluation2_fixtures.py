"""Makes Tests/Resources/evaluation2: images of the open world in a sheet, and what Training/third/evaluator.py says of each.

    PYTHONPATH=Training:Training/tests python Tools/evaluation2_fixtures.py      (needs Training/requirements.txt)

As evaluation_fixtures.py: true renders with textures, reconstructions by the VAE, objects that touch, and what must not pass. A check is a
prompt's metadata with the evaluator's verdict.
"""
import json
import random
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from test_third import FAULTS, one

from common import to_images, to_tensor
from data import load_vae
from third.evaluator import check, detect
from third.render import images
from third.words import View, prompt
from third.world import SHAPES, sample, take

FOLDER = Path(__file__).resolve().parent.parent / "Tests/Resources/evaluation2"
COLUMNS, RENDERS, RECONSTRUCTIONS = 10, 30, 12


def checks(view, rng):
    """Prompts that hold for a scene, and the same with a fault."""
    for _ in range(3):
        _, wish = prompt(view, rng)
        wish = {k: v for k, v in wish.items() if k != "tag"}
        first = wish["include"][0]
        yield wish
        yield {**wish, "include": [{**first, "count": first["count"] + 1}, *wish["include"][1:]]}
        yield {**wish, "include": [{**first, "class": rng.choice(SHAPES)}, *wish["include"][1:]]}
        yield {**wish, "exclude": [{"class": rng.choice(SHAPES), "count": rng.choice([1, 2])}]}
        yield {**wish, "include": [{**first, "size": rng.choice(["small", "medium", "large"])}, *wish["include"][1:]]}


def pictures():
    """-> (kind, image, prompts)."""
    rng, scenes = random.Random(5), sample(RENDERS + RECONSTRUCTIONS, np.random.default_rng(5), held=True)
    drawn = images(scenes)
    for i in range(RENDERS):
        yield "render", drawn[i], list(checks(View(scenes, i), rng))
    vae, _, _ = load_vae()
    with torch.inference_mode():
        decoded = to_images(vae.decode(vae.encode(to_tensor(drawn[RENDERS:]))[0]))
    for i, image in enumerate(decoded, RENDERS):
        yield "reconstruction", image, list(checks(View(scenes, i), rng))
    for k, (name, spoil) in enumerate(FAULTS.items()):
        for shape in (SHAPES[k % 9], SHAPES[(k + 3) % 9], SHAPES[(k + 6) % 9]):
            yield name, spoil(images(one(shape, turn=0.2))[0]).astype(np.uint8), [{"include": [{"class": shape, "count": 1}]}, {"include": [{"count": 1}]}]
    for k, shape in enumerate(SHAPES):               # two that touch: of one colour, of two
        a, b = one(shape, x=40.0, y=60.0), one(SHAPES[(k + 1) % 9], color=("red", "blue")[k % 2], x=84.5, y=66.0)
        both = {**a, "count": np.array([2], np.int8)}
        for key in ("shape", "color", "size", "group", "x", "y", "r", "turn"):
            both[key] = a[key].copy()
            both[key][0, 1] = b[key][0, 0]
        yield "touching", images(take(both, slice(0, 1)))[0], [{"include": [{"count": 2}]}, {"include": [{"class": shape, "count": 1}, {"count": 1}]}]


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    shown, expected = [], []
    for kind, image, wishes in pictures():
        found = detect(image)
        shown.append(image)
        objects = [{k: v for k, v in o.items() if k != "r"} for o in found["objects"]]
        expected.append({"kind": kind, "background": found["background"], "objects": objects,
                         "checks": [{**w, "right": bool(check(found, w))} for w in wishes]})
    rows = -(-len(shown) // COLUMNS)
    sheet = np.zeros((rows * 128, COLUMNS * 128, 3), np.uint8)
    for k, image in enumerate(shown):
        y, x = k // COLUMNS * 128, k % COLUMNS * 128
        sheet[y:y + 128, x:x + 128] = image
    Image.fromarray(sheet).save(FOLDER / "sheet.png", optimize=True)
    lines = ",\n".join(json.dumps(e, separators=(",", ":")) for e in expected)
    (FOLDER / "expected.json").write_text(f"[\n{lines}\n]\n")
    verdicts = [c["right"] for e in expected for c in e["checks"]]
    print(f"{len(expected)} images, {sum(len(e['objects']) for e in expected)} objects, {sum(verdicts)} of {len(verdicts)} checks right")


if __name__ == "__main__":
    main()
