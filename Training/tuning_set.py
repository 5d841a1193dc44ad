"""Writes Models/shapes/tuning: 240 prompts, and a question of every kind on each of 75 images, from scenes that neither training, nor the
evaluation sets, nor the calibration use (their own seed). `flashu tune` measures on them.

    python tuning_set.py [FOLDER]
"""
import json
import random
import sys
from pathlib import Path

from PIL import Image

from world import caption, question, render, sample_scene

SEED = 20261129
PROMPTS, IMAGES = 240, 75


def main(folder: Path):
    """Prompts all differ; a question of a kind once an image, as far as the kind applies."""
    rng = random.Random(SEED)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    prompts = []
    while len(prompts) < PROMPTS:
        prompt = "a photo of " + caption(sample_scene(rng), rng).removeprefix("a photo of ")
        if prompt not in prompts:
            prompts.append(prompt)
    (folder / "prompts.txt").write_text("\n".join(prompts) + "\n")
    with open(folder / "questions.jsonl", "w") as out:
        for i in range(IMAGES):
            scene, name, asked = sample_scene(rng), f"images/{i:02d}.png", {}
            for _ in range(40):
                row = question(scene, rng)
                if row is not None:
                    asked.setdefault(row[0], row[1])
            Image.fromarray(render(scene)).save(folder / name, optimize=True)
            for text in asked.values():
                out.write(json.dumps({"image": name, "question": text}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent / "Models/shapes/tuning")
