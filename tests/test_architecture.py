"""The arrows of the house: runtime imports nothing of ours, and heavy libraries are imported late."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "runtime": {"runtime"},
    "converters": {"converters", "runtime"},
    "bench": {"bench", "runtime"},
    "toolkit": {"toolkit", "bench", "converters", "runtime"},
}
HEAVY = (
    "tensorflow", "keras", "librosa", "numba", "scipy", "matplotlib", "onnx", "sklearn", "jinja2", "joblib", "dask",
    "distributed", "pyarrow", "pandas", "platformdirs",
)  # fmt: skip


def imported_floors(path):
    """The folders of the house that a module imports from."""
    package = list(path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            parts = package[: len(package) - node.level + 1] + (node.module or "").split(".")
            names = [parts[0]] if parts[0] else [alias.name for alias in node.names]
            yield from names
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            yield from (name.split(".")[1] for name in names if name.startswith("genrekit."))


@pytest.mark.parametrize("floor", MAY_IMPORT)
def test_arrows_point_down(floor):
    wrong = [
        f"{path.relative_to(ROOT)} imports {imported}"
        for path in sorted((ROOT / floor).rglob("*.py"))
        for imported in imported_floors(path)
        if imported not in MAY_IMPORT[floor]
    ]
    assert not wrong


def loaded_modules(code):
    """The top-level modules that are loaded after running `code` in a fresh interpreter."""
    code += "\nimport sys; print(*{name.partition('.')[0] for name in sys.modules})"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(result.stdout.splitlines()[-1].split())


def test_the_runtime_is_light():
    assert not loaded_modules("import genrekit.runtime, genrekit.runtime.audio") & set(HEAVY)


def test_the_converters_load_tensorflow_only_to_convert():
    assert not loaded_modules("import genrekit.converters.export") & set(HEAVY)


def test_the_command_line_is_light():
    assert not loaded_modules("import genrekit.toolkit.cli.app") & {*HEAVY, "soundfile", "rich"}


@pytest.mark.parametrize("file", [("dense", "tflite"), ("lstm", "onnx")], ids="-".join)
@pytest.mark.parametrize("command", ["classify", "stream", "inspect"])
def test_what_runs_on_devices_loads_nothing_heavy(tiny_models, tmp_path, command, file):
    soundfile.write(tmp_path / "noise.wav", np.random.default_rng(0).uniform(-0.5, 0.5, 16_000), 8000)
    model = tiny_models(*file)
    arguments = [command, str(model), *([str(tmp_path / "noise.wav")] if command != "inspect" else [])]
    code = f"""
import sys
from genrekit.toolkit.cli.app import main
sys.argv = ["genrekit", *{arguments!r}]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""
    loaded = loaded_modules(code)
    assert not loaded & set(HEAVY)
    assert "soundfile" in loaded or command == "inspect"  # it did read the audio
