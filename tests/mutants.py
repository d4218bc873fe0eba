"""Changes the runtime in small ways, one at a time, and reports which changes no test notices.

    python tests/mutants.py --count 40 mfcc_stream mfcc

Each mutant is a copy of the source with one operator or number changed, on which the tests of its module are run.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FLOORS = ("runtime", "converters", "bench", "toolkit")
TESTED_BY = {"c_tables": "native", "numpy_frames": "mfcc_stream"}  # else by the tests of the same name
TIMEOUT_S = 150  # a mutant that runs for ever has been noticed
SWAPS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip


def mutants(source: str) -> Iterator[tuple[int, str, str]]:
    """(line, what was changed, the changed source) of every mutant of `source`."""
    count = sum(1 for _ in _changes(ast.parse(source)))
    for number in range(count):
        tree = ast.parse(source)
        for place, (node, what) in enumerate(_changes(tree)):
            if place == number:
                yield node.lineno, what(), ast.unparse(tree)
                break


def _changes(tree: ast.Module) -> Iterator[tuple[ast.expr, object]]:
    """Expressions that can be changed, each with the function that does it and tells what it did."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
            yield node, lambda node=node: _swap_comparison(node)
        elif isinstance(node, (ast.BinOp, ast.BoolOp)) and type(node.op) in SWAPS:
            yield node, lambda node=node: _swap_operator(node)
        elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
            yield node, lambda node=node: _increment(node)


def _swap_comparison(node: ast.Compare) -> str:
    before, node.ops[0] = node.ops[0], SWAPS[type(node.ops[0])]()
    return f"{type(before).__name__} -> {type(node.ops[0]).__name__}"


def _swap_operator(node: ast.BinOp | ast.BoolOp) -> str:
    before, node.op = node.op, SWAPS[type(node.op)]()
    return f"{type(before).__name__} -> {type(node.op).__name__}"


def _increment(node: ast.Constant) -> str:
    before, node.value = node.value, node.value + 1
    return f"{before} -> {node.value}"


def is_noticed(module: str, source: str, folder: Path) -> bool:
    """Whether the tests of `module` fail when its source is `source`; `folder` holds the copy that is changed."""
    path = (folder / "genrekit" / "runtime" / module).with_suffix(".py")
    tested_by = folder / "tests" / "runtime" / TESTED_BY.get(module, module)
    tests = tested_by.with_name(f"test_{tested_by.name}.py")
    before = path.read_text()
    path.write_text(source)
    try:
        command = [sys.executable, "-m", "pytest", "-q", "-x", str(tests)]
        environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
        return (
            subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=TIMEOUT_S).returncode > 0
        )
    except subprocess.TimeoutExpired:
        return True
    finally:
        path.write_text(before)


def main() -> int:
    """Try random mutants of each module; 1 where the tests fail as things are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="+", metavar="MODULE", help="such as mfcc or audio/files")
    parser.add_argument("--count", type=int, default=20, help="mutants of each module")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="genrekit-mutants-") as name:
        folder = Path(name)
        shutil.copy(ROOT / "pyproject.toml", folder)
        shutil.copytree(ROOT / "tests", folder / "tests")
        shutil.copytree(ROOT / "genrekit", folder / "genrekit")
        for floor in FLOORS:
            shutil.copytree(ROOT / floor, folder / "genrekit" / floor)
        return max(try_module(module, arguments.count, arguments.seed, folder) for module in arguments.modules)


def try_module(module: str, count: int, seed: int, folder: Path) -> int:
    """Print what was not noticed, and how much was; 1 where the tests fail without any change."""
    source = (ROOT / "runtime" / f"{module}.py").read_text()
    if is_noticed(module, source, folder):
        print(f"{module}: its tests fail as it is", flush=True)
        return 1
    every = list(mutants(source))
    chosen = random.Random(seed).sample(every, min(count, len(every)))
    noticed = 0
    for line, what, changed in sorted(chosen):
        if is_noticed(module, changed, folder):
            noticed += 1
        else:
            print(f"runtime/{module}.py:{line}: {what}: not noticed", flush=True)
    print(f"{module}: {noticed} of {len(chosen)} mutants noticed, of {len(every)} in all", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
