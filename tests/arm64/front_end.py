"""C on ARM, run by qemu: the front end alone, held to the golden vectors, and the self-test of folders of C.

``python -m tests.arm64.front_end FOLDER...`` exits with 1 where something differs. No root is needed: programs are
linked statically. Compiler and options are those of the wheels.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
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


def main(folders: list[Path]) -> int:
    """Print a line for each processor, and for each folder on it; return the exit code."""
    errors, failed = {}, []
    for processor, (options, emulator, model) in PROCESSORS.items():
        if not shutil.which(emulator):
            sys.exit(f"front_end.py: no {emulator}; run: apt install qemu-user-static")
        compiler = [sys.executable, "-m", "ziglang", "cc", *options, "-static"]
        with tempfile.TemporaryDirectory() as scratch:
            program = Path(scratch) / "front_end"
            compile_program(compiler, program)
            found = [largest_error([emulator, "-cpu", model, program], one) for one in golden()]
        errors[processor] = max(found)
        said = f"{len(found)} windows and streams, MFCC within {max(found):.0e} (allowed {TOLERANCE})"
        print(f"{processor}, the front end alone: {said}", flush=True)
        for folder in folders:
            told = self_test(folder, compiler, [emulator, "-cpu", model])
            print(f"{processor}, {folder.name}: {told}", flush=True)
            failed += [folder] if not told.startswith("PASS") else []
    return int(max(errors.values()) > TOLERANCE or bool(failed))


def self_test(folder: Path, compiler: list[str], emulator: list[str]) -> str:
    """The last line of the self-test of `folder`, which is built elsewhere."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = shutil.copytree(folder, Path(scratch) / folder.name, ignore=shutil.ignore_patterns("*.o", "classify"))
        subprocess.run(["make", "-s", "-C", copy, f"CC={shlex.join(compiler)}", "SIZE=true"], check=True)
        done = subprocess.run([*emulator, copy / "classify", "--self-test"], capture_output=True, text=True)
    return (done.stdout.splitlines() or [done.stderr])[-1]


if __name__ == "__main__":
    sys.exit(main([Path(argument) for argument in sys.argv[1:]]))
