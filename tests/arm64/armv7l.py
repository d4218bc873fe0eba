"""Runs the front end alone, without Python, as a program for armv7l under qemu-arm; exits with 1 where it is wrong.

Linked statically: this machine has no libraries of that processor. Its compiler and options are those of the wheel.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from genrekit.bench.remote.platforms import PLATFORMS
from genrekit.runtime.native_build import FLAGS, SOURCES

PROGRAM = Path(__file__).parents[1] / "c" / "front_end.c"
QEMU = shutil.which("qemu-arm-static") or shutil.which("qemu-arm")
OF_A_LIBRARY = ("-shared", "-DGENREKIT_SHARED")


def main() -> int:
    """The exit code of the program, or 2 where it cannot be run."""
    if QEMU is None:
        sys.exit("armv7l.py: no qemu-arm-static; run: apt install qemu-user-static")
    (options,) = (platform.options for platform in PLATFORMS if platform.oldest.processor == "armv7l")
    options = ("-target", "arm-linux-musleabihf", *options[2:], *(flag for flag in FLAGS if flag not in OF_A_LIBRARY))
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "front_end"
        compiler = [sys.executable, "-m", "ziglang", "cc", *options, "-static", f"-I{SOURCES}", "-o", program]
        subprocess.run([*compiler, PROGRAM, *sorted(SOURCES.glob("*.c")), "-lm"], check=True)
        print("armv7l:", end=" ", flush=True)
        return subprocess.run([QEMU, "-cpu", "cortex-a7", program]).returncode


if __name__ == "__main__":
    sys.exit(main())
