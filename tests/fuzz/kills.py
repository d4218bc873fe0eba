"""Kills commands at random moments, looks at what is left, and runs them again.

    python -m tests.fuzz.kills --minutes 20 --kills 10 --seed 3

After each SIGKILL: every file under its final name can be read, and no worker lives on. After the next run, which ends
well: the files of a run that nobody killed, and no temporary file. Exits with 1 where that does not hold. Commands run
in forks of this process, which has imported what they need.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import dataclasses
import importlib
import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from genrekit.bench.results.reader import read_json
from genrekit.runtime import load
from genrekit.toolkit.cli import app

HEAVY = (
    "tensorflow", "keras", "onnx", "onnxruntime", "ai_edge_litert.interpreter", "joblib", "matplotlib.pyplot",
    "msgspec", "jinja2", "rich", "genrekit.converters.tflite.convert", "genrekit.converters.onnx.convert",
)  # fmt: skip
OUTLIVED_S = 10.0  # how long a worker may take to notice that its parent is gone
HANGS_S = 300.0
RATE = 22050


@dataclasses.dataclass(frozen=True)
class Command:
    """A command line, in which OUT stands for the folder that it writes into."""

    name: str
    arguments: tuple[str, ...]

    def in_folder(self, folder: Path) -> list[str]:
        return [argument.replace("OUT", str(folder)) for argument in self.arguments]


class BrokenError(Exception):
    """What should have held did not."""


def commands(given: Path) -> list[Command]:
    """One of each kind, on the inputs in `given`, the cheap ones first."""
    corpus, run, models = given / "corpus", given / "runs" / "mlp", given / "models"
    few = "--calls 5 --rounds 2 --seconds 0 --paced-calls 1"
    lines = {
        "corpus make": "corpus make OUT --tracks-per-genre 1 --seconds 4",
        "classify": f"classify {models}/mlp-int8.tflite {corpus} --recursive --out OUT/rows.jsonl --jobs 2",
        "bench": f"bench {models}/mlp-int8.tflite --data {corpus} --out OUT/bench.json --html OUT/page.html {few}",
        "train": f"train cnn --data {corpus} --out OUT --epochs 8",
        "export": f"export {run} --out OUT",
        "quickstart": f"quickstart --data {corpus} --out OUT --epochs 2 --calls 2",
    }
    return [Command(name, tuple(line.split())) for name, line in lines.items()]


def write_corpus(folder: Path) -> None:
    """Three genres of five short tones."""
    generator = np.random.default_rng(5)
    for genre, pitch in {"bells": 1760, "drones": 110, "flutes": 523}.items():
        (folder / genre).mkdir(parents=True)
        for index in range(5):
            phase = 2 * np.pi * pitch * np.arange(round(6.2 * RATE)) / RATE * generator.uniform(0.97, 1.03)
            samples = 0.2 * np.sin(phase) + 0.02 * generator.standard_normal(len(phase))
            soundfile.write(folder / genre / f"{genre}.{index:05d}.wav", samples, RATE)


def start(arguments: list[str], folder: Path) -> int:
    """A fork that runs `genrekit` with these arguments, in a session of its own; output goes to log in `folder`."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        os.setsid()
        output = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for number in (1, 2):
            os.dup2(output, number)
        sys.stdout, sys.stderr = (os.fdopen(number, "w", buffering=1, closefd=False) for number in (1, 2))
        os.environ.update(TMPDIR=str(folder / "tmp"), GENREKIT_CACHE=str(folder / "cache"))
        tempfile.tempdir = None
        sys.argv = ["genrekit", *arguments]
        app.main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        os._exit(code)


def wait(child: int, seconds: float) -> int | None:
    """Its exit code, negative for a signal; None where it runs on after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > end:
            return None
        time.sleep(0.005)


def session(leader: int) -> list[int]:
    """Processes of the session that `leader` began."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, _, number, *_ = path.read_text().rpartition(")")[2].split()
            if int(number) == leader and state != "Z":
                found.append(int(path.parent.name))
    return found


def require_no_worker(leader: int) -> None:
    end = time.monotonic() + OUTLIVED_S
    while left := session(leader):
        if time.monotonic() > end:
            names = [Path(f"/proc/{number}/cmdline").read_bytes().replace(b"\0", b" ") for number in left]
            for number in left:
                os.kill(number, signal.SIGKILL)
            raise BrokenError(f"processes live on: {names}")
        time.sleep(0.05)


def require_readable(folder: Path) -> None:
    """Raise BrokenError where a file under its final name is not whole."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            try:
                read(path)
            except Exception as error:
                raise BrokenError(
                    f"{path.relative_to(folder)} cannot be read: {type(error).__name__}: {error}"
                ) from error


def read(path: Path) -> None:
    """Read a file as whoever uses it does; raises whatever that raises."""
    match path.suffix:
        case ".wav":
            info = soundfile.info(path)
            assert len(soundfile.read(path)[0]) == info.frames > 0
        case ".json" if path.name.startswith("bench.json"):
            assert read_json(path).complete
        case ".partial" if path.name.startswith("bench.json"):
            read_json(path)
        case ".json":
            json.loads(path.read_text())
        case ".partial":
            with contextlib.closing(sqlite3.connect(path)) as database:
                assert database.execute("pragma integrity_check").fetchone() == ("ok",)
        case ".partial-journal":
            pass  # read above, with what it belongs to
        case ".jsonl":
            assert [json.loads(line) for line in path.read_text().splitlines()]
        case ".csv":
            assert len(list(csv.reader(path.read_text().splitlines()))) > 1
        case ".npz":
            with np.load(path, allow_pickle=False) as archive:
                assert all(archive[name] is not None for name in archive.files)
        case ".keras":
            with zipfile.ZipFile(path) as archive:
                assert archive.testzip() is None
        case ".tflite" | ".onnx":
            model = load(path)
            model.predict(np.zeros((1, model.config.window_frames, model.config.n_mfcc), np.float32))
        case ".png":
            assert path.read_bytes().endswith(b"IEND\xaeB`\x82")
        case ".html":
            assert path.read_text().rstrip().endswith("</html>")
        case other:
            raise AssertionError(f"nobody knows how to read {other}")


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@contextlib.contextmanager
def fresh(base: Path) -> Iterator[tuple[Path, Path]]:
    """A folder with tmp/ and cache/ in it, and the output's in that."""
    folder = Path(tempfile.mkdtemp(dir=base))
    (folder / "tmp").mkdir()
    yield folder, folder / "out"
    shutil.rmtree(folder)


def run(command: Command, folder: Path, out: Path) -> float:
    """Seconds that it takes when nobody kills it; raises BrokenError where it does not end well and clean."""
    begin = time.monotonic()
    child = start(command.in_folder(out), folder)
    code = wait(child, HANGS_S)
    seconds = time.monotonic() - begin
    if code != 0:
        if code is None:
            os.kill(child, signal.SIGKILL)
        raise BrokenError(f"ended with {code}: {(folder / 'log').read_text()[-500:]}")
    require_readable(out)
    hidden = [path for path in folder.rglob("*") if path.name.startswith(".") or path.name.endswith(".partial")]
    if left := [*hidden, *(folder / "tmp").iterdir(), *out.rglob("checkpoint.npz")]:
        raise BrokenError(f"left behind: {[str(path.relative_to(folder)) for path in left]}")
    return seconds


def try_command(command: Command, base: Path, seconds: float, expected: set[str], generator: random.Random) -> str:
    """Kill it once and run it again; what happened, in words. Raises BrokenError."""
    moment = generator.uniform(0, seconds)
    with fresh(base) as (folder, out):
        child = start(command.in_folder(out), folder)
        early = wait(child, moment)
        if early is None:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        state = f"killed after {moment:.2f} of {seconds:.2f} s" if early is None else f"ended by itself with {early}"
        try:
            require_no_worker(child)
            if out.exists():
                require_readable(out)
            run(command, folder, out)
            if files(out) != expected:
                raise BrokenError(f"other files than a run that nobody killed: {sorted(files(out) ^ expected)}")
        except BrokenError as error:
            raise BrokenError(f"{command.name}: {state}: {error}") from error
    return state


def prepare(base: Path) -> None:
    """Make what the commands work on."""
    given = base / "given"
    write_corpus(given / "corpus")
    (given / "tmp").mkdir()
    for line in (
        f"train mlp --data {given}/corpus --out {given}/runs --epochs 2",
        f"export {given}/runs/mlp --out {given}/models --format tflite --precision int8",
    ):
        if code := wait(start(line.split(), given), HANGS_S):
            raise SystemExit(f"genrekit {line} ended with {code}: {(given / 'log').read_text()}")


def main() -> int:
    """Kill each command in turn until all were killed often enough, or the time is over; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--kills", type=int, default=10, help="of each command")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    parser.add_argument("--only", default="", help="the commands whose names hold this")
    arguments = parser.parse_args()
    generator = random.Random(arguments.seed)
    print(f"seed {arguments.seed}", flush=True)
    broken, done = 0, {}
    with tempfile.TemporaryDirectory(prefix="genrekit-kills-") as name:
        base = Path(name)
        chosen = [command for command in commands(base / "given") if arguments.only in command.name]
        if [command.name for command in chosen] != ["corpus make"]:  # which needs nothing
            for name in HEAVY:
                importlib.import_module(name)
            prepare(base)
        usual = {}
        for command in chosen:
            with fresh(base) as (folder, out):
                usual[command] = run(command, folder, out), files(out)
        end = time.monotonic() + 60 * arguments.minutes
        for number in range(arguments.kills):
            for command in chosen:
                if time.monotonic() > end:
                    continue
                try:
                    state = try_command(command, base, *usual[command], generator)
                    print(f"{command.name} {number}: {state}, whole, and well again", flush=True)
                except BrokenError as error:
                    broken += 1
                    print(f"BROKEN: {error}", flush=True)
                done[command.name] = done.get(command.name, 0) + 1
    print(f"killed: {done}; broken: {broken}; seed {arguments.seed}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
