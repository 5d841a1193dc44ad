"""Writes Models/shapes/calibration: 20 prompts, and a question on each of 20 images, from scenes that neither training nor the evaluation
sets use (their own seed). `flashu calibrate` measures on them.

    python calibration_set.py [FOLDER]
"""
import json
import random
import sys
from pathlib import Path

from PIL import Image

from world import caption, question, render, sample_scene

SEED = 20261125
COUNT = 20


def main(folder: Path):
    rng = random.Random(SEED)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    prompts = ["a photo of " + caption(sample_scene(rng), rng).removeprefix("a photo of ") for _ in range(COUNT)]
    (folder / "prompts.txt").write_text("\n".join(prompts) + "\n")
    with open(folder / "questions.jsonl", "w") as out:
        for i in range(COUNT):
            row = None
            while row is None:
                scene = sample_scene(rng)
                row = question(scene, rng)
            Image.fromarray(render(scene)).save(folder / f"images/{i:02d}.png", optimize=True)
            out.write(json.dumps({"image": f"images/{i:02d}.png", "question": row[1]}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent / "Models/shapes/calibration")
