"""The front end in C without Python, under sanitizers, and as strictly compiled as C can be."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from genrekit.runtime.native import INSTRUCTIONS

from ..c_program import compile_program, golden, largest_error
from ..fixtures.golden.vectors import TOLERANCE

STRICT = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror")
SANITIZED = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


@pytest.fixture(scope="module", params=["gcc", "clang"])
def program(request, tmp_path_factory):
    """The program, as a compiler makes it."""
    if shutil.which(request.param) is None:
        pytest.skip(f"no {request.param} at hand: apt install {request.param}")
    path = tmp_path_factory.mktemp("program") / request.param
    compile_program([request.param, *STRICT, *SANITIZED], path)
    return path


@pytest.mark.parametrize("instructions", INSTRUCTIONS)
def test_it_gives_the_golden_mfcc_and_touches_nothing_else(program, instructions):
    first, *others = golden()
    try:
        largest_error([program], first, INSTRUCTIONS[instructions])
    except AssertionError as error:
        if "genrekit_mfcc_init refuses" not in str(error) or instructions in ("best", "base"):
            raise
        pytest.skip(f"this processor has no {instructions}")
    for one in others:
        assert largest_error([program], one, INSTRUCTIONS[instructions]) < TOLERANCE, one.name


def test_what_breaks_off_is_refused(program):
    done = subprocess.run([program], input=b"\0" * 10, capture_output=True, text=False)
    assert done.returncode == 1
    assert b"expected more on standard input" in done.stderr
