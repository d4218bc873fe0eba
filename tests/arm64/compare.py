"""Classify and stream with every model file in an arm64 root and on this machine, and compare what both say.

compare.py ROOT [--models FOLDER] [--audio FILE], started by the Python that has genrekit. ROOT is made by make_root.sh.
The root computes MFCC in C, this machine in numpy. Exits with 1 where anything differs. A functional check: under
emulation, times say nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

IN_ROOT = Path(__file__).with_name("in_root.sh")
ALLOWED = 2e-2  # of a score; two engines round differently, int8 files in steps of 1/256
TIMEOUT_S = 300  # for one command, which takes seconds
VERSIONS = """
import platform, importlib.metadata as packages
from genrekit.runtime.front_end import front_end
names = ("genrekit", "ai-edge-litert", "onnxruntime", "numpy")
versions = (f"{n} {packages.version(n)}" for n in names)
print(platform.machine(), "python", platform.python_version(), *versions, "front end", front_end())
"""
# The options of each command; both take a model and an audio file.
COMMANDS = {"classify": ("--json",), "stream": ("--json", "--stride", "1")}

Record = dict[str, Any]


@dataclass(frozen=True)
class Machine:
    """Where genrekit runs: its name, what starts a program there, the folders of programs, of models and audio."""

    name: str
    start: tuple[str, ...]
    programs: str
    files: str

    def run(self, program: str, *arguments: str) -> str:
        """What a program printed.

        Raises:
            RuntimeError: it failed.
            subprocess.TimeoutExpired: it did not end.
        """
        command = [*self.start, f"{self.programs}/{program}", *arguments]
        result = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
        if result.returncode:
            reason = result.stderr.strip().rpartition("\n")[2]
            raise RuntimeError(f"{self.name}: {program} ended with {result.returncode}: {reason}")
        return result.stdout

    def decide(self, command: str, model: str, audio: str) -> list[Record]:
        """The decisions of `genrekit COMMAND`: for `classify` the file and its windows, for `stream` one a line."""
        output = self.run("genrekit", command, f"{self.files}/{model}", f"{self.files}/{audio}", *COMMANDS[command])
        lines = map(json.loads, output.splitlines())
        return [record for line in lines for record in (line, *line.get("windows", ()))]


@dataclass(frozen=True)
class Comparison:
    """What two machines said of one model file and command: problems, empty where they agree."""

    decisions: int = 0
    score: float = 0.0
    problems: tuple[str, ...] = ()


def compare(here: list[Record], there: list[Record]) -> Comparison:
    """Compare decisions one by one: times and labels must be equal, scores within `ALLOWED`."""
    if not here or len(here) != len(there):
        return Comparison(len(here), problems=(f"{len(here)} decisions here, {len(there)} on arm64",))
    pairs = list(zip(here, there, strict=True))
    score = max(score_difference(a, b) for a, b in pairs)
    counts = {"times": count(time_of, pairs), "labels": count(lambda record: record["label"], pairs)}
    problems = [f"{number} of {len(pairs)} {name} differ" for name, number in counts.items() if number]
    if score > ALLOWED:
        problems.append(f"scores differ by up to {score:.4f}")
    return Comparison(len(pairs), score, tuple(problems))


def count(part: Callable[[Record], Any], pairs: list[tuple[Record, Record]]) -> int:
    """How many pairs differ in a part."""
    return sum(part(a) != part(b) for a, b in pairs)


def time_of(record: Record) -> float:
    """Seconds: the end of a window, or the length of a file."""
    return next(record[name] for name in ("time_s", "end_s", "seconds") if name in record)


def score_difference(here: Record, there: Record) -> float:
    """The largest difference of a score; a window of `classify` has that of its label alone."""
    a, b = (record.get("scores") or {record["label"]: record["score"]} for record in (here, there))
    return max((abs(a[label] - b[label]) for label in a.keys() & b.keys()), default=0.0)


def compare_file(machines: tuple[Machine, Machine], model: str, audio: str) -> dict[str, Comparison]:
    """Compare one model file under every command; a command that fails is a problem like others."""
    comparisons = {}
    for command in COMMANDS:
        try:
            comparisons[command] = compare(*(machine.decide(command, model, audio) for machine in machines))
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            comparisons[command] = Comparison(problems=(str(error),))
    return comparisons


def describe(model: str, comparisons: dict[str, Comparison]) -> str:
    """The line of one model file."""
    problems = [f"{command}: {problem}" for command, c in comparisons.items() for problem in c.problems]
    if problems:
        return f"{model:<34} DIFFERS  {'; '.join(problems)}"
    parts = (f"{command} {c.decisions} decisions within {c.score:.0e}" for command, c in comparisons.items())
    return f"{model:<34} equal    {', '.join(parts)}"


def parse_arguments() -> argparse.Namespace:
    """The command line; ends with 2 and a sentence where there is nothing to compare."""
    parser = argparse.ArgumentParser(description="Compare genrekit in an arm64 root with genrekit on this machine.")
    parser.add_argument("root", type=Path, help="made by make_root.sh")
    parser.add_argument("--models", type=Path, default=Path("out/models"), help="folder of .tflite and .onnx files")
    parser.add_argument("--audio", type=Path, help="default: the first .wav file in out/corpus")
    arguments = parser.parse_args()
    if not (arguments.root / ".complete").exists():
        parser.error(f"root={arguments.root}: expected an arm64 root; run make test-arm64, which makes one")
    arguments.audio = arguments.audio or next(iter(sorted(Path("out/corpus").rglob("*.wav"))), Path("out/corpus/*.wav"))
    arguments.files = sorted(path for path in arguments.models.glob("*") if path.suffix in (".tflite", ".onnx"))
    if not arguments.files:
        parser.error(f"--models={arguments.models}: expected .tflite or .onnx files; run make quickstart")
    if not arguments.audio.is_file():
        parser.error(f"--audio={arguments.audio}: expected an audio file; run make quickstart, or name one")
    return arguments


def copy_files(files: list[Path], root: Path) -> Machine:
    """Copy models and audio into the root; returns the machine inside."""
    folder = root / "srv" / "genrekit"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for path in files:
        shutil.copy(path, folder)
    return Machine("arm64", (str(IN_ROOT), str(root)), "/opt/genrekit/bin", "/srv/genrekit")


def main() -> int:
    """Print a line for each model file and a summary; return the exit code."""
    arguments = parse_arguments()
    os.environ["GENREKIT_FRONT_END"] = "numpy"  # here; the root has an environment of its own
    there = copy_files([*arguments.files, arguments.audio], arguments.root)
    here = Machine("here", (), str(Path(sys.executable).parent), str(arguments.root / "srv" / "genrekit"))
    for machine, front_end in ((here, "numpy"), (there, "native")):
        versions = machine.run("python", "-c", VERSIONS).strip()
        print(f"{machine.name}: {versions}", flush=True)
        if not versions.endswith(front_end):
            print(f"{machine.name}: expected the front end {front_end}")
            return 1
    results = []
    for path in arguments.files:
        comparisons = compare_file((here, there), path.name, arguments.audio.name)
        print(describe(path.name, comparisons), flush=True)
        results.extend(comparisons.values())
    return summarize(len(arguments.files), arguments.audio, results)


def summarize(files: int, audio: Path, results: list[Comparison]) -> int:
    """Print the summary of all comparisons; return the exit code."""
    different = sum(bool(result.problems) for result in results)
    score = max(result.score for result in results)
    print(
        f"{files} model files, {audio.name}: {len(results) - different} comparisons equal, {different} different; "
        f"largest difference of a score {score:.0e} (allowed {ALLOWED})"
    )
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
