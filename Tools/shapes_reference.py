"""Writes Tests/Resources/pipelines/shapes_*: what Training/sample.py makes of the exported model in Models/shapes.

Needs what Training needs (Training/requirements.txt): python Tools/shapes_reference.py [latents] [answers] [bf16]
    latents   shapes_latents.safetensors: four prompts from given noise, float32
    answers   shapes_answers.json: greedy answers to all of Models/shapes/eval/questions.jsonl, float32
    bf16      shapes_bf16.json: how far bf16 autocast is from the official code's float32 (Tests/Resources/golden/shapes_t2i)
Run it again, and make the goldens again, whenever the weights in Models/shapes change.
"""
import hashlib
import json
import os
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "Models" / "shapes"
GOLDEN = ROOT / "Tests" / "Resources" / "golden" / "shapes_t2i.safetensors"
OUT = ROOT / "Tests" / "Resources" / "pipelines"
os.environ["SHAPES_MODEL"] = str(MODEL)
sys.path.insert(0, str(ROOT / "Training"))

from sample import Engine  # noqa: E402

PROMPTS = ["a photo of a red circle", "a photo of two yellow stars", "a photo of a blue square below a green heart",
           "a photo of a purple cross on a white background"]
POINTS, GUIDANCE = 10, 3.5


def provenance():
    digest = hashlib.sha256((MODEL / "model.safetensors").read_bytes()).hexdigest()
    return {"made_by": "Tools/shapes_reference.py", "model_sha256": digest, "torch": torch.__version__,
            "cpu": torch.backends.cpu.get_cpu_capability()}


def write(name, value):
    (OUT / name).write_text(json.dumps(value, indent=0) + "\n")


def latents(engine):
    noise = torch.randn(len(PROMPTS), 16, 16, 16, generator=torch.Generator().manual_seed(2024))
    final = engine.generate(PROMPTS, POINTS, GUIDANCE, noise=noise)
    save_file({"noise": noise, "final": final}, OUT / "shapes_latents.safetensors")
    write("shapes_latents.json", {**provenance(), "prompts": PROMPTS, "points": POINTS, "guidance": GUIDANCE})


def answers(engine):
    rows = [json.loads(line) for line in (MODEL / "eval" / "questions.jsonl").read_text().splitlines()]
    files = sorted({r["image"] for r in rows})
    pixels = np.stack([np.asarray(Image.open(MODEL / "eval" / f).convert("RGB")) for f in files])
    means = dict(zip(files, torch.cat([engine.encode(pixels[i:i + 25]) for i in range(0, len(files), 25)])))
    said = [engine.text(engine.answer_ids(means[r["image"]], r["question"])) for r in rows]
    right = sum(a == r["answer"] for a, r in zip(said, rows))
    write("shapes_answers.json", {**provenance(), "max_tokens": 30, "right": right, "answers": said})
    print(right, "of", len(rows), "are right")


def bf16(engine):
    golden = load_file(GOLDEN)
    prompts = json.loads(GOLDEN.with_suffix(".json").read_text())
    error = {}
    for name, low in (("float32", False), ("bfloat16", True)):
        engine.bf16 = low
        final = engine.generate(prompts["prompts"], prompts["num_inference_steps"], prompts["guidance_scale"],
                                noise=golden["noise"])
        error[name] = float((final - golden["final"]).norm() / golden["final"].norm())
    write("shapes_bf16.json", {**provenance(), "what": "||final - golden final|| / ||golden final||, all three images",
                               "relative_error": error})
    print(error)


def main():
    torch.set_num_threads(1)
    for name in sys.argv[1:] or ["latents", "bf16", "answers"]:
        {"latents": latents, "answers": answers, "bf16": bf16}[name](Engine())


if __name__ == "__main__":
    main()
