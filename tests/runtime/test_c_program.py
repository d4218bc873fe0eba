"""The front end in C without Python, under sanitizers, held to the golden vectors."""

from __future__ import annotations

import subprocess

import pytest

from genrekit.runtime.native import INSTRUCTIONS
from genrekit.runtime.native_build import find_compiler

from ..c_program import compile_program, golden, largest_error
from ..fixtures.golden.vectors import TOLERANCE

SANITIZED = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The program, as the compiler at hand makes it."""
    compiler = find_compiler()
    if compiler is None:
        pytest.skip("no C compiler at hand: apt install gcc")
    path = tmp_path_factory.mktemp("program") / "front_end"
    compile_program(compiler, path, SANITIZED)
    return path


@pytest.mark.parametrize("instructions", [name for name in INSTRUCTIONS if name != "best"])
def test_it_gives_the_golden_mfcc_and_touches_nothing_else(program, instructions):
    first, *others = golden()
    try:
        largest_error([program], first, INSTRUCTIONS[instructions])
    except AssertionError as error:
        if "genrekit_mfcc_init refuses" not in str(error) or instructions == "base":
            raise
        pytest.skip(f"this processor has no {instructions}")
    for one in others:
        assert largest_error([program], one, INSTRUCTIONS[instructions]) < TOLERANCE, one.name


def test_what_breaks_off_is_refused(program):
    done = subprocess.run([program], input=b"\0" * 10, capture_output=True, text=False)
    assert done.returncode == 1
    assert b"expected more on standard input" in done.stderr
