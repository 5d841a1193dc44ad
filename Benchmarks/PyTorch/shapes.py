"""Seconds an evaluation of the velocity takes in PyTorch on the shapes model (Training/sample.py: the official architecture, two
guidance branches in one batch), for comparison with the engine's `denoising-step` in the same quiet minute.

    python Benchmarks/PyTorch/shapes.py [repeats]       (needs Training/requirements.txt)
"""
import statistics
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Training"))
from sample import Engine  # noqa: E402

repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
engine = Engine()
for bf16 in (False, True):
    engine.bf16, times = bf16, []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        engine.generate(["a photo of a red circle"], points=11)
        times.append((time.perf_counter() - start) / 10)
    times = times[1:]
    print(f"PyTorch {torch.__version__} {'bf16 autocast' if bf16 else 'f32'}, {torch.get_num_threads()} threads: "
          f"{statistics.median(times):.4f} s an evaluation ({min(times):.4f} ... {max(times):.4f})")
