"""Scores a folder that `flashu draw-set` drew with the shapes model, reading it by the official scorer's own rules.

    python score.py geneval FOLDER
    python score.py dpg FOLDER --list dpg.csv --cell 128
    python score.py t2i-compbench FOLDER --list prompts.txt
    python score.py wise FOLDER --list wise.json

Prints one JSON object: images read, how many show what their prompt asks for, the score as the benchmark averages it, and what the scorer would have told.
"""
import argparse
import json
from collections import defaultdict

from colours import answer, asked, seen
from reading import FORMATS


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else 0.0


def dpg_score(image, item):
    """A cell's score: the share of questions answered yes, those whose parents were answered no counting as no."""
    plain = {number: answer(image, question) for number, question in item["questions"].items()}
    return mean(plain[n] and all(p == 0 or plain[p] for p in item["parents"][n]) for n in plain)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("format", choices=FORMATS)
    parser.add_argument("folder")
    parser.add_argument("--list", dest="table")
    parser.add_argument("--cell", type=int, default=128, help="side of a cell of a grid, in pixels (dpg)")
    options = parser.parse_args()
    told, groups, right, prompts = [], defaultdict(list), 0, set()
    readings = FORMATS[options.format](options.folder, table=options.table, cell=options.cell, tell=told.append)
    count = 0
    for reading in readings:
        count += 1
        prompts.add(reading.prompt)
        if options.format == "dpg":
            score = dpg_score(reading.image, reading.extra)
            groups[reading.file].append(score)
            right += score == 1
            continue
        if options.format == "t2i-compbench" and reading.extra not in (None, reading.prompt):
            told.append(f"{reading.file} stands where images of {reading.extra!r} should be")
        is_right = seen(reading.image) == asked(reading.prompt)
        right += is_right
        # GenEval averages over its tasks, the others over images.
        groups[reading.extra["tag"] if options.format == "geneval" else "all"].append(float(is_right))
    print(json.dumps({
        "format": options.format, "images": count, "prompts": len(prompts), "right": right,
        "score": round(mean(mean(scores) for scores in groups.values()), 4), "told": told}))


if __name__ == "__main__":
    main()
