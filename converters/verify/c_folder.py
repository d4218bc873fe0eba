"""A folder of C as this machine's compiler makes it: its self-test, its scores, the decisions of a stream."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...runtime.errors import Failure, ParityError
from ...runtime.native_build import find_compiler, first_error
from ..c.readme import Sizes

PROGRAM = Path(__file__).with_suffix(".c")
# Of the scores of a stream's decisions, with the MFCC of C and with numpy's.
STREAM_TOLERANCE = {"float32": 1e-3, "int8": 1e-2}


class Build:
    """A folder, compiled where it lies.

    Raises:
        Failure: the compiler fails.
    """

    def __init__(self, folder: Path, compiler: Sequence[str]) -> None:
        self.folder = folder
        self._compiler = compiler
        self._make("classify", "library")
        self._gate = self._linked("gate")

    def scores(self, features: np.ndarray) -> np.ndarray:
        """What the layers make of normalised float32 [shape=(n, frames, n_mfcc)]: float32 [shape=(n, classes)]."""
        found = self._run([str(self._gate), "scores"], np.ascontiguousarray(features, "<f4").tobytes())
        scores: np.ndarray = np.frombuffer(found, "<f4").reshape(len(features), -1)
        return scores

    def self_test(self) -> None:
        """Raise ParityError where the program's own self-test fails."""
        done = subprocess.run([self.program, "--self-test"], capture_output=True, text=True)
        if done.returncode:
            raise ParityError(f"the self-test of the compiled folder fails: {' '.join(done.stdout.split())}")

    def decisions(self, samples: np.ndarray) -> np.ndarray:
        """The scores of each decision of a stream of int16 `samples` [shape=(decisions, classes)]."""
        lines = self._run([self.program], samples.astype("<i2").tobytes()).splitlines()
        return np.array([list(json.loads(line)["scores"].values()) for line in lines])

    def sizes(self) -> Sizes:
        """What it takes."""
        here = json.loads(self._run([self.program, "--size"]))
        # As on a board: no vectors, for which more frames are computed at once.
        self._make("clean")
        self._make("library", "CFLAGS=-O1 -DGK_LANES=1")
        board = json.loads(self._run([str(self._linked("sizes", "-DGK_LANES=1")), "sizes"]))
        return Sizes(here["flash_bytes"], here["state_bytes"], board["state_bytes"], board["without_top_db"])

    @property
    def program(self) -> str:
        """The path of classify."""
        return str(self.folder / "classify")

    def _make(self, *arguments: str) -> None:
        self._run(["make", "-s", "-j2", f"CC={shlex.join(self._compiler)}", *arguments])

    def _linked(self, name: str, *options: str) -> Path:
        program = self.folder / name
        sources = ["-std=c99", "-O1", *options, "-I.", str(PROGRAM), "libgenrekit-model.a"]
        self._run([*self._compiler, *sources, "-o", str(program), "-lm"])
        return program

    def _run(self, command: Sequence[str], given: bytes = b"") -> bytes:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        done = subprocess.run(command, input=given, capture_output=True, cwd=self.folder, env=environment)
        if done.returncode:
            reason = first_error(done.stderr.decode(errors="replace"), done.returncode)
            raise Failure(
                f"{Path(command[0]).name}: the folder of C does not work here ({reason}); name another compiler in CC"
            )
        return done.stdout


def compiler() -> list[str] | None:
    """A C compiler for this machine, where there is one and make."""
    return find_compiler() if shutil.which("make") else None


def check_stream(found: np.ndarray, expected: np.ndarray, precision: str) -> None:
    """Raise ParityError unless the scores of a stream's decisions are those `expected` of its windows' features."""
    allowed = STREAM_TOLERANCE[precision]
    if found.shape != expected.shape:
        raise ParityError(f"a stream has {len(found)} decisions in C, expected {len(expected)}")
    if (error := float(np.abs(found - expected).max(initial=0))) > allowed:
        raise ParityError(
            f"a stream's scores differ by {error:.2g} from those of its windows, at most {allowed:g} allowed"
        )
