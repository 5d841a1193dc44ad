#!/usr/bin/env python3
"""OpenVINO: weights compressed by NNCF to 8 bits (a scale and a zero for each output) or 4 (for each 128 inputs; embedding and output in
8), keys and values as states, latency hint.

    Benchmarks/Peers/openvino_peer.py --precision int8 --prepare    # once: writes the model
    Benchmarks/Peers/openvino_peer.py --precision int8 -t 2

Prints one JSON line."""
import worker
from geometry import Geometry


def main():
    p = worker.parser(__doc__)
    p.add_argument("--precision", choices=("int8", "int4"), default="int8", help="of the weights")
    p.add_argument("--inference", choices=("f32", "bf16"), default="bf16", help="type of what is not quantized (default: %(default)s)")
    p.add_argument("--prepare", action="store_true", help="write the model if it is not there, and measure nothing")
    task = p.parse_args()
    g = Geometry(layers=task.layers)
    folder = task.work / f"openvino-{task.precision}-{g.layers}"
    if task.prepare:
        if not folder.exists():
            from openvino_model import write
            write(folder, g, task.precision)
        return
    if not folder.exists():
        raise SystemExit(f"{folder} is not there: run with --prepare first")
    import openvino as ov
    compiled = ov.Core().compile_model(folder / "model.xml", "CPU", {
        "PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": task.threads, "INFERENCE_PRECISION_HINT": task.inference})
    stateful = Stateful(compiled.create_infer_request())
    worker.report(worker.measure(stateful.read, stateful.step, task, g.vocabulary))


class Stateful:
    """A request that keeps keys and values."""

    def __init__(self, request):
        self.request = request

    def read(self, ids):
        """ids: read from the start. -> logits `[vocabulary]`"""
        self.request.reset_state()
        return self.logits(ids)

    def step(self, token):
        """-> logits `[vocabulary]` behind one further token"""
        return self.logits([token])

    def logits(self, ids):
        import numpy as np
        inputs = {"ids": np.array([ids], np.int64), "beam": np.zeros(1, np.int32)}
        return self.request.infer(inputs, share_inputs=True)["logits"][0, 0]


if __name__ == "__main__":
    main()
