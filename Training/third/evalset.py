"""ShapesBench 2: prompts and questions about open scenes, with held-out combinations, all seeds fixed.

    python -m third.evalset DIRECTORY [SIDE]         Training/shapesbench2 holds what this writes, without the images

writes DIRECTORY/set.json {"name", "version": 2, ...}, prompts.jsonl, questions.jsonl, scenes.jsonl (the truth) and images/*.png.
prompts.jsonl follows GenEval's metadata as the first version does; a row of "include" may lack "class" (any shape), and there are "exclude" and
"background" (evaluator.check).  Tasks are interleaved, so that the first 7k lines hold k prompts of every task.
"""
import json
import random
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from common import replace
from third.render import images
from third.words import KINDS, View, prompt, question, text
from third.world import BACK_NAMES, COLOR_NAMES, HELD, SHAPES, TEXTURES, sample, take

TASKS = ["single", "two", "count", "groups", "position", "any", "negation"]
PER_TASK, PER_KIND, IMAGES, SEED = 75, 160, 640, 20_261_128
YES_NO = ("exist", "relation", "larger", "more")


def unseen(view: View) -> bool:
    """Does the scene hold a combination that training never shows?"""
    kinds = [COLOR_NAMES.index(c) * len(SHAPES) + SHAPES.index(s) for c, s in zip(view.color, view.shape)]
    return any(HELD[a, b] for a in kinds for b in kinds)


def prompts(per_task=PER_TASK) -> list:
    """Of the tasks "two" and "position" every scene is a held-out combination with its colours named."""
    rng, numbers, rows, seen = random.Random(SEED), np.random.default_rng(SEED), {t: [] for t in TASKS}, set()
    while any(len(r) < per_task for r in rows.values()):
        scenes = sample(1024, numbers, held=True)
        for view in (View(scenes, i) for i in range(1024)):
            said, wish = prompt(view, rng)
            full = "a photo of " + text(said).removeprefix("a photo of ")
            held, named = wish["tag"] in ("two", "position"), all("color" in row for row in wish["include"])
            if len(rows[wish["tag"]]) == per_task or full in seen or (held and not (named and unseen(view))):
                continue
            seen.add(full)
            rows[wish["tag"]].append({**{k: v for k, v in wish.items() if v}, "prompt": full})
    return [rows[t][k] for k in range(per_task) for t in TASKS]


def questions(per_kind=PER_KIND, pictures=IMAGES):
    """-> rows, scenes.  Questions of a kind have different scenes; yes and no alternate where a kind has only those."""
    rng = random.Random(SEED + 1)
    scenes = sample(pictures, np.random.default_rng(SEED + 1), held=True)
    views, rows = [View(scenes, i) for i in range(pictures)], []
    for kind in KINDS:
        got, tries = 0, [i for _ in range(24) for i in rng.sample(range(pictures), pictures)]
        asked = set()
        for i in tries:
            found = question(views[i], rng, kind)
            if not found or got == per_kind:
                continue
            said, answer = text(found[0]), text(found[1])
            if (kind in YES_NO and answer != ("yes", "no")[got % 2]) or (i, said) in asked:
                continue
            if kind == "count" and sum(r["type"] == kind and r["answer"] == answer for r in rows) >= per_kind / 4:
                continue                                                # or half of the answers are "one"
            asked.add((i, said))
            rows.append({"at": i, "image": f"images/{i:03d}.png", "type": kind, "question": said, "answer": answer})
            got += 1
        if got < per_kind:
            raise SystemExit(f"{pictures} pictures give only {got} questions of the kind {kind}, not {per_kind}: ask for more pictures")
    rows.sort(key=lambda r: (r["at"], KINDS.index(r["type"])))
    return [{k: v for k, v in r.items() if k != "at"} for r in rows], scenes


def truth(scenes: dict, i: int) -> dict:
    view = View(scenes, i)
    return {"background": view.back, "texture": TEXTURES[scenes["texture"][i]],
            "objects": [{"shape": view.shape[k], "color": view.color[k], "size": ("small", "medium", "large")[view.size[k]], "x": round(view.x[k], 1),
                         "y": round(view.y[k], 1), "r": round(float(scenes["r"][i, k]), 1), "turn": round(float(np.rad2deg(scenes["turn"][i, k])), 1)}
                        for k in range(view.n)]}


def write(folder: Path, side=128, per_task=PER_TASK, per_kind=PER_KIND, pictures=IMAGES, draw=True):
    """The set's files; without its images if not `draw`."""
    def lines(name, rows):
        replace(folder / name, lambda tmp: tmp.write_text("".join(json.dumps(r) + "\n" for r in rows)))
    wishes = prompts(per_task)
    asked, scenes = questions(per_kind, pictures)
    lines("prompts.jsonl", wishes)
    lines("questions.jsonl", asked)
    lines("scenes.jsonl", [truth(scenes, i) for i in range(pictures)])
    (folder / "images").mkdir(exist_ok=True)
    for i in range(0, pictures if draw else 0, 32):
        for k, image in enumerate(images(take(scenes, slice(i, i + 32)), side)):
            Image.fromarray(image).save(folder / f"images/{i + k:03d}.png", optimize=True)
    head = {"name": "ShapesBench 2", "version": 2, "image_size": side, "prompts": len(wishes), "questions": len(asked), "images": pictures,
            "seed": SEED, "tasks": TASKS, "kinds": KINDS, "shapes": SHAPES, "backgrounds": BACK_NAMES}
    replace(folder / "set.json", lambda tmp: tmp.write_text(json.dumps(head, indent=1) + "\n"))


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 128)
