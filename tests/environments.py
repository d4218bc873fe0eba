"""Virtual environments as devices have them: the wheel with one engine, and without TensorFlow."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MEDIAPIPE = "mediapipe==1.2.3"
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
def package_index():
    """What installs from an index asks for this; every test that it serves is marked `network`."""


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """What `pip wheel` makes of the source here: with a library where there is a compiler."""
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-build-isolation", "--no-deps", "--wheel-dir", folder, copy_source(folder / "source"))
    return next(folder.glob("*.whl"))


def copy_source(folder):
    """A copy of the source, so that no build folder is left in the checkout; without an index it builds, too."""
    ignored = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__", "out", "tests")
    return shutil.copytree(ROOT, folder, ignore=ignored)


@pytest.fixture(scope="session")
def device(package_index, wheel, tmp_path_factory):
    """The python of an environment with the base and both engines of today."""
    return make_environment(tmp_path_factory.mktemp("device") / "venv", wheel, "litert,onnx", ROOT / "constraints.txt")


@pytest.fixture(scope="session")
def old_device(package_index, wheel, tmp_path_factory):
    """The python of an environment with the base, tflite-runtime and numpy < 2."""
    python = python311()
    if python is None:
        pytest.skip("no Python 3.11 at hand, and tflite-runtime has no wheel for a later one")
    constraints = ROOT / "constraints-tflite-runtime.txt"
    return make_environment(tmp_path_factory.mktemp("old") / "venv", wheel, "tflite-runtime", constraints, python)


@pytest.fixture(scope="session")
def mediapipe_device(package_index, tmp_path_factory):
    """The python of an environment with MediaPipe, and nothing of ours."""
    folder = tmp_path_factory.mktemp("mediapipe") / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip("install", MEDIAPIPE, python=folder / "bin" / "python")
    return folder / "bin" / "python"


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


def python311():
    """A Python 3.11, for which tflite-runtime still has wheels."""
    candidates = [sys.executable, shutil.which("python3.11"), *Path.home().glob(".pyenv/versions/3.11.*/bin/python")]
    for candidate in filter(None, candidates):
        version = subprocess.run([candidate, "-c", "import sys; print(sys.version_info[:2])"], capture_output=True)
        if version.stdout.strip() == b"(3, 11)":
            return candidate
    return None
