"""A folder of C as the program that it is: compiled, run, and what it answers."""

from __future__ import annotations

import contextlib
import json
import math
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from subprocess import PIPE
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from ...runtime import MfccConfig, ModelDescription
from ...runtime.errors import Failure, MissingPackageError
from ...runtime.native_build import COMPILERS, find_compiler, first_error
from ...runtime.prediction import UNKNOWN
from .clips import Clips, Samples
from .predictions import Predicted
from .processes import TIMEOUT_S

PROGRAM = "classify"
SOURCES = (".c", ".h")
FULL_SCALE = 2**15  # of int16
BATCH = 64  # clips of one process
AHEAD = 1024  # samples before a decision; the program reads 512 at once

Pcm = npt.NDArray[np.int16]
Push = Callable[[Pcm], bytes]  # samples -> the line that they made due


def copy_sources(folder: Path, into: Path) -> None:
    """Copy what `make` in the folder of C needs, and nothing that it made, to the new folder `into`."""
    into.mkdir(parents=True)
    for path in folder.iterdir():
        if path.suffix in SOURCES or path.name == "Makefile":
            shutil.copyfile(path, into / path.name)


def make_program(folder: Path, into: Path, compiler: Sequence[str] | None = None, flags: str | None = None) -> Path:
    """`classify` of the folder of C `folder`, made in a copy of it.

    Args:
        folder: what `genrekit export --target c` wrote.
        into: a new folder, for the copy.
        compiler: command of a C compiler; None takes the one that CC names, or the usual one.
        flags: CFLAGS; None leaves those of the folder's Makefile.

    Raises:
        MissingPackageError: there is no compiler, or no make.
        Failure: it does not compile.
    """
    compiler = compiler or find_compiler()
    if compiler is None or not shutil.which("make"):
        raise MissingPackageError(
            f"engine c: expected make and {' or '.join(COMPILERS)}, or the compiler that CC names, to compile "
            f"{folder.name}; install them, on Debian: apt install make gcc libc6-dev"
        )
    copy_sources(folder, into)
    command = ["make", "-s", f"-j{os.cpu_count() or 1}", f"CC={shlex.join(compiler)}", PROGRAM]
    done = subprocess.run([*command, *([f"CFLAGS={flags}"] if flags else [])], cwd=into, capture_output=True, text=True)
    if done.returncode:
        reason = first_error(done.stderr, done.returncode)
        raise Failure(f"{shlex.join(compiler)} does not compile {folder} ({reason}); name another compiler in CC")
    return into / PROGRAM


def compiler_version() -> str | None:
    """What the compiler of `make_program` calls itself; None where there is none."""
    if (compiler := find_compiler()) is None:
        return None
    done = subprocess.run([*compiler, "--version"], capture_output=True, text=True, errors="replace")
    return done.stdout.partition("\n")[0].strip() or None


def int16(samples: Samples) -> Pcm:
    """float32 samples in [-1, 1] as a device has them from its microphone; same shape."""
    return np.clip(np.rint(samples * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)


@contextlib.contextmanager
def pcm_file(windows: Iterable[Pcm]) -> Iterator[IO[bytes]]:
    """A file of raw PCM for `run`, for the time of the block."""
    with tempfile.TemporaryFile() as file:
        for window in windows:
            file.write(window.astype("<i2").tobytes())
        file.flush()
        yield file


def run(program: Path, *arguments: str, pcm: IO[bytes] | None = None) -> str:
    """What the program writes to standard output, with all of `pcm` on its standard input; raises Failure."""
    if pcm:
        pcm.seek(0)
    command = [str(program), *arguments]
    try:
        done = subprocess.run(
            command, stdin=pcm or subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT_S
        )
    except OSError as error:
        raise Failure(f"{program.name} cannot be started ({error.strerror}); compile it for this machine") from error
    except subprocess.TimeoutExpired as error:
        raise Failure(f"{program.name} did not end within {TIMEOUT_S:.0f} s; use fewer clips") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise Failure(f"{program.name} ended with code {done.returncode} ({last}); try its --self-test")
    return done.stdout


def flash_bytes(program: Path) -> int | None:
    """Code and constants, which `make` counted; None where it could not."""
    found: int | None = _answer(run(program, "--size"))["flash_bytes"]
    return found


def clip_times(program: Path, windows: Sequence[Pcm], count: int) -> list[float]:
    """Milliseconds of `count` calls that go round the `windows`, samples in, label out, in a process of their own."""
    with pcm_file(windows) as pcm:
        times: list[float] = _answer(run(program, "--bench", str(count), pcm=pcm))["clip_ms"]
    return times


def predictions(program: Path, description: ModelDescription, clips: Clips) -> Predicted:
    """What the program makes of each clip, whose samples it gets as `int16`.

    A window of silence counts as known. Clips come one after the other, each filled up to whole hops, with a stride of
    as many: a decision each.
    """
    config = description.front_end
    hops = math.ceil(config.window_samples / config.hop_length)
    stride = hops * config.hop_length
    rest = np.zeros(stride - config.window_samples, np.int16)
    decisions: list[dict[str, Any]] = []
    for start in range(0, len(clips.samples), BATCH):
        batch = clips.samples[start : start + BATCH]
        with pcm_file(part for clip in batch for part in (int16(clip), rest)) as pcm:
            lines = run(program, repr(stride / config.sample_rate), pcm=pcm).splitlines()
        if len(lines) != len(batch):
            raise Failure(f"{program.name}: expected {len(batch)} decisions, received {len(lines)}; export it again")
        decisions += map(_answer, lines)
    return Predicted(
        tuple(one["label"] for one in decisions),
        tuple(one["score"] for one in decisions),
        tuple(one["answer"] == UNKNOWN for one in decisions) if description.rejection else (),
    )


@contextlib.contextmanager
def stream(program: Path, config: MfccConfig, stride_s: float) -> Iterator[tuple[int, Push]]:
    """The process of a stream that has read a window, and a call that writes one stride of samples and awaits its line.

    A stride longer than those samples has them again.
    """
    stride = config.stride_frames(stride_s) * config.hop_length
    with subprocess.Popen([str(program), repr(stride_s)], stdin=PIPE, stdout=PIPE) as process:

        def push(samples: Pcm) -> bytes:
            return _push(process, np.resize(samples, stride))

        _push(process, np.zeros(config.window_samples + AHEAD, np.int16))
        yield process.pid, push


def _push(process: subprocess.Popen[bytes], samples: Pcm) -> bytes:
    assert process.stdin
    assert process.stdout
    with contextlib.suppress(BrokenPipeError):  # it has ended, and so has its output
        process.stdin.write(samples.astype("<i2").tobytes())
        process.stdin.flush()
    if not (line := process.stdout.readline()):
        raise Failure(f"{PROGRAM} ended in the middle of a stream; try its --self-test")
    return line


def _answer(text: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise Failure(f"{PROGRAM} answers {text[:80]!r}: expected JSON; export the folder again") from error
    return found
