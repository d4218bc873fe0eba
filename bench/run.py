"""A bench: cases in rounds of fresh processes, in random order, saved after each process."""

from __future__ import annotations

import dataclasses
import functools
import importlib.util
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..runtime import MfccConfig
from ..runtime.errors import GenrekitError, ParameterError
from .measure.cases import Case, Effort
from .measure.clips import Clips
from .measure.machine import Watch
from .measure.processes import run_process, run_worker
from .measure.timing import Clock, timed
from .results import build, store

Progress = Callable[[int, int, str], None]  # steps done, steps in all, what begins now
Work = Callable[[], None]

COMMAND = "genrekit.toolkit.cli.app"
NOT_MEASURED = "not measured: the bench was interrupted before its first round; run it again"
ORDER_SEED = 0


def run_bench(
    cases: Sequence[Case],
    clips: Clips,
    reference_labels: Mapping[str, list[str] | str] | None = None,
    *,
    baselines: Sequence[Case] = (),
    effort: Effort = Effort(),  # noqa: B008 (frozen)
    training: Sequence[dict[str, Any]] = (),
    progress: Progress | None = None,
    save_to: Path | None = None,
) -> dict[str, Any]:
    """Measure `cases` in rounds: in each round every case once, in random order, each in a fresh process.

    A case that fails becomes a row with "error"; the others go on. Ctrl-C ends the bench early: what was measured is
    in the results, "interrupted" is true and "complete" is false.

    Args:
        cases: what to measure.
        clips: the audio; accuracy and agreement are over all of it.
        reference_labels: from `keras_labels`.
        baselines: more cases, which are kept apart from the results: from `baseline_cases`.
        effort: how long.
        training: rows {"model", "seconds_per_epoch", "source"}, which are passed through.
        progress: called before each step.
        save_to: JSON file; until the end, what was measured is saved after each step beside it (`store.partial_path`).

    Returns:
        The bench JSON.

    Raises:
        ParameterError: no cases.
        OutputError: `save_to` cannot be written; checked before anything is measured.
    """
    if not cases:
        raise ParameterError("cases=0: expected at least one model file; name some")
    save = store.saver(save_to)
    bench = build.empty_bench(clips, effort, training)
    measured = [_measured_case(case, clips, effort, reference_labels or {}) for case in [*cases, *baselines]]
    bench["results"] = [one.row for one in measured[: len(cases)]]
    bench["baselines"] = [one.row for one in measured[len(cases) :]]
    bench["baseline"] = next(iter(bench["baselines"]), None)
    peaks = [
        functools.partial(_measure_peak, bench["machine"], n) for n in dict.fromkeys(case.threads for case in cases)
    ]
    steps = [("peak of the machine", peak) for peak in peaks] + [(one.name, one.measure_round) for one in measured]
    _run_rounds(steps, effort.rounds, bench, progress or (lambda done, total, what: None), save)
    return bench


def run_front_end(
    clips: Clips,
    config: MfccConfig,
    *,
    threads: int = 1,
    effort: Effort = Effort(),  # noqa: B008 (frozen)
    progress: Progress | None = None,
    save_to: Path | None = None,
) -> dict[str, Any]:
    """Measure the front end alone, genrekit's as the result and librosa's as the baseline; the bench JSON.

    Raises:
        OutputError: `save_to` cannot be written.
    """
    save = store.saver(save_to)
    bench = build.empty_bench(clips, effort, ())
    ours, theirs = (_measured_front_end(name, clips, config, threads, effort) for name in ("genrekit", "librosa"))
    bench["results"], bench["baselines"] = [ours.row], [theirs.row]
    bench["baseline"] = bench["baselines"][0]
    steps = [(one.name, one.measure_round) for one in (ours, theirs)]
    _run_rounds(steps, effort.rounds, bench, progress or (lambda done, total, what: None), save)
    return bench


def _run_rounds(
    steps: Sequence[tuple[str, Work]], rounds: int, bench: dict[str, Any], progress: Progress, save: store.Save
) -> None:
    """Do all steps once in each round, in an order of its own; finish `bench` and save it after each."""
    generator = np.random.default_rng(ORDER_SEED)
    order = [steps[place] for _ in range(rounds) for place in generator.permutation(len(steps))]
    watch = Watch()
    try:
        for done, (name, work) in enumerate(order):
            progress(done, len(order), name)
            work()
            save(bench)
        bench["complete"] = True
    except KeyboardInterrupt:
        bench["interrupted"] = True
    progress(len(order), len(order), "done")
    bench["machine"].update(watch.seen())
    build.finish(bench)
    save(bench)


@dataclasses.dataclass
class _Measured:
    """One row of the results, and the raw rounds that it is made of.

    Attributes:
        name: for the progress bar.
        row: brought up to date by each round.
        measure: a round, given whether it is the first.
        summarize: what the rounds so far mean, as fields of the row.
    """

    name: str
    row: dict[str, Any]
    measure: Callable[[bool], dict[str, Any]]
    summarize: Callable[[list[dict[str, Any]]], dict[str, Any]]
    rounds: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    failed: bool = False

    def __post_init__(self) -> None:
        self.row["error"] = NOT_MEASURED

    def measure_round(self) -> None:
        """Measure once more, unless it failed before."""
        if self.failed:
            return
        try:
            self.rounds.append(self.measure(not self.rounds))
        except GenrekitError as error:
            self.failed = True
            before = f"in round {len(self.rounds) + 1}: " if self.rounds else ""
            self.row["error"] = before + str(error)
            return
        self.row.pop("error", None)
        self.row.update(self.summarize(self.rounds))


def _measured_case(
    case: Case, clips: Clips, effort: Effort, reference_labels: Mapping[str, list[str] | str]
) -> _Measured:
    row = build.empty_row(case)
    reference = reference_labels.get(row["model"])
    job = {**_job("measure_case", case, clips), "effort": dataclasses.asdict(effort.of_one_round())}

    def measure(first: bool) -> dict[str, Any]:
        watch = Watch()
        raw = run_worker({**job, "predict": first}, threads=case.threads)
        raw["other_load_cores"] = watch.other_load_cores()
        return {**raw, **_cold_start(case, clips)}

    return _Measured(case.path.name, row, measure, lambda rounds: build.measured(rounds, row, clips, reference))


def _measured_front_end(name: str, clips: Clips, config: MfccConfig, threads: int, effort: Effort) -> _Measured:
    case = Case(Path("front end"), threads=threads, front_end=name)
    job = {"job": "measure_front_end", "front_end": name, "config": config.to_dict(), "clips": clips.to_dict()}
    job["effort"] = dataclasses.asdict(effort.of_one_round())
    return _Measured(
        f"front end of {name}",
        {**build.empty_row(case), "model": None},
        lambda first: run_worker(job, threads=threads),
        build.measured_front_end,
    )


def keras_labels(references: Mapping[str, Path], clips: Clips) -> dict[str, list[str] | str]:
    """What each Keras model predicts for the clips, or the sentence that says why it cannot.

    Args:
        references: name of a model -> its model.keras.
        clips: the audio.
    """
    if not references:
        return {}
    models = {name: str(path) for name, path in references.items()}
    try:
        return run_worker({"job": "reference_labels", "models": models, "clips": clips.to_dict()})["labels"]
    except GenrekitError as error:
        return dict.fromkeys(references, str(error))


def baseline_cases(references: Mapping[str, Path]) -> list[Case]:
    """Each model.keras as Keras runs it, with librosa's front end."""
    return [Case(path, engine="keras", front_end="librosa") for path in references.values()]


def _job(name: str, case: Case, clips: Clips) -> dict[str, Any]:
    return {"job": name, "case": case.to_dict(), "clips": clips.to_dict()}


def _measure_peak(machine: dict[str, Any], threads: int) -> None:
    """Keep the best seen with so many threads in ``machine["peak_gmacs_per_s"]``; a failure costs only that."""
    peaks = machine.setdefault("peak_gmacs_per_s", {})
    try:
        seen = run_worker({"job": "measure_peak"}, threads=threads)["gmacs_per_s"]
    except GenrekitError:
        return
    peaks[str(threads)] = max(seen, peaks.get(str(threads), 0.0))


def _cold_start(case: Case, clips: Clips, clock: Clock = time.perf_counter_ns) -> dict[str, Any]:
    """Time from starting a process to its end with one clip classified; its files are in the system's cache.

    That is the command `genrekit classify`, which has no say in engine and front end: a case that names one
    of them is loaded and called once instead.
    """
    if case.engine is None and case.front_end == "genrekit" and importlib.util.find_spec(COMMAND):
        what = "genrekit classify"
        arguments = ["classify", str(case.path), str(clips.wave_file), "--threads", str(case.threads)]
        start = functools.partial(run_process, COMMAND, arguments, threads=case.threads)
    else:
        what = "load and call once"
        start = functools.partial(run_worker, _job("classify_once", case, clips), threads=case.threads)
    try:
        _, cold_start_ms = timed(clock, start)
    except GenrekitError as error:
        return {"cold_start_error": str(error)}
    return {"cold_start_ms": cold_start_ms, "cold_start_of": what}
