"""What a device says it is, taken as data."""

from __future__ import annotations

import json

import pytest

from genrekit.bench.remote.answers import read_prepared
from genrekit.bench.remote.platforms import Machine

PI = ["linux", "aarch64", 64, "2.36"]


def answer(machine):
    found = {"python": [3, 11], "environments": True, "machine": machine, "folder": "/home/pi", "job": "/home/pi/job-1"}
    return json.dumps(found)


def test_a_machine_is_read_as_its_python_names_it():
    assert read_prepared(answer(PI)).machine == Machine("linux", "aarch64", (2, 36))


@pytest.mark.parametrize(("said", "found"), [(True, True), (False, False), ("yes", False), (None, False)])
def test_a_compiler_is_one_that_is_told_of(said, found):
    line = json.dumps({**json.loads(answer(PI)), "compiler": said})
    assert read_prepared(line).compiler is found


@pytest.mark.parametrize(
    "machine",
    [None, {}, PI[:3], ["linux", 64, "aarch64", ""], ["linux", "aarch64\x1b[2J", 64, ""], ["x" * 41, "arm64", 64, ""]],
)
def test_what_is_no_machine_is_no_answer(machine):
    with pytest.raises(ValueError, match="machine"):
        read_prepared(answer(machine))


@pytest.mark.parametrize("glibc", ["9" * 5000, "2", "musl", "2.36\n"])
def test_a_version_that_is_none_is_no_glibc(glibc):
    assert read_prepared(answer([*PI[:3], glibc])).machine.glibc is None
