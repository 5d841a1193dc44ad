"""Writes EVAL.md and curves.svg of $SHAPES_MODEL from its eval/scores.json (evaluate.py --json) and training.jsonl.

    python report.py [--before scores.json]      with the scores of the weights that these replace, for comparison
"""
import argparse
import json
from pathlib import Path

from common import MODEL
from curves import figure


def percent(row) -> str:
    return f"{100 * row['share']:.1f} % [{100 * row['low']:.1f}, {100 * row['high']:.1f}]"


def table(title: str, now: dict, before: dict) -> list:
    """Markdown rows of one task's scores."""
    head = ["", "right", "share and 95 % interval"] + (["before"] if before else [])
    lines = [f"## {title}", "", "| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for k in [*now["tasks"], "overall"]:
        row = now["overall"] if k == "overall" else now["tasks"][k]
        cells = [k.replace("_", " "), f"{row['right']} of {row['count']}", percent(row)]
        if before:
            old = before["overall"] if k == "overall" else before["tasks"][k]
            cells.append(f"{percent(old)} of {old['count']}")
        if k == "overall":
            cells = [f"**{c}**" for c in cells]
        lines.append("| " + " | ".join(cells) + " |")
    return lines + [""]


def text(scores: dict, before: dict, log: list) -> str:
    lines = ["# Shapes model: measured quality", "",
             f"Measured on the exported file (bf16 weights, fingerprint `{scores['weights']}`), float32 arithmetic, by",
             "`Training/evaluate.py`: fixed prompts and noise seeds, greedy answers, Wilson 95 % intervals. An image counts only",
             "if it holds exactly the requested objects, each of one clear shape and colour, and nothing else. Position and",
             "colour-attribution prompts use pairs of coloured shapes that never occur in training.", ""]
    if before:
        lines += [f"\"Before\" are the weights `{before['weights']}` that these replace, measured in the same way.", ""]
    lines += table(f"Text to image ({scores['generation']['overall']['count']} prompts, {scores['points']} grid points, "
                   f"guidance {scores['guidance']})", scores["generation"], before.get("generation"))
    lines += table(f"Questions ({scores['understanding']['overall']['count']}, exact match)", scores["understanding"],
                   before.get("understanding"))
    if log:
        lines += ["## Training", "", f"The log ends at step {log[-1]['step']}, after {log[-1]['active_minutes']:.0f} "
                  f"minutes of work, on {log[-1]['scenes']:,} scenes.", "", "![learning curves](curves.svg)", ""]
    return "\n".join(lines)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--before", type=Path)
    a = p.parse_args()
    scores = json.loads((MODEL / "eval/scores.json").read_text())
    before = json.loads(a.before.read_text()) if a.before else {}
    path = MODEL / "training.jsonl"
    log = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    if log:
        (MODEL / "curves.svg").write_text(figure(log))
    (MODEL / "EVAL.md").write_text(text(scores, before, log))
    print(text(scores, before, log))


if __name__ == "__main__":
    main()
