"""What a device answers, taken as data: checked for types and bounds, never a command or a path on this machine."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any, TypeGuard

from ...runtime.errors import Failure, ParameterError
from ...runtime.modelfile.description import MAX_LABELS
from ..measure.plan import BenchPlan, RawBench, RawRound
from ..results.schema import TIMES
from .platforms import Machine

PYTHON = (3, 10)  # the oldest that genrekit runs on
MOST_STEPS = 10**9
MOST_LETTERS = 4096  # of a path or a line
_WORD = re.compile(r"[\w.-]{1,40}", re.ASCII)  # a system or a processor
ONCE = ("load_ms", "first_call_ms", "peak_rss_bytes", "bytes", "other_load_cores", "cold_start_ms")


@dataclasses.dataclass(frozen=True)
class Prepared:
    """What `agent` finds: python3's version, whether it makes environments, where these stand, a folder for the job.

    And whether it has a C compiler, with make.
    """

    python: tuple[int, int]
    environments: bool
    machine: Machine
    folder: str
    job: str
    compiler: bool = False

    def require_usable(self, host: str) -> None:
        """Raise Failure where the Python of the machine cannot serve."""
        if self.python < PYTHON:
            received, expected = (".".join(map(str, version)) for version in (self.python, PYTHON))
            raise Failure(f"python3 of {host} is {received}: expected {expected} or later; bring its system up to date")
        if not self.environments:
            raise Failure(
                f"python3 of {host} cannot make environments; install what does there: apt install python3-venv"
            )


def is_busy(line: str) -> bool:
    """Whether the answer to "hold" is that another one holds."""
    try:
        return _object(line).get("busy") is True
    except ValueError:
        return False


def read_prepared(line: str) -> Prepared:
    """The answer to "hold"; raises ValueError of any other line."""
    found = _object(line)
    python, environments = found.get("python"), found.get("environments")
    machine, folder, job = found.get("machine"), found.get("folder"), found.get("job")
    if not (isinstance(python, list) and len(python) == 2 and all(_is_count(part, 1000) for part in python)):
        raise ValueError("no version of Python")
    if not (isinstance(environments, bool) and _is_path(folder) and _is_path(job)):
        raise ValueError("no folders")
    compiler = found.get("compiler") is True
    return Prepared((python[0], python[1]), environments, _machine(machine), str(folder), str(job), compiler)


def read_step(line: str) -> tuple[int, int, str] | None:
    """How many steps of how many are done, and what comes now; None of any other line."""
    try:
        found = _object(line)
    except ValueError:
        return None
    done, total, what = found.get("done"), found.get("total"), found.get("what")
    if not (_is_count(done, MOST_STEPS) and _is_count(total, MOST_STEPS) and isinstance(what, str)):
        return None
    return done, total, what[:MOST_LETTERS]


def require_fitting(plan: BenchPlan, raw: RawBench) -> None:
    """Raise ParameterError where `raw`, whose types are right, cannot be what was measured of `plan`."""
    _require("cases", len(raw.cases) == len(plan.all_cases), f"{len(plan.all_cases)}")
    for index, case in enumerate(raw.cases):
        _require(f"cases[{index}].rounds", len(case.rounds) <= plan.effort.rounds, f"at most {plan.effort.rounds}")
        for number, one in enumerate(case.rounds):
            _require_round(f"cases[{index}].rounds[{number}]", one, len(plan.clips.true_labels))


def _machine(found: Any) -> Machine:
    if not (isinstance(found, list) and [type(part) for part in found] == [str, str, int, str]):
        raise ValueError("no machine")
    system, processor, bits, glibc = found
    if not (_WORD.fullmatch(system) and _WORD.fullmatch(processor)):
        raise ValueError("no names of a machine")
    return Machine.of(system, processor, bits, glibc)


def _require_round(key: str, one: RawRound, clips: int) -> None:
    _require(f"{key}.times", set(one.times) <= set(TIMES), f"no others than {', '.join(TIMES)}")
    _require(f"{key}.once", set(one.once) <= set(ONCE), f"no others than {', '.join(ONCE)}")
    _require(f"{key}.once", all(value >= 0 for value in one.once.values()), "0 or more of each")
    _require(f"{key}.times", all(value > 0 for each in one.times.values() for value in each), "times above 0")
    _require(f"{key}.labels", len(one.labels) <= MAX_LABELS, f"at most {MAX_LABELS}")
    _require(f"{key}.predicted", len(one.predicted) in (0, clips), f"a label of each of {clips} clips")
    _require(f"{key}.predicted", set(one.predicted) <= set(one.labels), "labels of the model")
    _require(f"{key}.scores", len(one.scores) == len(one.predicted), "a score of each label")
    _require(f"{key}.scores", all(0 <= score <= 1 for score in one.scores), "scores in [0, 1]")
    _require(f"{key}.unknown", len(one.unknown) in (0, len(one.predicted)), "one of each label")


def _require(key: str, holds: bool, rule: str) -> None:
    if not holds:
        raise ParameterError(f"{key}: expected {rule}")


def _object(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except RecursionError as error:
        raise ValueError("deeply nested") from error
    if not isinstance(found, dict):
        raise ValueError("no JSON object")
    return found


def _is_count(value: Any, most: int) -> TypeGuard[int]:
    return type(value) is int and 0 <= value <= most


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("/") and len(value) <= MOST_LETTERS and "\0" not in value
