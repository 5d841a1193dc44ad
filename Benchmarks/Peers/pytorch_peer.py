#!/usr/bin/env python3
"""PyTorch as well as it is written without a compiler: scaled_dot_product_attention, keys and values in a cache of fixed size, inference
mode; `int8` is torch.ao's dynamic quantization of every matrix, embedding included.

    Benchmarks/Peers/pytorch_peer.py --precision bf16 -t 2

Prints one JSON line. Freed memory is kept for the next use instead of being given back to the system and cleared anew (MALLOC_ variables,
with which the script starts itself again)."""
import sys
from pathlib import Path

import worker
from geometry import Geometry

sys.path.append(str(Path(__file__).resolve().parents[1] / "PyTorch"))
from kept_memory import KEEP, restart_with  # noqa: E402


def main():
    p = worker.parser(__doc__)
    p.add_argument("--precision", choices=("bf16", "f32", "int8"), default="bf16")
    task = p.parse_args()
    restart_with(KEEP)
    run(task)


def run(task):
    """Measures."""
    import torch

    from transformer import random_transformer
    torch.set_num_threads(task.threads)
    g = Geometry(layers=task.layers)
    with torch.inference_mode():
        if task.precision == "int8":
            model = random_transformer(g, torch.float32, quantized)
        else:
            model = random_transformer(g, {"bf16": torch.bfloat16, "f32": torch.float32}[task.precision])
        dtype = torch.bfloat16 if task.precision == "bf16" else torch.float32
        cached = Cached(model, torch.zeros(g.layers, 2, 1, g.kv_heads, task.rows + task.tokens + 1, g.head_dim, dtype=dtype))
        worker.report(worker.measure(cached.read, cached.step, task, g.vocabulary))


def quantized(module):
    """-> the module with matrices in 8 bits (a scale for each output), inputs of products quantized as they come"""
    import warnings

    import torch
    from torch.ao import quantization
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return quantization.quantize_dynamic(module, {
            torch.nn.Linear: quantization.per_channel_dynamic_qconfig,
            torch.nn.Embedding: quantization.float_qparams_weight_only_qconfig}, inplace=True)


class Cached:
    """The model with its keys and values: `cache` is `[layers, 2, 1, kv_heads, context, head_dim]`."""

    def __init__(self, model, cache):
        self.model, self.cache, self.length = model, cache, 0

    def read(self, ids):
        """ids: read from the start. -> logits `[vocabulary]`"""
        self.length = 0
        return self.logits(ids)

    def step(self, token):
        """-> logits `[vocabulary]` behind one further token"""
        return self.logits([token])

    def logits(self, ids):
        import torch
        start, self.length = self.length, self.length + len(ids)
        positions = torch.arange(start, self.length)
        attends = [lambda q, k, v, kept=kept: attention(q, k, v, kept, start) for kept in self.cache]
        return self.model(torch.tensor([ids]), positions, attends)[0, 0].float().numpy()


def attention(q, k, v, kept, start):
    """Writes keys and values `[1, kv_heads, n, head_dim]` to row `start` of `kept` and attends to all rows so far: n rows from the start,
    each to those before it, or one row to all."""
    from torch.nn.functional import scaled_dot_product_attention
    n, kv_heads = q.shape[2], k.shape[1]
    kept[0, :, :, start:start + n], kept[1, :, :, start:start + n] = k, v
    if n == 1:      # heads that share keys are rows of one product
        grouped = q.view(1, kv_heads, -1, q.shape[-1])
        keys, values = kept[:, :, :, :start + 1]
        return scaled_dot_product_attention(grouped, keys, values).view(q.shape)
    group = q.shape[1] // kv_heads
    return scaled_dot_product_attention(q, k.repeat_interleave(group, 1), v.repeat_interleave(group, 1), is_causal=True)


if __name__ == "__main__":
    main()
