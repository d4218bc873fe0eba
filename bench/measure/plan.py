"""`BenchPlan`, all that a bench is told, and `RawBench`, all that it measures: here or on another machine."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path

from ...runtime import MfccConfig
from ...runtime.engines import PROGRAM
from ...runtime.errors import ParameterError
from ...runtime.modelfile.reader import format_by_name
from .clips import Clips
from .machine import MachineFacts


@dataclasses.dataclass(frozen=True)
class Case:
    """One row of the results; raises ParameterError where a value lies outside its range.

    Attributes:
        path: a .tflite, .onnx or .keras file with genrekit's description, or a folder of C.
        engine: name of the engine, or None for the one that the suffix stands for.
        threads: of the engine and of the front end, >= 1.
        front_end: genrekit, or librosa (the baseline).
        program: of a folder of C, where it is compiled already.
    """

    path: Path
    engine: str | None = None
    threads: int = 1
    front_end: str = "genrekit"
    program: Path | None = None

    def __post_init__(self) -> None:
        _require_at_least("threads", self.threads, 1)

    @property
    def is_program(self) -> bool:
        """Whether it is a folder of C, measured as the program that it is."""
        return self.engine in (None, PROGRAM.name) and format_by_name(self.path) == PROGRAM.format


@dataclasses.dataclass(frozen=True)
class Effort:
    """How long each case is measured, over all rounds; raises ParameterError where a value lies outside its range.

    Attributes:
        calls: timed calls at least, >= 1; warm-up comes on top.
        seconds: that the timed calls last together at least, >= 0.
        rounds: fresh processes, in each of which a part of the calls is made, >= 1.
        paced_calls: pushes half a second apart, >= 0.
    """

    calls: int = 100
    seconds: float = 1.0
    rounds: int = 5
    paced_calls: int = 10

    def __post_init__(self) -> None:
        _require_at_least("calls", self.calls, 1)
        _require_at_least("rounds", self.rounds, 1)
        _require_at_least("seconds", self.seconds, 0)
        _require_at_least("paced_calls", self.paced_calls, 0)

    def of_one_round(self) -> Effort:
        """What one of the rounds has to do."""
        calls = math.ceil(self.calls / self.rounds)
        return Effort(calls, self.seconds / self.rounds, 1, math.ceil(self.paced_calls / self.rounds))


def _require_at_least(name: str, value: float, least: int) -> None:
    if not least <= value < math.inf:
        raise ParameterError(f"{name}={value}: expected {'at least 1' if least else '0 or more'}")


@dataclasses.dataclass(frozen=True)
class TrainingRow:
    """What an epoch of a model's training took.

    Attributes:
        model: its name.
        seconds_per_epoch: median, in seconds; None where it is not known.
        source: how that was measured, for the reader.
        segments: that the training saw in an epoch.
    """

    model: str
    seconds_per_epoch: float | None
    source: str | None = None
    segments: int | None = None


@dataclasses.dataclass(frozen=True)
class TrainingReference:
    """What others report of the same models' training, to stand beside a `TrainingRow`.

    Attributes:
        source: who reports it, as "the paper".
        machine: that they trained on.
        segments: that their training saw in an epoch.
        seconds_per_epoch: name of a model -> seconds.
    """

    source: str
    machine: str
    segments: int
    seconds_per_epoch: dict[str, float]


@dataclasses.dataclass(frozen=True)
class BenchPlan:
    """What to measure, on what, and for how long.

    Attributes:
        cases: at least one; raises ParameterError of none.
        clips: the audio; accuracy and agreement are over all of it.
        reference_labels: name of a model -> what its Keras model predicts for the clips, or the sentence that says why
            it cannot: from `run.keras_labels`.
        baselines: more cases, which are kept apart from the results: from `run.baseline_cases`.
        effort: of each case.
        training, training_reference: passed through to the results.
        cold_start: module that classifies, when it is run as ``python -m MODULE classify MODEL AUDIO --threads N``;
            None: a process that loads the model and calls it once.
        front_end: measure nothing but this front end; cases and baselines then name no files (`front_end_plan`).
    """

    cases: tuple[Case, ...]
    clips: Clips
    reference_labels: Mapping[str, list[str] | str] = dataclasses.field(default_factory=dict)
    baselines: tuple[Case, ...] = ()
    effort: Effort = Effort()
    training: tuple[TrainingRow, ...] = ()
    training_reference: TrainingReference | None = None
    cold_start: str | None = None
    front_end: MfccConfig | None = None

    def __post_init__(self) -> None:
        if not self.cases:
            raise ParameterError("cases=0: expected at least one model file; name some")

    @property
    def all_cases(self) -> tuple[Case, ...]:
        """The cases, then the baselines."""
        return (*self.cases, *self.baselines)


def front_end_plan(clips: Clips, config: MfccConfig, *, threads: int = 1, effort: Effort = Effort()) -> BenchPlan:
    """The front end alone: genrekit's as the case, librosa's as the baseline."""
    ours, librosas = (Case(Path("front end"), threads=threads, front_end=name) for name in ("genrekit", "librosa"))
    return BenchPlan((ours,), clips, baselines=(librosas,), effort=effort, front_end=config)


@dataclasses.dataclass(frozen=True)
class RawRound:
    """What one process measured of a case.

    Attributes:
        times: kind of time, as front_end_ms -> milliseconds of each timed call.
        once: what a process reports once, by its name: load_ms (with the engine's import), first_call_ms,
            peak_rss_bytes (before it predicted), other_load_cores, cold_start_ms, bytes (of a program: code and
            constants); none that the system does not report.
        engine: its name; None of a front end alone.
        labels: all that the model knows, where predictions were asked for.
        predicted: the label of each clip.
        scores: its probability, in [0, 1].
        unknown: for each clip whether the model does not know; empty where its file cannot tell.
        cold_start_of: what was started for cold_start_ms.
        cold_start_error: why there is no time of it.
    """

    times: dict[str, tuple[float, ...]]
    once: dict[str, int | float]
    engine: str | None = None
    labels: tuple[str, ...] = ()
    predicted: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()
    unknown: tuple[bool, ...] = ()
    cold_start_of: str | None = None
    cold_start_error: str | None = None


@dataclasses.dataclass(frozen=True)
class RawCase:
    """The rounds of a case, and the sentence that ended them, if it failed."""

    rounds: tuple[RawRound, ...] = ()
    error: str | None = None


@dataclasses.dataclass(frozen=True)
class RawBench:
    """All that was measured of a plan.

    Attributes:
        created: when it began, ISO 8601 in UTC.
        machine: it was measured on.
        cases: one each of `BenchPlan.all_cases`.
        complete: all rounds were measured.
        interrupted: by Ctrl-C, or by the end of the machine.
    """

    created: str
    machine: MachineFacts
    cases: tuple[RawCase, ...]
    complete: bool = False
    interrupted: bool = False
