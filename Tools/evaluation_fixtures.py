"""Makes Tests/Resources/evaluation: images in a sheet, and what Training/evaluator.py says of each.

    PYTHONPATH=Training:Training/tests python Tools/evaluation_fixtures.py      (needs Training/requirements.txt)

`sheet.png` holds images of 128 x 128, COLUMNS to a row: true renders, reconstructions by the VAE, pictures that the model drew
(cut out of Models/shapes/samples.png), mildly damaged renders, and what must not pass. `expected.json` has a list of
{kind, background, objects, checks} in the sheet's order; a check is a prompt's metadata with the evaluator's verdict.
"""
import json
import random
from pathlib import Path

import degrade
import numpy as np
import torch
from PIL import Image

from common import MODEL, to_images, to_tensor
from data import load_vae
from evaluator import check, detect
from world import OPPOSITE, SHAPES, SIZE, render, sample_scene

FOLDER = Path(__file__).resolve().parent.parent / "Tests/Resources/evaluation"
COLUMNS = 12
rng, noise = random.Random(77), np.random.default_rng(77)


def demands(objects, relation=None, background=None):
    """Objects as (shape, color, size or None) -> metadata as in prompts.jsonl; equal ones are counted together."""
    include = []
    for shape, color, size in objects:
        same = [q for q in include if q["class"] == shape and q.get("color") == color]
        if same:
            same[0]["count"] += 1
        else:
            include.append({"class": shape, "count": 1, **({"color": color} if color else {}),
                            **({"size": size} if size else {})})
    if relation and len(include) == 2:
        include[0]["position"], include = [relation, 0], [include[1], include[0]]
    return {"include": include, **({"background": background} if background else {})}


def demands_of(scene):
    """Demands that hold for a scene, and some that do not."""
    seen = [(o["shape"], o["color"], o["size"]) for o in scene["objects"]]
    relation = scene["relation"]
    bare = [(s, c, None) for s, c, _ in seen]
    yield demands(seen, relation, scene["background"])
    yield demands(bare, relation)
    yield demands([(s, None, None) for s, _, _ in seen])
    if relation:
        yield demands(bare, OPPOSITE[relation])
    yield demands(bare + bare[:1])
    yield demands([("heart" if s != "heart" else "star", c, None) for s, c, _ in seen])
    yield demands(bare[:1])
    yield demands([(s, "pink" if c != "pink" else "blue", None) for s, c, _ in seen], background="beige")


def images():
    """-> (kind, image, demands)."""
    for _ in range(40):
        scene = sample_scene(rng)
        yield "render", render(scene), list(demands_of(scene))
    vae, _, _ = load_vae()
    scenes = [sample_scene(rng) for _ in range(14)]
    with torch.inference_mode():
        decoded = to_images(vae.decode(vae.encode(to_tensor(np.stack([render(s) for s in scenes])))[0]))
    for scene, image in zip(scenes, decoded):
        yield "reconstruction", image, list(demands_of(scene))
    drawn = np.asarray(Image.open(MODEL / "samples.png").convert("RGB"))
    prompts = [json.loads(line) for line in open(MODEL / "eval/prompts.jsonl")]
    for k in range(12):
        x, y = k % 6 * 140 + 6, k // 6 * 182 + 6
        yield "drawn", drawn[y:y + SIZE, x:x + SIZE], [prompts[k]]
    for spoil in degrade.MILD:
        for _ in range(2 if spoil is degrade.color_noise else 4):
            scene = sample_scene(rng)
            yield spoil.__name__, spoil(render(scene), noise), list(demands_of(scene))
    for spoil in degrade.BAD:
        for shape in rng.sample(SHAPES, 4):
            asked = [demands([(shape, "red", None)]), demands([(shape, None, None)]),
                     demands([(shape, "red", None), (shape, "red", None)])]
            yield spoil.__name__, spoil(shape, noise), asked
    for shape in SHAPES:                             # touching, of one colour and of two
        for color in ("red", "blue"):
            reach, least = max(x for x, _ in degrade.outline(shape, 0, 0, 1)), min(x for x, _ in degrade.outline(shape, 0, 0, 1))
            image = degrade.draw(degrade.outline(shape, x=40, r=22), "red")
            image = degrade.draw(degrade.outline(shape, x=40 + (reach - least) * 22 - 0.5, r=22), color, image=image)
            yield "touching", image, [demands([(shape, "red", None), (shape, color, None)])]


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    pictures, expected = [], []
    for kind, image, asked in images():
        found = detect(image)
        pictures.append(image)
        expected.append({"kind": kind, **found, "checks": [{**meta, "right": bool(check(found, meta))} for meta in asked]})
    rows = -(-len(pictures) // COLUMNS)
    sheet = np.zeros((rows * SIZE, COLUMNS * SIZE, 3), np.uint8)
    for k, image in enumerate(pictures):
        y, x = k // COLUMNS * SIZE, k % COLUMNS * SIZE
        sheet[y:y + SIZE, x:x + SIZE] = image
    Image.fromarray(sheet).save(FOLDER / "sheet.png", optimize=True)
    lines = ",\n".join(json.dumps(e, separators=(",", ":")) for e in expected)
    (FOLDER / "expected.json").write_text(f"[\n{lines}\n]\n")
    verdicts = [c["right"] for e in expected for c in e["checks"]]
    print(f"{len(expected)} images, {sum(len(e['objects']) for e in expected)} objects, {sum(verdicts)} of {len(verdicts)} checks right")


if __name__ == "__main__":
    main()
