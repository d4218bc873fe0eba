"""A damaged front end in C is one line beside the result of a command, whoever computes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from genrekit.runtime.native_build import BUILD_COMMAND, library_name

ROOT = Path(__file__).parents[2]
FLOORS = ("runtime", "converters", "bench", "toolkit")


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    """A folder on PYTHONPATH with a copy of genrekit whose library is damaged."""
    folder = tmp_path_factory.mktemp("installation")
    shutil.copytree(ROOT / "genrekit", folder / "genrekit")
    for floor in FLOORS:
        shutil.copytree(ROOT / floor, folder / "genrekit" / floor, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "genrekit" / "runtime" / library_name()).write_bytes(b"damaged")
    return folder


def run(installation, *arguments, front_end=""):
    command = [sys.executable, "-m", "genrekit.toolkit.cli.app", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(installation), "GENREKIT_FRONT_END": front_end}
    return subprocess.run(command, cwd=installation, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("jobs", [1, 2])
def test_one_line_names_the_library_and_the_remedy(installation, tiny_models, clip, tmp_path, jobs):
    for index in range(3):
        shutil.copy(clip, tmp_path / f"{index}.wav")
    process = run(installation, "classify", tiny_models("dense", "onnx"), tmp_path, "--recursive", "--jobs", jobs)
    assert process.returncode == 0, process.stderr
    assert process.stdout.count(".wav") >= 3
    told = [line for line in process.stderr.splitlines() if "front end" in line]
    (line,) = told
    assert line.startswith(f"genrekit: {installation / 'genrekit' / 'runtime' / library_name()}: ")
    assert BUILD_COMMAND in line
    assert line.endswith("numpy does its work")


def test_whoever_insists_on_it_is_refused(installation, tiny_models, clip):
    process = run(installation, "classify", tiny_models("dense", "onnx"), clip, front_end="native")
    assert process.returncode == 1
    assert process.stderr.splitlines()[-1].startswith("genrekit: GENREKIT_FRONT_END=native: ")
    assert BUILD_COMMAND in process.stderr


def test_a_choice_that_there_is_not_is_the_users_mistake(installation, tiny_models, clip):
    process = run(installation, "classify", tiny_models("dense", "onnx"), clip, front_end="nonsense")
    (line,) = process.stderr.splitlines()
    assert (process.returncode, process.stdout) == (2, "")
    assert line.startswith("genrekit: GENREKIT_FRONT_END=nonsense: expected native or numpy")
