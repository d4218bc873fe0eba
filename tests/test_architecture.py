"""The arrows of the house: between floors, between their rooms, and no circle; heavy libraries are imported late."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import numpy as np
import pytest
import soundfile

ROOT = Path(__file__).parents[1]
# A room of a floor, and the rooms of the same floor that it may import. The runtime's are free, but for circles.
ROOMS = {
    "converters": {
        "formats": set(),
        "keras_graph": set(),
        "attach": set(),
        "trained_model": {"formats", "keras_graph"},
        "quantize": {"formats", "keras_graph", "trained_model"},
        "tflite": {"formats", "keras_graph", "trained_model", "quantize", "attach"},
        "onnx": {"formats", "keras_graph", "trained_model", "quantize"},
        "c": {"attach"},
        "audio_input": {"formats", "tflite", "onnx"},
        "verify": {"formats", "trained_model", "tflite", "onnx", "c", "audio_input", "attach"},
        "export": {"formats", "trained_model", "attach", "tflite", "onnx", "audio_input", "verify"},
        "export_c": {"formats", "trained_model", "attach", "c", "verify", "export"},
        "export_wasm": {"formats", "trained_model", "attach", "c", "verify", "export", "export_c"},
    },
    "bench": {
        "measure": set(),
        "results": {"measure"},
        "run": {"measure", "results"},
        "report": {"measure", "results"},
        "remote": {"measure", "results", "run"},
    },
    "toolkit": {
        "compute": set(),
        "models": set(),
        "corpus": {"compute"},
        "demo_corpus": {"compute", "corpus"},
        "library": {"compute", "corpus"},
        "splits": {"compute", "corpus"},
        "corpus_audit": {"compute", "corpus", "splits"},
        "evaluation": {"corpus", "splits"},
        "training": {"corpus", "splits", "evaluation", "models"},
        "live": {"splits"},
        "exporting": {"compute", "corpus", "demo_corpus", "splits", "evaluation", "training", "live"},
        "experiments": {"corpus", "splits", "evaluation", "models", "training"},
        "cli": {
            "compute", "models", "corpus", "demo_corpus", "library", "splits", "corpus_audit", "evaluation", "training",
            "exporting", "experiments", "live",
        },
    },
}  # fmt: skip
FLOORS = {
    "runtime": {"runtime"},
    "converters": {"converters", "runtime"},
    "bench": {"bench", "runtime"},
    "toolkit": {"toolkit", "bench", "converters", "runtime"},
}
HEAVY = (
    "tensorflow", "keras", "librosa", "numba", "scipy", "matplotlib", "onnx", "sklearn", "jinja2", "joblib", "dask",
    "distributed", "pyarrow", "pandas", "platformdirs", "msgspec",
)  # fmt: skip


@functools.cache
def modules():
    """Dotted name of every module of the product -> its syntax tree and the package it stands in."""
    found = {}
    for path in (path for floor in FLOORS for path in (ROOT / floor).rglob("*.py")):
        package = path.relative_to(ROOT).parent.parts
        name = package if path.stem == "__init__" else (*package, path.stem)
        found[".".join(name)] = ast.parse(path.read_text()), package
    return found


def imported_by(name):
    """The modules of ours that a module imports, for types and lazily, too."""
    tree, package = modules()[name]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = ".".join([*package[: len(package) - node.level + 1], *filter(None, [node.module])])
            submodules = [f"{base}.{alias.name}" for alias in node.names]
            yield from (submodule if submodule in modules() else base for submodule in submodules)


def named_by(name):
    """The modules of ours that stand in a module's strings, such as the program of another process."""
    tree, _ = modules()[name]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from re.findall(r"\bgenrekit\.((?:runtime|converters|bench|toolkit)[\w.]*)", node.value)


@pytest.mark.parametrize("floor", FLOORS)
def test_arrows_point_down(floor):
    wrong = [
        f"{name} imports or names {other}"
        for name in modules()
        if name.split(".")[0] == floor
        for other in (*imported_by(name), *named_by(name))
        if other.split(".")[0] not in FLOORS[floor]
    ]
    assert not wrong


@pytest.mark.parametrize("floor", ROOMS)
def test_rooms_keep_to_their_order(floor):
    wrong = []
    for name in modules():
        room = name.split(".")[1] if name.count(".") else None
        if name.split(".")[0] != floor or room is None:
            continue
        assert room in ROOMS[floor], f"{name} stands in a room that this test does not know"
        for other in imported_by(name):
            target = other.split(".")
            if target[0] == floor and len(target) > 1 and target[1] not in {room, *ROOMS[floor][room]}:
                wrong.append(f"{name} imports {other}")
    assert not wrong


def test_no_circle_of_modules_even_for_types():
    graph = {name: {other for other in imported_by(name) if other != name} for name in modules()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


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
@pytest.mark.parametrize("command", ["classify", "stream", "inspect", "evaluate"])
def test_what_runs_on_devices_loads_nothing_heavy(tiny_models, tmp_path, command, file):
    noise, events = tmp_path / "noise.wav", tmp_path / "events.csv"
    soundfile.write(noise, np.random.default_rng(0).uniform(-0.5, 0.5, 16_000), 8000)
    events.write_text("start_s,end_s,label")
    more = {"inspect": (), "evaluate": ("--stream", noise, "--events", events)}.get(command, (noise,))
    arguments = [command, *map(str, (tiny_models(*file), *more))]
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
