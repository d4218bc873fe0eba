"""Compiles the C with every warning as an error, by gcc and by clang, and its header as C++, too; keeps nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES, HARNESSES = ROOT / "runtime" / "c", ROOT / "tests" / "c"
WEB = ROOT / "converters" / "c" / "web" / "web.c"
PROGRAM, STUB = ROOT / "converters" / "c" / "program", HARNESSES / "stub"  # what an export adds to it, in tests
WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror")
COMPILERS = ("gcc", "clang")


def main() -> int:
    """1 where a compiler has something to say, else 0; without a compiler that is said."""
    found = list(filter(shutil.which, COMPILERS))
    if not found:
        print(f"the C was not looked at: neither {' nor '.join(COMPILERS)} is there")
    return int(not all([is_clean(compiler) for compiler in found]))


def is_clean(compiler: str) -> bool:
    """Whether `compiler` has nothing to say; what it says is printed."""
    c = ["-std=c99", "-O2", "-c", "-o", os.devnull, f"-I{SOURCES}", f"-I{STUB}"]
    sources = [*sorted(SOURCES.rglob("*.c")), *sorted(HARNESSES.glob("*.c")), *sorted(PROGRAM.glob("*.c"))]
    commands = [[*c, *options, source] for source in sources for options in ([], ["-DGK_LANES=1"])]
    commands.append([*c, "-DGENREKIT_SELF_TEST", "-DGENREKIT_STATIC_BYTES=9", PROGRAM / "main.c"])
    if compiler == "clang":
        commands.append([*c, "--target=wasm32", "-ffreestanding", WEB])
    if knows_cpp(compiler):
        commands.append(["-x", "c++", "-fsyntax-only", SOURCES / "genrekit.h"])
    return not any([subprocess.run([compiler, *WARNINGS, *command]).returncode for command in commands])


def knows_cpp(compiler: str) -> bool:
    """Whether it compiles C++, for which gcc has a package of its own."""
    return subprocess.run([compiler, "-x", "c++", "-E", os.devnull], capture_output=True).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
