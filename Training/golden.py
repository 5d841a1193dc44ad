"""Golden files of the shapes model: what the engine must draw and answer, float32, from stored noise and latents.

    python golden.py Tests/Resources/shapes                       for the exported weights of $SHAPES_MODEL
    python golden.py --check ../shared/golden --weights OLD       are stored goldens reproduced by these weights?

Writes shapes_t2i.safetensors/.json/.png (three prompts, 30 grid points, guidance 3.5: noise, latents of every grid point,
final latents, decoded images as float and 8 bit) and shapes_mmu.safetensors/.json (ten questions about two evaluation
images: posterior-mean latents, greedy token ids).  Keys, shapes and manifests are those of the goldens that the official
code made for the weights of 3,142 steps; `--check` holds this code to those: relative L2 within 1e-4 from the stored
latents of each step, 1e-3 free-running, equal tokens, 8-bit pixels within 1.
"""
import argparse
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

import tokenizer
from common import MODEL, replace, to_images
from evaluate import fingerprint
from sample import Engine, timesteps

PROMPTS = ["a photo of a green triangle", "a photo of a purple heart right of a pink star", "a photo of a circle"]
IMAGES, PER_IMAGE = ["images/000.png", "images/007.png"], 5
POINTS, GUIDANCE, SHIFT, SEED = 30, 3.5, 3.0, 2024
DTYPES = {torch.float32: "float32", torch.uint8: "uint8"}


def relative(a, b) -> float:
    """L2 distance relative to b."""
    return float((a - b).norm() / b.norm())


def questions(directory: Path) -> list:
    """The first questions about the chosen evaluation images."""
    rows = [json.loads(line) for line in open(directory / "eval/questions.jsonl")]
    return [r for i in IMAGES for r in [q for q in rows if q["image"] == i][:PER_IMAGE]]


def text_to_image(engine: Engine, noise: torch.Tensor) -> dict:
    """Noise (3, 16, 16, 16) -> every tensor of shapes_t2i."""
    path = engine.generate(PROMPTS, POINTS, GUIDANCE, noise=noise, trajectory=True)
    image = engine.decode_float(path[-1])
    return {"noise": noise, "latents": path, "final": path[-1], "image": image,
            "image_u8": torch.from_numpy(to_images(image))}


def understanding(engine: Engine, directory: Path):
    """-> (tensors, answers) of shapes_mmu."""
    tensors, answers = {}, []
    for row in questions(directory):
        key = "latents." + Path(row["image"]).stem
        if key not in tensors:
            pixels = np.asarray(Image.open(directory / "eval" / row["image"]).convert("RGB"))
            tensors[key] = engine.encode(pixels[None])
        ids = engine.answer_ids(tensors[key][0], row["question"])
        answers.append({"image": row["image"], "question": row["question"], "expected": row["answer"],
                        "output_ids": ids, "output": engine.text(ids)})
    return tensors, answers


def write(out: Path, name: str, manifest: dict, tensors: dict):
    """One golden file and its manifest."""
    tensors = {k: v.clone().contiguous() for k, v in tensors.items()}          # the final latents are a view
    manifest["tensors"] = {k: {"shape": list(v.shape), "dtype": DTYPES[v.dtype]} for k, v in tensors.items()}
    replace(out / f"{name}.safetensors", lambda tmp: save_file(tensors, tmp))
    replace(out / f"{name}.json", lambda tmp: tmp.write_text(json.dumps(manifest, indent=1)))


def make(engine: Engine, out: Path, directory: Path, weights: str):
    special = tokenizer.token_ids(engine.layouts.tok)
    gen = torch.Generator().manual_seed(SEED)
    noise = torch.randn(len(PROMPTS), 16, 16, 16, generator=gen).bfloat16().float()   # rounded, as official inference does
    tensors = text_to_image(engine, noise)
    write(out, "shapes_t2i",
          {"kind": "t2i dense on the shapes model", "weights": weights, "prompts": PROMPTS,
           "prompts_token_ids": [engine.layouts.encode(p) for p in PROMPTS], "special": special,
           "num_inference_steps": POINTS, "guidance_scale": GUIDANCE, "time_shifting_factor": SHIFT, "max_seq_len": 96},
          tensors)
    Image.fromarray(np.concatenate(list(tensors["image_u8"].numpy()), 1)).save(out / "shapes_t2i.png", optimize=True)
    tensors, answers = understanding(engine, directory)
    write(out, "shapes_mmu", {"kind": "understanding on the shapes model, posterior mean latents", "weights": weights,
                              "special": special, "answers": answers}, tensors)


@torch.inference_mode()
def deviations(engine: Engine, golden: Path, directory: Path) -> dict:
    """How far this code is from stored golden files, by quantity."""
    stored, manifest = load_file(golden / "shapes_t2i.safetensors"), json.loads((golden / "shapes_t2i.json").read_text())
    assert manifest["prompts"] == PROMPTS and manifest["num_inference_steps"] == POINTS
    batch, t, x = engine.generation_layout(PROMPTS), timesteps(POINTS, manifest["time_shifting_factor"]), stored["latents"]
    steps = [relative(engine.guided_velocity(batch, x[k], t[k], manifest["guidance_scale"]),
                      (x[k + 1] - x[k]) / (t[k + 1] - t[k])) for k in range(POINTS - 1)]
    free = text_to_image(engine, stored["noise"])
    tensors, answers = understanding(engine, directory)
    mmu = load_file(golden / "shapes_mmu.safetensors")
    expected = json.loads((golden / "shapes_mmu.json").read_text())["answers"]
    return {"velocity per step": max(steps), "final latents": relative(free["final"], stored["final"]),
            "image": relative(engine.decode_float(stored["final"]), stored["image"]),
            "8-bit pixels": int((free["image_u8"].int() - stored["image_u8"].int()).abs().max()),
            "image latents": max(relative(tensors[k], mmu[k]) for k in mmu),
            "tokens that differ": sum(a["output_ids"] != b["output_ids"] for a, b in zip(answers, expected, strict=True))}


LIMITS = {"velocity per step": 1e-4, "final latents": 1e-3, "image": 1e-4, "8-bit pixels": 1, "image latents": 1e-4,
          "tokens that differ": 0}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("out", nargs="?", type=Path, help="where to write")
    p.add_argument("--check", type=Path, metavar="DIR", help="compare with the golden files in DIR")
    p.add_argument("--model", type=Path, default=MODEL, help="a model directory with eval/")
    p.add_argument("--weights", type=Path, help="a model.safetensors other than the directory's")
    a = p.parse_args()
    state = {k: v.float() for k, v in load_file(a.weights or a.model / "model.safetensors").items()}
    engine = Engine(state, a.model)
    if a.check:
        found = deviations(engine, a.check, a.model)
        for k, v in found.items():
            print(f"{k:20} {v:.3g}   (limit {LIMITS[k]:g})")
        raise SystemExit(any(found[k] > LIMITS[k] for k in LIMITS))
    if not a.out:
        p.error("say where to write, or --check")
    make(engine, a.out, a.model, fingerprint(state))


if __name__ == "__main__":
    main()
