"""What the engines' scripts share: options, timing, and the JSON line that `peers` reads."""
import argparse
import json
import math
import os
import statistics
import time
from pathlib import Path

from geometry import Geometry, token_ids

ROWS = 776          # what `flashu bench` has read when an answer begins: 24 rows of text, an image's 732, a question's 20
WORK = Path("/tmp/flashu-peers")


def cores():
    """-> the cores this process may use"""
    return len(os.sched_getaffinity(0))


def add_task_options(parser):
    """Options that the engines' scripts and `peers` have in common."""
    parser.add_argument("-t", "--threads", type=int, default=cores(), help="threads (default: the cores there are, %(default)s)")
    parser.add_argument("--rows", type=int, default=ROWS, help="tokens that are read at once (default: %(default)s)")
    parser.add_argument("--reads", type=int, default=2, help="timed readings in a process, after one that is not (default: %(default)s)")
    parser.add_argument("--tokens", type=int, default=16,
                        help="timed further tokens in a process, after one that is not (default: %(default)s)")
    parser.add_argument("--work", type=Path, default=WORK, help="folder for models that are written once (default: %(default)s)")
    parser.add_argument("--layers", type=int, default=Geometry.layers, help=argparse.SUPPRESS)


def parser(description):
    """-> the parser of an engine's script"""
    p = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_task_options(p)
    return p


def seconds(run):
    """-> seconds that `run()` takes, and what it returns"""
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


def measure(read, step, task, vocabulary):
    """Times an engine.

    read: takes a list of ids, forgets what was read before and returns the logits `[vocabulary]` behind the last id.
    step: takes one further id and returns the logits behind it.
    -> rows a second of reading, and seconds of a further token: medians
    """
    prompt, further = token_ids(task.rows, vocabulary), token_ids(task.tokens + 1, vocabulary, seed=2)
    readings = [seconds(lambda: read(prompt)) for _ in range(1 + task.reads)]
    steps = [seconds(lambda: step(i)) for i in further]
    for _, logits in (readings[-1], steps[-1]):
        if len(logits) != vocabulary or not math.isfinite(float(logits.sum())):
            raise SystemExit("the engine's logits are not finite numbers, one for each token")
    return {"rows_per_second": task.rows / statistics.median(t for t, _ in readings[1:]),
            "token_seconds": statistics.median(t for t, _ in steps[1:])}


def report(figures, note="", command=None):
    """Prints the line that `peers` reads. `command`: what was measured, where that is not the script itself."""
    print(json.dumps({**figures, "note": note, "command": command}), flush=True)
