#!/usr/bin/env python3
"""The official Show-o2 code, as Benchmarks/PyTorch/official.py calls it: a further token reads everything again, and logits are made of
all rows.

    Benchmarks/Peers/official_peer.py Show-o/show-o2 -t 2

Prints one JSON line. Its process holds the semantic encoder and that part's autograd graph, too."""
import re
import shlex
import subprocess
import sys
from pathlib import Path

import worker

SCRIPT = Path(__file__).resolve().parents[1] / "PyTorch/official.py"


def main():
    p = worker.parser(__doc__)
    p.add_argument("official", type=Path, help="the folder show-o2 of an official checkout")
    task = p.parse_args()
    arguments = [str(task.official), "--only", "understanding", "--dtype", "bf16",
                 "--repeats", str(task.reads), "--threads", str(task.threads)]
    done = subprocess.run([sys.executable, SCRIPT, *arguments], stdout=subprocess.PIPE, text=True, check=False)
    first = re.search(r"^first token \((\d+) rows\)\s+([\d.]+) s", done.stdout, re.M)
    token = re.search(r"^each following token\s+([\d.]+) s", done.stdout, re.M)
    if done.returncode != 0 or not first or not token:
        raise SystemExit(f"official.py failed with status {done.returncode}")
    worker.report({"rows_per_second": int(first[1]) / float(first[2]), "token_seconds": float(token[1])},
                  f"{first[1]} rows; memory with semantic encoder", shlex.join(["Benchmarks/PyTorch/official.py", *arguments]))


if __name__ == "__main__":
    main()
