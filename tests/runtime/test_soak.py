"""An hour of audio takes no more memory than minutes, and the same windows are decided on alike all the time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from genrekit.runtime import front_end
from genrekit.runtime.front_end import CHOICE

SOAK = Path(__file__).parents[1] / "soak.py"


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="resident memory is read from Linux' /proc")
@pytest.mark.parametrize(
    ("file", "form"), [(("dense", "tflite", "int8"), "numpy"), (("lstm", "onnx"), "native")], ids=["numpy", "native"]
)
def test_nothing_changes_within_an_hour(tiny_models, file, form):
    if form == "native" and front_end() != "native":
        pytest.skip("no front end in C")
    command = [sys.executable, SOAK, tiny_models(*file), "--hours", "1"]
    process = subprocess.run(command, env={**os.environ, CHOICE: form}, capture_output=True, text=True)
    assert process.returncode == 0, process.stdout + process.stderr
    assert ": 1 h, 7" in process.stdout  # seven thousand decisions, one every 0.512 s
