#!/usr/bin/env python3
"""FlashU: `flashu bench` on random weights. Of an answer about an image it counts what the language model does: rows of text and image
read (their attention and FFN; not the VAE, the semantic encoder and the fusion), and a further token behind them.

    Benchmarks/Peers/flashu_peer.py --precision int8 -t 2

Prints one JSON line. Its process holds the encoders, too."""
import json
import os
import shlex
import subprocess
from pathlib import Path

import worker

BINARY = Path(os.environ.get("FLASHU", Path(__file__).resolve().parents[2] / ".build/release/flashu"))
ROWS = 24 + 3 + 27 * 27     # text, what frames the image and its time, and its tokens
PARTS = ("LLM attention", "LLM FFN", "guidance and rest")


def main():
    p = worker.parser(__doc__)
    p.add_argument("--precision", choices=("bf16", "int8", "int4"), default="bf16")
    task = p.parse_args()
    arguments = ["bench", "--geometry", "show-o2-1.5b", "--task", "understanding", "--precision", task.precision, "-r", str(task.reads),
                 "--answer-tokens", str(task.tokens), "-t", str(task.threads), "-o", "json"]
    done = subprocess.run([BINARY, *arguments], stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise SystemExit(f"flashu bench failed with status {done.returncode}")
    seconds = {row["name"]: row["seconds"] for row in json.loads(done.stdout)}
    worker.report({"rows_per_second": ROWS / sum(seconds.get(part, 0) for part in PARTS), "token_seconds": seconds["token"]},
                  f"{ROWS} rows; memory with VAE and semantic encoder", shlex.join(["flashu", *arguments]))


if __name__ == "__main__":
    main()
