"""The front end in C, compiled for this machine; a sentence where it cannot be."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import sys

import pytest

from genrekit.runtime import native_build
from genrekit.runtime.native import ABI
from genrekit.runtime.native_build import BuildError, build, library_name, read_library

from ..libraries import needs_compiler


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The path of a library that the compiler at hand has made."""
    return build(tmp_path_factory.mktemp("built"))


@pytest.fixture
def sources(tmp_path, monkeypatch):
    """A copy of the sources that a test may change."""
    copy = tmp_path / "c"
    shutil.copytree(native_build.SOURCES, copy)
    monkeypatch.setattr(native_build, "SOURCES", copy)
    return copy


def compiler(path, script):
    """A compiler that is a shell script."""
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@needs_compiler
def test_the_library_loads(built):
    library = ctypes.CDLL(str(built))
    assert library.genrekit_abi() == ABI


@needs_compiler
def test_beside_it_stands_its_digest_and_nothing_else(built):
    assert sorted(os.listdir(built.parent)) == sorted([library_name(), f"{library_name()}.sha256"])
    assert (built.parent / f"{built.name}.sha256").read_text().strip() == hashlib.sha256(built.read_bytes()).hexdigest()


@needs_compiler
def test_a_library_is_read_only_while_it_is_what_was_written(built, tmp_path):
    assert read_library(tmp_path) is None
    shutil.copytree(built.parent, tmp_path, dirs_exist_ok=True)
    assert read_library(tmp_path) == built.read_bytes()
    with (tmp_path / built.name).open("r+b") as file:
        file.truncate(5000)
    assert read_library(tmp_path) is None


@needs_compiler
def test_an_old_library_gives_way_but_not_to_a_failure(tmp_path, sources):
    (tmp_path / library_name()).write_bytes(b"old")
    new = build(tmp_path).read_bytes()
    assert new[:3] != b"old"
    (sources / "mfcc.c").write_text("int genrekit_abi(void) { return missing; }")
    with pytest.raises(BuildError, match=r"does not compile .*error.*missing.*; name another compiler in CC"):
        build(tmp_path)
    assert read_library(tmp_path) == new


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'main.c:1: error: no such thing' >&2; exit 1", r"\(main.c:1: error: no such thing\)"),
        ("exit 3", r"\(it ended with 3\)"),
        ("true", r"No such file"),
        ("while [ $1 != -o ]; do shift; done; echo another machine > $2", r"compiles for another machine"),
    ],
)
def test_a_compiler_that_fails_is_named_with_what_it_says(tmp_path, monkeypatch, script, reason):
    monkeypatch.setenv("CC", compiler(tmp_path / "mycc", script))
    with pytest.raises(BuildError, match=rf"mycc.*{reason}.*; name another"):
        build(tmp_path / "built")
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "mycc"]


@pytest.mark.parametrize("environment", [{"CC": ""}, {"CC": "no-such-compiler"}, {"PATH": "/nowhere"}])
def test_without_a_compiler_the_command_says_what_to_install(environment):
    kept = {name: value for name, value in os.environ.items() if name != "CC"}
    command = [sys.executable, "-m", "genrekit.runtime.native_build"]
    done = subprocess.run(command, env={**kept, **environment}, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("no C compiler: expected ")
    assert line.endswith("on Debian: apt install gcc libc6-dev")


@needs_compiler
def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BuildError, match=r"file/libgenrekit.* cannot be written \(.+\); run this as"):
        build(tmp_path / "file")


@pytest.mark.parametrize(
    ("platform", "name"),
    [("linux", "libgenrekit.so"), ("darwin", "libgenrekit.dylib"), ("win32", "genrekit.dll")],
)
def test_the_library_is_named_as_its_system_names_them(platform, name):
    assert library_name(platform) == name
