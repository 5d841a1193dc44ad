"""What the measurements ran on."""
import importlib.metadata
import os
import platform
import re
import subprocess
from pathlib import Path

FLAGS = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_bf16", "amx_int8",
         "asimd", "asimddp", "i8mm", "bf16", "sve")


def description(threads, engines, binary):
    """-> lines of Markdown: processor, memory, and the versions of the engines that take part"""
    cpu = Path("/proc/cpuinfo").read_text()
    name = re.search(r"^model name\s*: (.*)", cpu, re.M)
    flags = re.search(r"^(?:flags|Features)\s*: (.*)", cpu, re.M)
    present = set(flags[1].split()) if flags else set()
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    versions = {p: importlib.metadata.version(p) for engine in engines for p in engine.packages}
    versions["Python"] = platform.python_version()
    if any(engine.script == "flashu_peer.py" for engine in engines):
        commit = output("git", "-C", Path(__file__).parent, "describe", "--always", "--dirty")
        versions["FlashU"] = f"{output(binary, '--version')} ({commit})"
    return [f"- {name[1] if name else platform.machine()}, {os.cpu_count()} cores, {threads} threads, {memory:.0f} GB; "
            f"{' '.join(f for f in FLAGS if f in present)}; load {os.getloadavg()[0]:.1f} at the start",
            "- " + ", ".join(f"{package} {version}" for package, version in versions.items())]


def output(*command):
    """-> what the command prints, or a question mark"""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else "?"
