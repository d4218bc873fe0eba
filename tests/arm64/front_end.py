"""Holds the front end alone, compiled for ARM and run by qemu, to the golden vectors; exits with 1 where it differs.

No root is needed: the program is linked statically. Its compiler and options are those of the wheels.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from ..c_program import compile_program, golden, largest_error
from ..fixtures.golden.vectors import TOLERANCE

# Of a Raspberry Pi 2 and 4: options of the compiler, the emulator and its processor.
PROCESSORS = {
    "armv7l": (("-target", "arm-linux-musleabihf", "-mcpu=cortex_a7"), "qemu-arm-static", "cortex-a7"),
    "aarch64": (("-target", "aarch64-linux-musl"), "qemu-aarch64-static", "cortex-a72"),
}


def main() -> int:
    """Print a line for each processor; return the exit code."""
    errors = {}
    for processor, (options, emulator, model) in PROCESSORS.items():
        if not shutil.which(emulator):
            sys.exit(f"front_end.py: no {emulator}; run: apt install qemu-user-static")
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / "front_end"
            compile_program([sys.executable, "-m", "ziglang", "cc", *options, "-static"], program)
            found = [largest_error([emulator, "-cpu", model, program], one) for one in golden()]
        errors[processor] = max(found)
        said = f"{len(found)} windows and streams, MFCC within {max(found):.0e} (allowed {TOLERANCE})"
        print(f"{processor}, the front end alone: {said}", flush=True)
    return int(max(errors.values()) > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
