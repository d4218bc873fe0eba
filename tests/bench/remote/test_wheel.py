"""The wheel that a device is sent: named, built or packed again."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from genrekit.bench.remote.platforms import Machine
from genrekit.bench.remote.wheel import SOURCE, make_wheel, require_wheel
from genrekit.runtime.errors import MissingFileError, ParameterError

from ...environments import pip
from ...libraries import BUILT_FOR, built_for, libraries_in, needs_compiler

HERE, PI, UNKNOWN = Machine.here(), Machine("linux", "aarch64", (2, 36)), Machine("linux", "riscv64", (2, 39))
PACK = """
import pathlib, sys
from genrekit.bench.remote.platforms import Machine
from genrekit.bench.remote.wheel import make_wheel
make_wheel(pathlib.Path(sys.argv[1]), Machine(*sys.argv[2:]), print)
"""
has_ziglang = importlib.util.find_spec("ziglang") is not None


def contents(path):
    """Names and bytes of a wheel's files, apart from those that differ with its platform."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    libraries = {name + end for name in libraries_in(path) for end in ("", ".sha256")}
    return {
        name: data for name, data in files.items() if not name.endswith(("/RECORD", "/WHEEL")) and name not in libraries
    }


def test_an_installed_genrekit_is_packed_into_the_wheel_it_came_from(device, wheel, tmp_path):
    subprocess.run([device, "-P", "-c", PACK, tmp_path, "linux", "riscv64"], check=True, cwd=tmp_path, env={})
    (packed,) = tmp_path.iterdir()
    assert packed.name.endswith("-py3-none-any.whl")
    assert contents(packed) == contents(wheel)
    assert not libraries_in(packed)  # that of this machine stays here
    pip("install", "--no-deps", "--target", tmp_path / "site", packed)
    command = [device, "-P", "-m", "genrekit.toolkit.cli.app", "--version"]
    version = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": str(tmp_path / "site")})
    assert version.stdout.strip() == wheel.name.split("-")[1]


def test_a_wheel_that_is_named_is_looked_at(wheel, tmp_path):
    require_wheel(wheel)
    with pytest.raises(MissingFileError, match=r"wheel=.*gone.whl: expected a wheel of genrekit"):
        require_wheel(tmp_path / "gone.whl")
    other = tmp_path / "numpy-2.0-py3-none-any.whl"
    other.write_bytes(wheel.read_bytes())
    broken = tmp_path / wheel.name
    broken.write_bytes(b"PK")
    for path in (other, broken):
        with pytest.raises(ParameterError, match=r"expected genrekit-VERSION-py3-none-PLATFORM.whl"):
            require_wheel(path)


def test_a_checkout_is_built_and_stays_as_it_was(wheel, tmp_path):
    before = sorted(SOURCE.iterdir()), sorted((SOURCE / "runtime").iterdir())
    assert contents(make_wheel(tmp_path, UNKNOWN, lambda text: None)) == contents(wheel)
    assert (sorted(SOURCE.iterdir()), sorted((SOURCE / "runtime").iterdir())) == before


@needs_compiler
def test_a_device_like_this_machine_gets_the_library_that_is_compiled_here(tmp_path):
    made = make_wheel(tmp_path, HERE, pytest.fail)
    (library,) = libraries_in(made).values()
    assert library == built_for(Path(sys.executable).read_bytes())
    pip("install", "--no-index", "--no-deps", "--target", tmp_path / "site", made)


@pytest.mark.skipif(has_ziglang, reason="ziglang is installed, and compiles for a Raspberry Pi")
def test_a_device_that_nothing_compiles_for_computes_with_numpy_and_what_would_help_is_said(tmp_path):
    said = []
    made = make_wheel(tmp_path, PI, said.append)
    assert made.name.endswith("-py3-none-any.whl")
    assert not libraries_in(made)
    (sentence,) = said
    assert "computes its features with numpy" in sentence
    assert "linux aarch64" in sentence
    assert 'pip install "genrekit[cross]"' in sentence


@pytest.mark.skipif(not has_ziglang, reason='no compiler for other platforms: pip install "genrekit[cross]"')
def test_a_raspberry_pi_gets_a_library_of_its_own(tmp_path):
    made = make_wheel(tmp_path, PI, pytest.fail)
    assert made.name.endswith("-py3-none-manylinux_2_17_aarch64.whl")
    assert list(libraries_in(made).values()) == [BUILT_FOR["manylinux_2_17_aarch64"]]


def test_a_device_of_an_unknown_kind_computes_with_numpy(tmp_path):
    said = []
    assert not libraries_in(make_wheel(tmp_path, UNKNOWN, said.append))
    assert "--wheel FILE" in said[0]


@pytest.mark.parametrize(
    ("python_says", "name"),
    [
        (("linux", "aarch64", 64, "2.36"), "linux aarch64 with glibc 2.36"),
        (("linux", "aarch64", 32, "2.36"), "linux armv7l with glibc 2.36"),  # 32 bits under a kernel of 64
        (("linux", "x86_64", 32, "2.17"), "linux i686 with glibc 2.17"),
        (("linux", "x86_64", 64, ""), "linux x86_64"),  # musl
        (("darwin", "arm64", 64, ""), "darwin arm64"),
    ],
)
def test_a_machine_is_known_by_what_its_python_loads(python_says, name):
    assert str(Machine.of(*python_says)) == name


@pytest.mark.parametrize(
    ("machine", "loads"),
    [
        (Machine("linux", "aarch64", (2, 28)), True),
        (Machine("linux", "aarch64", (2, 31)), True),
        (Machine("linux", "aarch64", (2, 17)), False),  # older
        (Machine("linux", "aarch64"), False),  # another C library
        (Machine("linux", "armv7l", (2, 31)), False),
        (Machine("darwin", "aarch64"), False),
    ],
)
def test_a_library_loads_on_machines_like_the_one_it_was_compiled_for(machine, loads):
    assert machine.loads_from(Machine("linux", "aarch64", (2, 28))) is loads
