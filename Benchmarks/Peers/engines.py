"""The rows of the table: who takes part, how each is measured, and what it needs."""
import importlib.util
from dataclasses import dataclass
from pathlib import Path

import flashu_peer

HERE = Path(__file__).resolve().parent
INSTALL = "pip install -r Benchmarks/Peers/requirements.txt"


@dataclass(frozen=True)
class Engine:
    """One row. `script` is called with `arguments`, and once before with `--prepare` too if it `prepares`. It needs `modules`, and a
    `file`; `packages` are those whose versions are told; `whole_only` cannot run fewer layers."""
    name: str
    script: str
    arguments: tuple
    modules: tuple = ()
    packages: tuple = ()
    prepares: bool = False
    whole_only: bool = False
    file: Path = HERE
    install: str = INSTALL

    def command(self, options):
        """-> what to run, without the interpreter. options: the task's"""
        return [str(HERE / self.script), *self.arguments, *options]

    def missing(self):
        """-> what it needs and is not there"""
        modules = [m for m in self.modules if importlib.util.find_spec(m) is None]
        return modules if self.file.exists() else [*modules, str(self.file)]


def engines(official):
    """-> all rows. official: the folder show-o2 of a checkout"""
    rows = [Engine("official PyTorch, bf16", "official_peer.py", (str(official),), ("torch", "transformers", "einops", "torchdiffeq"),
                   ("torch", "transformers"), whole_only=True, file=official / "models",
                   install="git clone https://github.com/showlab/Show-o; pip install -r Benchmarks/PyTorch/requirements.txt")]
    rows += [Engine(f"PyTorch, {p}", "pytorch_peer.py", ("--precision", p), ("torch",), ("torch",)) for p in ("f32", "bf16", "int8")]
    rows += [Engine(f"OpenVINO, {p}", "openvino_peer.py", ("--precision", p), ("openvino", "nncf", "torch"), ("openvino", "nncf"),
                    prepares=True) for p in ("int8", "int4")]
    rows += [Engine(f"llama.cpp, {t}", "llama_cpp_peer.py", ("--type", t), ("llama_cpp", "gguf"), ("llama-cpp-python",), prepares=True)
             for t in ("BF16", "Q8_0", "Q4_0")]
    rows += [Engine(f"FlashU, {p}", "flashu_peer.py", ("--precision", p), whole_only=True, file=flashu_peer.BINARY,
                    install="swift build -c release --product flashu") for p in ("bf16", "int8", "int4")]
    return rows
