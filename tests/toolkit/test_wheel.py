"""The wheels: what they contain, and that one serves a device that has no TensorFlow."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import sysconfig
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest

from ..environments import copy_source, pip
from ..libraries import BUILT_FOR, built_for, libraries_in, needs_compiler

ROOT = Path(__file__).parents[2]
SUFFIXES = {".py", ".j2", ".csv", ".toml", ".c", ".h"}  # of what the product consists of


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
               for path in (ROOT / floor).rglob("*") if path.suffix in SUFFIXES}  # fmt: skip
    assert sources <= set(names)


def tag_of(wheel):
    """The tag that WHEEL names, and whether it says that the wheel is pure; the file's name has the same."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/WHEEL"))
        lines = dict(line.split(": ") for line in archive.read(name).decode().split("\n") if line)
    assert wheel.stem.endswith(f"-{lines['Tag']}")
    return lines["Tag"], lines["Root-Is-Purelib"] == "true"


@needs_compiler
@pytest.mark.skipif(sys.platform != "linux", reason="a library has another name elsewhere")
def test_where_there_is_a_compiler_the_wheel_has_a_library_for_this_platform_and_any_python(wheel):
    assert tag_of(wheel) == (f"py3-none-{sysconfig.get_platform().replace('-', '_')}", False)
    assert libraries_in(wheel) == {"genrekit/runtime/libgenrekit.so": built_for(Path(sys.executable).read_bytes())}


@pytest.fixture(scope="module", params=["no compiler", "one that fails"])
def unaided(request, tmp_path_factory):
    """What `pip install` says where nothing compiles, and the folder that it installs into."""
    folder = tmp_path_factory.mktemp("unaided")
    environment = {**os.environ, "CC": "" if request.param == "no compiler" else "false"}
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-cache-dir", "install", "--no-deps",
               "--no-build-isolation", "--target", folder / "site", copy_source(folder / "source")]  # fmt: skip
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr, folder / "site"


def test_where_nothing_compiles_the_installation_raises_no_alarm(unaided):
    said, _ = unaided
    assert "Successfully installed genrekit" in said
    assert not re.search("warning|error|fail|compiler", said, re.IGNORECASE)


def test_where_nothing_compiles_the_installation_is_pure(unaided):
    _, site = unaided
    assert "\nTag: py3-none-any\n" in next(site.glob("*.dist-info/WHEEL")).read_text()
    assert not [path for path in site.rglob("*") if path.is_file() and built_for(path.read_bytes())]
    assert list((site / "genrekit" / "runtime" / "c").glob("*.c"))


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """What `make wheels` makes: by the platform in the tag."""
    pytest.importorskip("ziglang", reason='no compiler for other platforms: pip install "genrekit[cross]"')
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, ROOT / ".ci" / "wheels.py", folder]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    paths = [Path(line) for line in done.stdout.splitlines()]
    assert sorted(paths) == sorted(folder.iterdir())
    return {path.stem.rpartition("-")[2]: path for path in paths}


@pytest.mark.slow
def test_each_platform_has_a_wheel_and_none_a_library_of_another(wheels):
    assert set(wheels) == {*BUILT_FOR, "any"}
    for name, wheel in wheels.items():
        assert tag_of(wheel) == (f"py3-none-{name}", name == "any")
        assert list(libraries_in(wheel).values()) == ([BUILT_FOR[name]] if name != "any" else [])


@pytest.mark.slow
def test_each_lists_its_files_with_their_digests(wheels):
    for wheel in wheels.values():
        with zipfile.ZipFile(wheel) as archive:
            contents = {name: archive.read(name) for name in archive.namelist()}
        (record,) = (name for name in contents if name.endswith("/RECORD"))
        rows = {name: (digest, size) for name, digest, size in csv.reader(contents[record].decode().splitlines())}
        assert rows.pop(record) == ("", "")
        del contents[record]
        assert rows == {name: (f"sha256={digest(data)}", str(len(data))) for name, data in contents.items()}


def digest(data):
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


@pytest.mark.slow
def test_those_for_linux_want_no_glibc_later_than_their_tag_says(wheels):
    for name in filter(re.compile("manylinux").match, wheels):
        with zipfile.ZipFile(wheels[name]) as archive:
            library = archive.read("genrekit/runtime/libgenrekit.so")
        versions = re.findall(rb"GLIBC_(\d+)\.(\d+)", library)
        assert all((int(major), int(minor)) <= (2, 17) for major, minor in versions)


@pytest.mark.slow
def test_the_wheel_that_the_readme_copies_to_a_raspberry_pi_is_one_and_its_own(wheels):
    (pattern,) = re.findall(r"scp dist/(\S+\.whl)", (ROOT / "README.md").read_text())
    (copied,) = (wheel for wheel in wheels.values() if fnmatch(wheel.name, pattern))
    assert list(libraries_in(copied).values()) == [BUILT_FOR["manylinux_2_17_aarch64"]]


@pytest.mark.slow
@pytest.mark.skipif((sys.platform, platform.machine()) != ("linux", "x86_64"), reason="the wheel is for x86-64 Linux")
def test_the_wheel_computes_in_c_where_there_is_no_compiler(package_index, wheels, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    wheel, constraints = wheels["manylinux_2_17_x86_64"], ROOT / "constraints.txt"
    pip("install", "--only-binary", ":all:", "--constraint", constraints, wheel, python=python)
    code = """
import numpy as np
from genrekit.runtime import MfccConfig, mfcc
from genrekit.runtime.front_end import front_end
print(front_end(), mfcc(np.ones(66150, np.float32), MfccConfig()).shape)
"""
    environment = {"PATH": str(python.parent)}
    done = subprocess.run([python, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "native (130, 13)\n", done.stderr


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
