"""Writes Tests/Resources/pipelines/torch_randn.safetensors: torch.randn of PyTorch's CPU generator.

Needs torch and safetensors: python Tools/noise_fixtures.py
Tensors "SEED.COUNT" float32, and "SEED.COUNT.bf16" (the same rounded to bfloat16) for one of them.
"""
from pathlib import Path

import torch
from safetensors.torch import save_file

OUT = Path(__file__).resolve().parent.parent / "Tests" / "Resources" / "pipelines"


def main():
    tensors = {}
    for seed in (0, 1, 42, 2**32 + 5):
        for count in (16, 100, 4096):
            tensors[f"{seed}.{count}"] = torch.randn(count, generator=torch.Generator().manual_seed(seed))
    tensors["42.4096.bf16"] = tensors["42.4096"].to(torch.bfloat16)
    # Two draws in a row: the second continues where the first ended.
    generator = torch.Generator().manual_seed(7)
    tensors["7.twice"] = torch.cat([torch.randn(100, generator=generator), torch.randn(64, generator=generator)])
    save_file(tensors, OUT / "torch_randn.safetensors", metadata={"torch": torch.__version__})


if __name__ == "__main__":
    main()
