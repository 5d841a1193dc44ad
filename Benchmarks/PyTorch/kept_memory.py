"""glibc's malloc that keeps large blocks for the next use, where it would give them back to the system and have them cleared anew."""
import os
import sys

KEEP = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40), "MALLOC_TOP_PAD_": str(64 << 20)}


def restart_with(variables):
    """Starts the script again with these environment variables, unless it has them: malloc reads them once."""
    if any(os.environ.get(k) != v for k, v in variables.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **variables})
