"""What the official scorers find in a folder of images: which files they open, and which prompt they take each for.

Each function follows one scorer's walk, faults included, and yields readings; what a scorer passes over silently is not yielded, what it trips over raises or is told.
"""
import csv
import json
import os
import re
from collections import namedtuple

from PIL import Image

Reading = namedtuple("Reading", "file prompt image extra")


def geneval(folder, **_):
    """djghosh13/geneval, evaluate_images.py: folders of digits, the single object in metadata.jsonl, samples that begin like NNN.png."""
    for name in os.listdir(folder):
        inner = os.path.join(folder, name)
        if not os.path.isdir(inner) or not name.isdigit():
            continue
        with open(os.path.join(inner, "metadata.jsonl")) as file:
            metadata = json.load(file)
        for sample in os.listdir(os.path.join(inner, "samples")):
            path = os.path.join(inner, "samples", sample)
            if os.path.isfile(path) and re.match(r"\d+\.png", sample):
                metadata["tag"], metadata["include"]  # looked up by the scorer
                yield Reading(path, metadata["prompt"], Image.open(path).convert("RGB"), metadata)


def dpg_questions(table):
    """TencentQQGYLab/ELLA, prepare_dpg_data: questions by item_id. The first row is passed over; an item's rows stand together."""
    items, previous = {}, ""
    with open(table, newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            if number == 0:
                continue
            if row["item_id"] != previous:
                items[row["item_id"]] = {"prompt": row["text"], "questions": {}, "parents": {}}
            item = items[row["item_id"]]
            item["questions"][int(row["proposition_id"])] = row["question_natural_language"]
            item["parents"][int(row["proposition_id"])] = [int(p) for p in row["dependency"].split(",")]
            previous = row["item_id"]
    return items


def dpg(folder, table, cell, tell=print, **_):
    """compute_dpg_bench.py --pic-num 4: every name in the folder, up to its first dot, is an item; four cells of a 2 x 2 grid, row by row."""
    items = dpg_questions(table)
    for name in os.listdir(folder):
        try:
            item = items[name.split(".")[0]]
            image = Image.open(os.path.join(folder, name)).convert("RGB")
            # The scorer crops beyond a smaller image without a word, and sees black there.
            if image.size != (2 * cell, 2 * cell):
                raise ValueError(f"{image.size[0]} x {image.size[1]} pixels are no 2 x 2 grid of {cell}")
            for y in (0, cell):
                for x in (0, cell):
                    yield Reading(name, item["prompt"], image.crop((x, y, x + cell, y + cell)), item)
        except Exception as error:  # as the scorer does
            tell(f"Failed filename: {name} {error!r}")


def t2i_compbench(folder, table=None, per_prompt=10, **_):
    """Karine-Huang/T2I-CompBench: all of samples/, sorted by the number behind the last `_`; the prompt is what stands before the first one.

    With the list of prompts also as 3_in_1.py does, which takes images 10 i ... 10 i + 9 for those of line i whatever they are called.
    """
    samples = os.path.join(folder, "samples")
    names = os.listdir(samples)
    names.sort(key=lambda name: int(name.split("_")[-1].split(".")[0]))
    lines = None
    if table is not None:
        with open(table) as file:
            lines = [line.rstrip("\n") for line in file if line.strip()]
        if len(names) != per_prompt * len(lines):
            raise ValueError(f"{len(names)} images are not {per_prompt} of each of {len(lines)} prompts")
    for place, name in enumerate(names):
        path = os.path.join(samples, name)
        line = None if lines is None else lines[place // per_prompt]
        yield Reading(path, name.split("_")[0], Image.open(path).convert("RGB"), line)


def wise(folder, table, tell=print, **_):
    """PKU-YuanGroup/WISE, gpt_eval.py: N.png of each prompt_id of a JSON list; a missing one is warned of and left out of the average."""
    with open(table) as file:
        entries = json.load(file)
    for entry in entries:
        path = os.path.join(folder, f"{entry['prompt_id']}.png")
        if not os.path.exists(path):
            tell(f"[WARN] Missing image: {path}")
            continue
        yield Reading(path, entry["Prompt"], Image.open(path).convert("RGB"), entry)


FORMATS = {"geneval": geneval, "dpg": dpg, "t2i-compbench": t2i_compbench, "wise": wise}
