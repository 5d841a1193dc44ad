"""Seconds PyTorch takes to decode and encode an image with the Wan2.1 VAE (Training/vae.py: the official layers on one frame, random
weights of true size), for comparison with `flashu bench --task vae` in the same quiet minute.

    python Benchmarks/PyTorch/vae.py [side] [repeats]       (needs Training/requirements.txt)
"""
import statistics
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Training"))
from geometry import VAEGeometry  # noqa: E402
from vae import WanVAE  # noqa: E402

side = int(sys.argv[1]) if len(sys.argv) > 1 else 432
repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 3
vae = WanVAE(VAEGeometry(dim=96)).eval()
latents, pixels = torch.randn(1, 16, side // 8, side // 8), torch.rand(1, 3, side, side) * 2 - 1


def seconds(name, run):
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    times = times[1:]
    print(f"PyTorch {torch.__version__} f32, {torch.get_num_threads()} threads, {side} px {name}: "
          f"{statistics.median(times):.2f} s ({min(times):.2f} ... {max(times):.2f})", flush=True)


with torch.no_grad():
    seconds("decode", lambda: vae.decode(latents))
    seconds("encode", lambda: vae.encode(pixels))
