#!/usr/bin/env python3
"""llama.cpp, built for this machine: memory-mapped weights (repacked where it knows a better order), K/V in f16, all rows in one batch of
n_batch, and of flash attention on and off what is faster, for reading and for further tokens each.

    Benchmarks/Peers/llama_cpp_peer.py --type Q8_0 --prepare    # once: writes the model
    Benchmarks/Peers/llama_cpp_peer.py --type Q8_0 -t 2

Prints one JSON line."""
import os

import worker
from geometry import Geometry


def main():
    p = worker.parser(__doc__)
    p.add_argument("--type", choices=("BF16", "Q8_0", "Q4_0"), default="BF16", help="of the weights")
    p.add_argument("--flash", choices=("on", "off", "both"), default="both", help="flash attention (default: %(default)s)")
    p.add_argument("--ubatch", type=int, default=512, help="rows that are computed at once (default: %(default)s, llama.cpp's own)")
    p.add_argument("--prepare", action="store_true", help="write the model if it is not there, and measure nothing")
    task = p.parse_args()
    g = Geometry(layers=task.layers)
    path = task.work / f"llama-{task.type}-{g.layers}.gguf"
    if task.prepare:
        from llama_cpp_model import write
        task.work.mkdir(parents=True, exist_ok=True)
        write(path, g, task.type, task.threads)
    elif not path.exists():
        raise SystemExit(f"{path} is not there: run with --prepare first")
    else:
        run(task, g, path)


def run(task, g, path):
    """Measures with one load of the model."""
    import llama_cpp
    quiet = llama_cpp.llama_log_callback(lambda *_: None)
    llama_cpp.llama_log_set(quiet, None)
    model = llama_cpp.llama_model_load_from_file(os.fsencode(path), llama_cpp.llama_model_default_params())
    if not model:
        raise SystemExit(f"llama.cpp could not load {path}")
    found = {}
    for flash in ("on", "off") if task.flash == "both" else (task.flash,):
        context = Context(model, task, g, flash)
        found[flash] = worker.measure(context.read, context.step, task, g.vocabulary)
        context.free()
    read = max(found, key=lambda flash: found[flash]["rows_per_second"])
    token = min(found, key=lambda flash: found[flash]["token_seconds"])
    worker.report({"rows_per_second": found[read]["rows_per_second"], "token_seconds": found[token]["token_seconds"]},
                  f"flash attention {read} (reading), {token} (tokens); {features(llama_cpp)}")


def features(llama_cpp):
    """-> the instruction sets and libraries that the build uses"""
    text = llama_cpp.llama_print_system_info().decode()
    return "build: " + " ".join(part.split("=")[0].split(":")[-1].strip() for part in text.split("|") if part.strip().endswith("= 1"))


class Context:
    """Keys and values and what is computed with them."""

    def __init__(self, model, task, g, flash):
        import llama_cpp
        self.api, self.vocabulary = llama_cpp, g.vocabulary
        parameters = llama_cpp.llama_context_default_params()
        parameters.n_ctx = task.rows + task.tokens + 1
        parameters.n_batch, parameters.n_ubatch = max(512, task.rows), task.ubatch
        parameters.n_threads = parameters.n_threads_batch = task.threads
        parameters.flash_attn_type = {"on": llama_cpp.LLAMA_FLASH_ATTN_TYPE_ENABLED,
                                      "off": llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED}[flash]
        self.context = llama_cpp.llama_init_from_model(model, parameters)
        if not self.context:
            raise SystemExit("llama.cpp could not make a context")

    def read(self, ids):
        """ids: read from the start. -> logits `[vocabulary]`"""
        self.api.llama_memory_clear(self.api.llama_get_memory(self.context), False)
        return self.logits(ids)

    def step(self, token):
        """-> logits `[vocabulary]` behind one further token"""
        return self.logits([token])

    def logits(self, ids):
        import numpy as np
        tokens = (self.api.llama_token * len(ids))(*ids)
        if self.api.llama_decode(self.context, self.api.llama_batch_get_one(tokens, len(ids))) != 0:
            raise SystemExit("llama.cpp could not read the tokens")
        return np.ctypeslib.as_array(self.api.llama_get_logits_ith(self.context, -1), (self.vocabulary,)).copy()

    def free(self):
        self.api.llama_free(self.context)


if __name__ == "__main__":
    main()
