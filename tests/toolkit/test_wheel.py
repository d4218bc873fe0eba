"""The wheel: what it contains, and that it serves a device that has no TensorFlow."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCKED = ("tensorflow", "keras", "librosa")
# Puts itself in front of the import system, as if the packages could not be installed at all.
BLOCKER = f"""
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {BLOCKED!r}:
            raise ImportError(f"{{name}} is blocked by the test")
sys.meta_path.insert(0, Blocker())
"""


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """Built from a copy of the source, so that no build folder is left in the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    ignored = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__", "out", "tests")
    shutil.copytree(ROOT, folder / "source", ignore=ignored)
    pip("wheel", "--no-deps", "--wheel-dir", folder, folder / "source")
    return next(folder.glob("*.whl"))


def pip(*arguments, python=sys.executable):
    command = [python, "-m", "pip", "--disable-pip-version-check", "--quiet", *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def make_environment(folder, wheel, extra, constraints, python=sys.executable):
    """A virtual environment with the wheel, one engine and the import blocker; returns its python."""
    subprocess.run([python, "-m", "venv", folder], check=True)
    inside = folder / "bin" / "python"
    pip("install", "--constraint", constraints, f"{wheel}[{extra}]", python=inside)
    packages = next((folder / "lib").glob("python*")) / "site-packages"
    (packages / "blocker.py").write_text(BLOCKER)
    (packages / "blocker.pth").write_text("import blocker\n")
    return inside


def classify(python, model, audio):
    """What `genrekit classify --json` prints, run outside the checkout."""
    command = [python, "-m", "genrekit.toolkit.cli.app", "classify", model, audio, "--json"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=audio.parent)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_the_wheel_contains_genrekit_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name.split("/")[0]} == {"genrekit"}
    sources = {f"genrekit/{path.relative_to(ROOT)}" for floor in ("runtime", "converters", "bench", "toolkit")
               for path in (ROOT / floor).rglob("*") if path.suffix in {".py", ".j2", ".csv"}}  # fmt: skip
    assert sources <= set(names)


@pytest.fixture(scope="session")
def device(wheel, tmp_path_factory):
    """The python of an environment with the base and both engines of today."""
    return make_environment(tmp_path_factory.mktemp("device") / "venv", wheel, "litert,onnx", ROOT / "constraints.txt")


def test_tensorflow_is_really_blocked(device):
    result = subprocess.run([device, "-c", "import tensorflow"], capture_output=True, text=True)
    assert "blocked by the test" in result.stderr


@pytest.mark.parametrize("file", ["cnn-int8.tflite", "lstm-float32.tflite", "cnn-float32.onnx", "mlp-int8.onnx"])
def test_the_runtime_needs_no_tensorflow(device, exported, clip, file):
    result = classify(device, exported / file, clip)
    assert result["label"] == classify(sys.executable, exported / file, clip)["label"]
    assert sum(result["scores"].values()) == pytest.approx(1, abs=0.02)


def python311():
    """A Python 3.11, for which tflite-runtime still has wheels."""
    candidates = [sys.executable, shutil.which("python3.11"), *Path.home().glob(".pyenv/versions/3.11.*/bin/python")]
    for candidate in filter(None, candidates):
        version = subprocess.run([candidate, "-c", "import sys; print(sys.version_info[:2])"], capture_output=True)
        if version.stdout.strip() == b"(3, 11)":
            return candidate
    return None


@pytest.fixture(scope="session")
def old_device(wheel, tmp_path_factory):
    """The python of an environment with the base, tflite-runtime and numpy < 2."""
    python = python311()
    if python is None:
        pytest.skip("no Python 3.11 at hand, and tflite-runtime has no wheel for a later one")
    constraints = ROOT / "constraints-tflite-runtime.txt"
    return make_environment(tmp_path_factory.mktemp("old") / "venv", wheel, "tflite-runtime", constraints, python)


@pytest.mark.parametrize("file", ["cnn-int8.tflite", "mlp-float32.tflite", "lstm-float32.tflite"])
def test_tflite_runtime_and_old_numpy_serve_too(old_device, exported, clip, file):
    versions = subprocess.run(
        [old_device, "-c", "import numpy, tflite_runtime as t; print(numpy.__version__[0], t.__version__)"],
        capture_output=True,
        text=True,
        env=os.environ,
    )
    assert versions.stdout.split() == ["1", "2.14.0"]
    result = classify(old_device, exported / file, clip)
    assert result["label"] == classify(sys.executable, exported / file, clip)["label"]
