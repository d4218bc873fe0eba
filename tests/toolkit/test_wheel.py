"""The wheel: what it contains, and that it serves a device that has no TensorFlow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


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
               for path in (ROOT / floor).rglob("*") if path.suffix in {".py", ".j2", ".csv", ".toml"}}  # fmt: skip
    assert sources <= set(names)


def test_tensorflow_is_really_blocked(device):
    result = subprocess.run([device, "-c", "import tensorflow"], capture_output=True, text=True)
    assert "blocked by the test" in result.stderr


@pytest.mark.parametrize("file", ["cnn-int8.tflite", "lstm-float32.tflite", "cnn-float32.onnx", "mlp-int8.onnx"])
def test_the_runtime_needs_no_tensorflow(device, exported, clip, file):
    result = classify(device, exported / file, clip)
    assert result["label"] == classify(sys.executable, exported / file, clip)["label"]
    assert sum(result["scores"].values()) == pytest.approx(1, abs=0.02)


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
