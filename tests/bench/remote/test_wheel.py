"""The wheel that a device is sent: named, built or packed again."""

from __future__ import annotations

import subprocess
import zipfile

import pytest

from genrekit.bench.remote.wheel import SOURCE, find_wheel
from genrekit.runtime.errors import MissingFileError, ParameterError

from ...environments import pip


def contents(path):
    """Names and bytes of a wheel, apart from its list of them."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/RECORD")}


def test_an_installed_genrekit_is_packed_into_the_wheel_it_came_from(device, wheel, tmp_path):
    code = (
        "import pathlib, sys; from genrekit.bench.remote.wheel import find_wheel; find_wheel(pathlib.Path(sys.argv[1]))"
    )
    subprocess.run([device, "-P", "-c", code, tmp_path], check=True, cwd=tmp_path, env={})
    packed = tmp_path / wheel.name
    assert contents(packed) == contents(wheel)
    pip("install", "--no-deps", "--target", tmp_path / "site", packed)
    command = [device, "-P", "-m", "genrekit.toolkit.cli.app", "--version"]
    version = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": str(tmp_path / "site")})
    assert version.stdout.strip() == wheel.name.split("-")[1]


def test_a_wheel_that_is_named_is_looked_at(wheel, tmp_path):
    assert find_wheel(tmp_path, wheel) == wheel
    with pytest.raises(MissingFileError, match=r"wheel=.*gone.whl: expected a wheel of genrekit"):
        find_wheel(tmp_path, tmp_path / "gone.whl")
    other = tmp_path / "numpy-2.0-py3-none-any.whl"
    other.write_bytes(wheel.read_bytes())
    broken = tmp_path / wheel.name
    broken.write_bytes(b"PK")
    for path in (other, broken):
        with pytest.raises(ParameterError, match=r"expected genrekit-VERSION-py3-none-any.whl"):
            find_wheel(tmp_path, path)


def test_a_checkout_is_built_and_stays_as_it_was(wheel, tmp_path):
    before = sorted(SOURCE.iterdir())
    assert contents(find_wheel(tmp_path)) == contents(wheel)
    assert sorted(SOURCE.iterdir()) == before
