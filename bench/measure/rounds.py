"""A plan measured: cases in rounds of fresh processes, in random order."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import functools
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ...runtime import MfccConfig, read_description
from ...runtime.errors import GenrekitError
from .machine import LoadMonitor, describe_machine
from .plan import BenchPlan, Case, RawBench, RawCase, RawRound
from .processes import run_process, run_worker
from .timing import Clock, classify_once, measure_case, measure_front_end, measure_peak, timed

Progress = Callable[[int, int, str], None]  # steps done, steps in all, what begins now
Save = Callable[[RawBench], None]
Step = Callable[[RawBench], RawBench]  # adds what it measures

ORDER_SEED = 0


def no_progress(done: int, total: int, what: str) -> None:
    """For those who show none."""


def measure_rounds(plan: BenchPlan, *, progress: Progress, save: Save) -> RawBench:
    """Measure the cases of `plan` in rounds: in each every case once, in random order, each in a fresh process.

    A case that fails has its sentence; the others go on. Ctrl-C ends it early: what was measured is in the result.
    `progress` is called before each step, and `save` with what was measured so far after it.

    Raises:
        ParameterError, Failure: the environment asks for a front end that there is not.
    """
    created = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    machine = dataclasses.replace(describe_machine(_front_ends(plan)), throttling=())
    raw = RawBench(created, machine, tuple(RawCase() for _ in plan.all_cases))
    monitor = LoadMonitor()
    steps: list[tuple[str, Step]] = []
    for threads in () if plan.front_end else dict.fromkeys(case.threads for case in plan.cases):
        steps.append(("peak of the machine", functools.partial(_with_peak, threads=threads)))
    for index, case in enumerate(plan.all_cases):
        name = f"front end of {case.front_end}" if plan.front_end else case.path.name
        steps.append((name, functools.partial(_with_round, plan=plan, index=index)))
    generator = np.random.default_rng(ORDER_SEED)
    order = [steps[index] for _ in range(plan.effort.rounds) for index in generator.permutation(len(steps))]
    try:
        for done, (name, step) in enumerate(order):
            progress(done, len(order), name)
            raw = step(raw)
            raw = dataclasses.replace(raw, machine=dataclasses.replace(raw.machine, throttling=monitor.throttling()))
            save(raw)
        raw = dataclasses.replace(raw, complete=True)
    except KeyboardInterrupt:
        raw = dataclasses.replace(raw, interrupted=True)
    progress(len(order), len(order), "done")
    return raw


def _front_ends(plan: BenchPlan) -> set[MfccConfig]:
    """Those that genrekit computes in the cases of `plan`."""
    found = {plan.front_end} if plan.front_end else set()
    for case in () if plan.front_end else plan.cases:
        with contextlib.suppress(GenrekitError):  # measuring fails on it too, and says why
            found.add(read_description(case.path).front_end)
    return found


def _with_peak(raw: RawBench, threads: int) -> RawBench:
    """Keep the best seen with so many threads; a failure costs only that."""
    try:
        peak = run_worker(measure_peak, threads=threads)
    except GenrekitError:
        return raw
    peaks = raw.machine.peak_gmacs_per_s
    peaks = {**peaks, str(threads): max(peak, peaks.get(str(threads), 0.0))}
    return dataclasses.replace(raw, machine=dataclasses.replace(raw.machine, peak_gmacs_per_s=peaks))


def _with_round(raw: RawBench, plan: BenchPlan, index: int) -> RawBench:
    """Measure a case once more, unless it failed before."""
    cases = list(raw.cases)
    rounds = cases[index].rounds
    if cases[index].error is None:
        try:
            cases[index] = RawCase((*rounds, _measure_round(plan, plan.all_cases[index], predict=not rounds)))
        except GenrekitError as error:
            before = f"in round {len(rounds) + 1}: " if rounds else ""
            cases[index] = RawCase(rounds, f"{before}{error}")
    return dataclasses.replace(raw, cases=tuple(cases))


def _measure_round(plan: BenchPlan, case: Case, *, predict: bool) -> RawRound:
    arguments: dict[str, Any] = {"threads": case.threads, "clips": plan.clips, "effort": plan.effort.of_one_round()}
    if plan.front_end:
        return run_worker(measure_front_end, name=case.front_end, config=plan.front_end, **arguments)
    monitor = LoadMonitor()
    measured = run_worker(measure_case, case=case, predict=predict, **arguments)
    load = monitor.other_load_cores()
    once = measured.once if load is None else {**measured.once, "other_load_cores": load}
    return _with_cold_start(dataclasses.replace(measured, once=once), plan, case)


def _with_cold_start(measured: RawRound, plan: BenchPlan, case: Case, clock: Clock = time.perf_counter_ns) -> RawRound:
    """Add the time from starting a process to its end with one clip classified; its files are in the system's cache.

    The plan's command has no say in engine and front end: a case that names one of them is loaded and called once.
    """
    start: Callable[[], object]
    if plan.cold_start and case.engine is None and case.front_end == "genrekit":
        what = "genrekit classify"
        command = ["classify", str(case.path), str(plan.clips.wave_file), "--threads", str(case.threads)]
        start = functools.partial(run_process, plan.cold_start, command, threads=case.threads)
    else:
        what = "load and call once"
        start = functools.partial(run_worker, classify_once, threads=case.threads, case=case, clips=plan.clips)
    try:
        _, cold_start_ms = timed(clock, start)
    except GenrekitError as error:
        return dataclasses.replace(measured, cold_start_error=str(error))
    once = {**measured.once, "cold_start_ms": cold_start_ms}
    return dataclasses.replace(measured, once=once, cold_start_of=what)
