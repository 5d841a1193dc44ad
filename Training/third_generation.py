"""The third generation of the shapes model, from nothing, in a time box: prompts that leave open what they do not name.

    python third_generation.py out/third --minutes 12            on a data-centre GPU, batches of 1,024 drawings
    python third_generation.py out/smoke --smoke                 on a CPU, every phase in miniature, about a minute
    python third_generation.py out/third --flops                 what a step computes, and how many steps a device can make

Phases, each resumed where it was stopped (the same command again): tokenizer and ShapesBench 2; the VAE, from the second generation's
weights, on crops with textures; the model; export as a model folder; measurement.  Scenes are made by worker processes as integers
(third/world.py, third/words.py), drawn and encoded on the device (third/render.py).  Everything in step k is seeded by (seed, k); the
learning rate follows the share of the time box that is used, so the decay to zero ends with it wherever it runs.

Writes DIRECTORY/{model,vae}.safetensors, config.json, geometry.json, tokenizer.json, eval2/ and DIRECTORY/work/{state.pt, curve.jsonl}.
"""
import argparse
import json
import os
import signal
from pathlib import Path


def arguments(argv=None):
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("directory", type=Path)
    p.add_argument("--minutes", type=float, default=12, help="the whole time box, measurement included")
    p.add_argument("--gen", type=int, default=1024, help="drawings per step")
    p.add_argument("--und", type=int, default=160, help="of them, images with up to 8 questions each")
    p.add_argument("--tokens", type=int, default=64, choices=(64, 144), help="image tokens: 128 or 192 pixels a side")
    p.add_argument("--lr", type=float, default=2e-3, help="AdamW's rate; Muon's is twice that")
    p.add_argument("--warmup", type=int, default=150)
    p.add_argument("--decay", type=float, default=0.5, help="share of the time over which the rate falls to zero")
    p.add_argument("--ema", type=float, default=0.998)
    p.add_argument("--answers", type=float, default=0.5, help="weight of the answers' loss")
    p.add_argument("--probe", type=float, default=0.25)
    p.add_argument("--words", type=float, default=0.02)
    p.add_argument("--lookups", type=float, default=0.1)
    p.add_argument("--prompts", type=float, default=0.02)
    p.add_argument("--vae", type=float, default=0.12, help="share of the time box for the VAE")
    p.add_argument("--measure", type=float, default=0.13, help="share of the time box for export and measurement")
    p.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) - 2), help="processes that make scenes")
    p.add_argument("--save", type=float, default=45, help="seconds between checkpoints")
    p.add_argument("--seed", type=int, default=3)
    p.add_argument("--compile", action="store_true", help="torch.compile of every layer (a minute of the box)")
    p.add_argument("--steps", type=int, help="stop after so many steps of either phase, for tests")
    p.add_argument("--smoke", action="store_true", help="tiny: 4 drawings, 2 images with questions, 2 steps, no workers")
    p.add_argument("--flops", action="store_true", help="count a step's operations and stop")
    a = p.parse_args(argv)
    if a.smoke:
        a.gen, a.und, a.workers, a.steps = 4, 2, 0, a.steps or 2
    return a


def main(argv=None):
    a = arguments(argv)
    os.environ["SHAPES_MODEL"], os.environ["SHAPES_WORK"] = str(a.directory), str(a.directory / "work")
    from third.training import Run                     # after the environment says where things lie
    stopping = []
    for s in (signal.SIGTERM, signal.SIGINT):
        signal.signal(s, lambda *_: stopping.append(True))
    run = Run(a, stopping)
    if a.flops:
        print(json.dumps(run.flops(), indent=1))
        return
    for phase in (run.prepare, run.train_vae, run.train_model, run.export, run.measure):
        if not stopping:
            phase()


if __name__ == "__main__":
    main()
