"""Checks the product's types as users import it: mypy --strict over a tree of links, since folders map to packages."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
FLOORS = ("runtime", "converters", "bench", "toolkit")


def main() -> int:
    """Returns mypy's exit code, or 1 where it has not looked at every file."""
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "genrekit"
        package.mkdir()
        for source in (ROOT / "genrekit").iterdir():
            (package / source.name).symlink_to(source)
        for floor in FLOORS:
            (package / floor).symlink_to(ROOT / floor)
        command = [sys.executable, "-m", "mypy", "--config-file", ROOT / "pyproject.toml", "--cache-dir"]
        done = subprocess.run([*command, ROOT / ".mypy_cache", "genrekit"], cwd=folder, capture_output=True, text=True)
    print(done.stdout, done.stderr, sep="", end="")
    expected = sum(len(list((ROOT / floor).rglob("*.py"))) for floor in (*FLOORS, "genrekit"))
    checked = re.search(r"(\d+) source files", done.stdout)
    if not checked or int(checked[1]) != expected:
        print(f"typecheck: expected {expected} files to be checked")
        return 1
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
