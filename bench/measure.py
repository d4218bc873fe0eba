"""Measuring: the only place that touches a clock. `run_bench` measures each case in a fresh process."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import importlib.util
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..runtime import Classifier, MfccConfig, load
from ..runtime.errors import GenrekitError
from . import checks, store
from .cases import RUNS, Case, Clips
from .front_ends import FrontEnd, front_end
from .machine import describe_machine, peak_memory_bytes
from .predict import check_fit, classify_call, predicted_labels
from .processes import run_process, run_worker
from .results import described_clips, empty_row, measured
from .stats import summary

Clock = Callable[[], int]  # nanoseconds
Progress = Callable[[int, int, str], None]  # steps done, steps in all, what begins now

WARM_UP = 10  # calls before the timed ones
TIMED_CLIPS = 16  # distinct clips that the timed calls go round
COMMAND = "genrekit.toolkit.cli.app"
NANOSECONDS = 1e6  # in a millisecond


def run_bench(
    cases: Sequence[Case],
    clips: Clips,
    references: Mapping[str, Path],
    *,
    baseline: bool = False,
    training: Sequence[dict[str, Any]] = (),
    progress: Progress | None = None,
    save_to: Path | None = None,
) -> dict[str, Any]:
    """Measure `cases` one after the other, each in a fresh process.

    A case that fails becomes a row with "error"; the others go on.

    Args:
        cases: what to measure.
        clips: the audio; accuracy and agreement are over all of it.
        references: name of a model -> its model.keras, for the agreement and the baseline.
        baseline: also measure each reference as Keras with librosa's front end.
        training: rows {"model", "seconds_per_epoch", "source"}, which are passed through.
        progress: called before each step.
        save_to: JSON file that is written again after each case.

    Returns:
        The bench JSON.

    Raises:
        OutputError: `save_to` cannot be written; checked before anything is measured.
    """
    baselines = _baseline_cases(cases, references) if baseline else []
    bench = _empty_bench(clips, training)
    report = progress or (lambda done, total, what: None)
    total = 1 + len(cases) + len(baselines)
    if save_to:
        store.check_writable(save_to)
    report(0, total, "Keras references")
    predicted = _reference_labels(references, clips)
    for done, case in enumerate([*cases, *baselines], start=1):
        report(done, total, case.path.name)
        rows = bench["results"] if done <= len(cases) else bench["baselines"]
        rows.append(_measured_row(case, clips, predicted))
        bench["baseline"] = next(iter(bench["baselines"]), None)
        _finish(bench, save_to)
    report(total, total, "done")
    return bench


def run_front_end(
    clips: Clips,
    config: MfccConfig,
    *,
    threads: int = 1,
    runs: int = RUNS,
    save_to: Path | None = None,
) -> dict[str, Any]:
    """Measure the front end alone, genrekit's as the result and librosa's as the baseline; the bench JSON.

    Raises:
        OutputError: `save_to` cannot be written.
    """
    bench = _empty_bench(clips, ())
    job = {"job": "measure_front_end", "config": config.to_dict(), "clips": clips.to_dict(), "runs": runs}
    for name, rows in (("genrekit", bench["results"]), ("librosa", bench["baselines"])):
        row = {**empty_row(Case(Path("front end"), threads=threads, front_end=name)), "model": None}
        try:
            answer = run_worker({**job, "front_end": name}, threads=threads)
            row.update(answer, front_end_ms=summary(answer["front_end_ms"]))
        except GenrekitError as error:
            row["error"] = str(error)
        rows.append(row)
    bench["baseline"] = bench["baselines"][0]
    _finish(bench, save_to)
    return bench


def _empty_bench(clips: Clips, training: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "schema": store.SCHEMA,
        "created": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "machine": describe_machine(),
        "clips": described_clips(clips),
        "results": [],
        "baseline": None,
        "baselines": [],
        "training": list(training),
    }


def _finish(bench: dict[str, Any], save_to: Path | None) -> None:
    for row in [*bench["results"], *bench["baselines"]]:
        row["warnings"] = [dataclasses.asdict(finding) for finding in checks.findings(row, bench)]
    if save_to:
        store.write_json(bench, save_to)


def _baseline_cases(cases: Sequence[Case], references: Mapping[str, Path]) -> list[Case]:
    runs = max((case.runs for case in cases), default=RUNS)
    return [Case(path, engine="keras", runs=runs, front_end="librosa") for path in references.values()]


def _reference_labels(references: Mapping[str, Path], clips: Clips) -> dict[str, list[str] | str]:
    """What each Keras model predicts for the clips, or the sentence that says why it cannot."""
    if not references:
        return {}
    models = {name: str(path) for name, path in references.items()}
    try:
        return run_worker({"job": "reference_labels", "models": models, "clips": clips.to_dict()})["labels"]
    except GenrekitError as error:
        return dict.fromkeys(references, str(error))


def _measured_row(case: Case, clips: Clips, references: Mapping[str, list[str] | str]) -> dict[str, Any]:
    row = empty_row(case)
    reference = references.get(row["model"])
    if isinstance(reference, str):
        row["reference_error"], reference = reference, None
    try:
        raw = run_worker(_job("measure_case", case, clips), threads=case.threads)
        row.update(measured(raw, clips, described_clips(clips)["window_ms"], row["macs"], reference))
        row.update(_cold_start(case, clips))
    except GenrekitError as error:
        row["error"] = str(error)
    return row


def _job(name: str, case: Case, clips: Clips) -> dict[str, Any]:
    fields = {**dataclasses.asdict(case), "path": str(case.path)}
    return {"job": name, "case": fields, "clips": clips.to_dict()}


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


def timed(clock: Clock, call: Callable[..., Any], *arguments: Any) -> tuple[Any, float]:
    """What ``call(*arguments)`` returns, and the milliseconds that it took by `clock`."""
    start = clock()
    result = call(*arguments)
    return result, (clock() - start) / NANOSECONDS


def measure_case(case: Case, clips: Clips, clock: Clock = time.perf_counter_ns) -> dict[str, Any]:
    """Measure `case` in this process, which should have done nothing else before.

    Front end, model and the whole clip are timed in turns, so that what disturbs one disturbs all, and each
    finds the caches as the step before left them. Memory is read before the accuracy is computed.

    Returns:
        Raw values in ms (load_ms holds the engine's import), peak_rss_bytes, engine, and the "predicted" labels.

    Raises:
        GenrekitError: as `load` and `front_end` raise; ParameterError where the clips do not fit the model.
    """
    features_of = front_end(case.front_end)
    classifier, load_ms = timed(clock, load, case.path, case.threads, case.engine)
    check_fit(classifier, clips)
    classify = classify_call(classifier, case.front_end)
    windows = _timed_windows(clips)
    _, first_call_ms = timed(clock, classify, windows[0])
    turn = functools.partial(_turn, clock, classifier, features_of, classify)
    turns = [turn(windows[index % len(windows)]) for index in range(WARM_UP + case.runs)][WARM_UP:]
    return {
        "engine": classifier.engine.name,
        "load_ms": load_ms,
        "first_call_ms": first_call_ms,
        **dict(zip(store.TIMES, map(list, zip(*turns, strict=True)), strict=True)),
        "peak_rss_bytes": peak_memory_bytes(),
        "predicted": predicted_labels(classifier, clips, case.front_end),
    }


def _turn(
    clock: Clock,
    classifier: Classifier,
    features_of: FrontEnd,
    classify: Callable[[np.ndarray], Any],
    window: np.ndarray,
) -> tuple[float, float, float]:
    """Milliseconds of the front end, the model and the whole clip."""
    features, front_end_ms = timed(clock, features_of, window, classifier.config)
    _, model_ms = timed(clock, classifier.predict, features[None])
    _, clip_ms = timed(clock, classify, window)
    return front_end_ms, model_ms, clip_ms


def _timed_windows(clips: Clips) -> list[np.ndarray]:
    """At most TIMED_CLIPS clips from all over the set, in memory."""
    step = -(-len(clips.samples) // TIMED_CLIPS)
    return [np.array(window) for window in clips.samples[::step]]


def classify_once(case: Case, clips: Clips) -> dict[str, Any]:
    """Load the model and classify one clip: the work of a cold start."""
    classifier = load(case.path, case.threads, case.engine)
    classify_call(classifier, case.front_end)(clips.samples[0])
    return {"engine": classifier.engine.name}


def measure_front_end(
    name: str, config: MfccConfig, clips: Clips, runs: int, clock: Clock = time.perf_counter_ns
) -> dict[str, Any]:
    """Raw front_end_ms, the first_call_ms before them, and peak_rss_bytes of the front end `name` alone."""
    features_of, windows = front_end(name), _timed_windows(clips)
    turns = [timed(clock, features_of, windows[i % len(windows)], config)[1] for i in range(WARM_UP + runs)]
    return {"front_end_ms": turns[WARM_UP:], "first_call_ms": turns[0], "peak_rss_bytes": peak_memory_bytes()}
