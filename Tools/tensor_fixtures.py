"""Writes Tests/Resources/tensors: files by PyTorch and safetensors themselves, to hold the Swift readers to.

Needs torch, numpy and safetensors (any recent versions): python Tools/tensor_fixtures.py
Every X.pth has X.safetensors beside it with what a reader must find; files called bad_* must be refused.
"""
import io
import os
import pickle
import sys
import zipfile
from pathlib import Path

import torch
from safetensors.torch import save_file

OUT = Path(__file__).resolve().parent.parent / "Tests" / "Resources" / "tensors"
torch.manual_seed(0)


def expect(name, tensors):
    save_file({k: v.detach().clone().contiguous() for k, v in tensors.items()}, OUT / f"{name}.safetensors")


def every_type():
    real = torch.randn(2, 3)
    whole = torch.randint(-100, 100, (2, 3))
    out = {str(t)[6:]: real.to(t) for t in (torch.float32, torch.float16, torch.bfloat16, torch.float64)}
    out |= {str(t)[6:]: whole.to(t) for t in (torch.int8, torch.int16, torch.int32, torch.int64)}
    out |= {"uint8": whole.abs().to(torch.uint8), "bool": whole > 0}
    return out | {"scalar": torch.tensor(2.5), "empty": torch.zeros(3, 0, 2), "one": torch.ones(1, 1, 4)}


class Tiny(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(2, 3, 3)
        self.norm = torch.nn.BatchNorm2d(3)
        self.embed = torch.nn.Embedding(5, 4)
        self.head = torch.nn.Linear(4, 5, bias=False)
        self.head.weight = self.embed.weight


def rezip(source, target, change=lambda name, data: data, compression=zipfile.ZIP_STORED, streamed=False, zip64=False):
    """The same entries in an archive by Python's zipfile: other alignment, data descriptors, zip64 fields."""
    class Pipe(io.RawIOBase):
        def __init__(self):
            self.data = bytearray()
        def writable(self):
            return True
        def write(self, piece):
            self.data += piece
            return len(piece)
    sink = Pipe() if streamed else io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(sink, "w", compression) as new:
        for info in old.infolist():
            data = change(info.filename, old.read(info))
            if data is not None:
                entry = zipfile.ZipInfo(info.filename, (1980, 1, 1, 0, 0, 0))
                entry.compress_type = compression
                with new.open(entry, "w", force_zip64=zip64) as f:
                    f.write(data)
    target.write_bytes(bytes(sink.data) if streamed else sink.getvalue())


def rare_values():
    """What nobody needs, around two tensors that somebody does; and every 8-bit float."""
    import argparse
    import collections
    import datetime
    import decimal
    import numpy
    wanted = {"a": torch.ones(2), "b.c": torch.arange(6).float().reshape(2, 3).t()}
    linear = torch.nn.Linear(3, 2)
    optimizer = torch.optim.Adam(linear.parameters())
    linear(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    rare = {
        "complex": torch.zeros(2, dtype=torch.complex64), "u16": torch.zeros(2, dtype=torch.uint16),
        "u64": torch.zeros(2, dtype=torch.uint64), "f8_fnuz": torch.zeros(2).to(torch.float8_e4m3fnuz),
        "quantised": torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8),
        "sparse": torch.eye(3).to_sparse(), "meta": torch.zeros(2, device="meta"),
    }
    other = {
        "set": {1, 2}, "frozen": frozenset("ab"), "tuple": (1, (2.5, None)), "wide": 2**80, "negative": -(2**70),
        "bytes": b"abc", "array": bytearray(b"abc"), "options": argparse.Namespace(rate=0.1), "date": datetime.date(2025, 1, 2),
        "number": numpy.float64(2), "table": numpy.arange(3), "counts": collections.Counter("aab"), "complex number": 1 + 2j,
        "default": collections.defaultdict(list, {1: [2]}), "decimal": decimal.Decimal("1.5"), "range": range(3),
        "optimizer": optimizer.state_dict(), "type": torch.float8_e5m2, "generator": torch.get_rng_state(),
    }
    for protocol in (2, 5):
        torch.save(other | {"state_dict": wanted | rare}, OUT / f"rare_values_p{protocol}.pth", pickle_protocol=protocol)
    torch.save(other | {"state_dict": wanted | {k: rare[k] for k in ("complex", "sparse")}}, OUT / "rare_values_legacy.pth",
               _use_new_zipfile_serialization=False)
    expect("rare_values", wanted)
    quantized = {"eight": torch.arange(-4, 4, dtype=torch.int8).reshape(2, 4), "eight_scale": torch.tensor([0.5, 2]),
                 "four": torch.arange(34, dtype=torch.uint8).reshape(2, 17), "four_scale": torch.tensor([1.0, 0.25]),
                 "four_step": torch.tensor([[7, 240], [16, 255]], dtype=torch.uint8)}
    save_file(quantized, OUT / "quantized.safetensors")
    bytes8 = torch.arange(256).to(torch.uint8)
    float8 = {"e4m3": bytes8.view(torch.float8_e4m3fn), "e5m2": bytes8.view(torch.float8_e5m2),
              "turned": bytes8.view(torch.float8_e5m2).reshape(16, 16).t()}
    torch.save(float8, OUT / "float8.pth")
    expect("float8_stored", float8)
    expect("float8", {k: v.bfloat16() for k, v in float8.items()})


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for old in OUT.iterdir():
        old.unlink()
    types = every_type()
    expect("types", types)
    for protocol in (2, 3, 4, 5):
        torch.save(types, OUT / f"types_p{protocol}.pth", pickle_protocol=protocol)

    base = torch.arange(60, dtype=torch.float32).reshape(3, 4, 5)
    views = {
        "whole": base, "transposed": base.permute(2, 0, 1), "row": base[1], "column": base[:, 2], "stepped": base[:, ::2, 1::2],
        "expanded": base[0, 0, :1].expand(7, 3), "half": base.half().transpose(0, 2),
        "last": base[2, 3, 4], "bytes": torch.arange(12, dtype=torch.uint8).reshape(3, 4).t(),
        "doubles": torch.arange(6, dtype=torch.float64).reshape(2, 3).t(),
    }
    torch.save(views, OUT / "views.pth")
    expect("views", views)

    module = Tiny().eval()
    torch.save(module.state_dict(), OUT / "module.pth")
    expect("module", module.state_dict())
    torch.save(dict(module.named_parameters()), OUT / "parameters.pth")
    expect("parameters", dict(module.named_parameters()))
    state = {"a": torch.ones(2), "b.c": torch.zeros(1)}
    torch.save({"epoch": 3, "rate": 1e-3, "none": None, "flag": True, "big": 2**40, "negative": -5, "size": state["a"].size(),
                "step": torch.tensor(7), "type": torch.bfloat16, "device": torch.device("cpu"),
                "nested": {"a": [1, 2, (3,)], 4: "x"}, "state_dict": {"module": state}}, OUT / "wrapped.pth")
    expect("wrapped", state)

    rezip(OUT / "views.pth", OUT / "views_unaligned.pth")
    rezip(OUT / "views.pth", OUT / "views_streamed.pth", streamed=True)
    rezip(OUT / "views.pth", OUT / "views_zip64.pth", zip64=True)

    torch.save(state, OUT / "legacy.pth", _use_new_zipfile_serialization=False)
    for protocol in (2, 4):
        torch.save(types, OUT / f"legacy_types_p{protocol}.pth", pickle_protocol=protocol, _use_new_zipfile_serialization=False)
    torch.save(views, OUT / "legacy_views.pth", _use_new_zipfile_serialization=False)
    torch.save({"a": torch.zeros(2, dtype=torch.complex64)}, OUT / "rare_complex.pth")
    torch.save({"a": torch.zeros(2, dtype=torch.uint16)}, OUT / "rare_uint16.pth")
    rare_values()
    torch.save(module, OUT / "bad_module.pth")
    torch.save([torch.zeros(2)], OUT / "bad_list.pth")
    torch.save({"lr": 1.0}, OUT / "bad_no_tensors.pth")
    rezip(OUT / "wrapped.pth", OUT / "bad_compressed.pth", compression=zipfile.ZIP_DEFLATED)
    rezip(OUT / "wrapped.pth", OUT / "bad_big_endian.pth",
          change=lambda name, data: b"big" if name.endswith("byteorder") else data)
    rezip(OUT / "wrapped.pth", OUT / "bad_no_storage.pth", change=lambda name, data: None if "/data/" in name else data)

    class Evil:
        def __reduce__(self):
            return os.system, ("touch /tmp/flashu-was-here",)

    for protocol in (2, 4):
        rezip(OUT / "wrapped.pth", OUT / f"bad_system_p{protocol}.pth",
              change=lambda name, data: pickle.dumps({"a": Evil()}, protocol) if name.endswith("data.pkl") else data)
    total = sum(f.stat().st_size for f in OUT.iterdir())
    print(f"{len(list(OUT.iterdir()))} files, {total} bytes")


if __name__ == "__main__":
    sys.exit(main())
