"""A plan measured: cases in rounds of fresh processes, in random order."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import functools
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ...runtime import MfccConfig, read_description
from ...runtime.engines import PROGRAM
from ...runtime.errors import GenrekitError
from . import c_program
from .machine import LoadMonitor, MachineFacts, describe_machine
from .plan import BenchPlan, Case, RawBench, RawCase, RawRound
from .processes import run_process, run_worker
from .timing import Clock, classify_once, measure_case, measure_front_end, measure_peak, measure_program, timed

Progress = Callable[[int, int, str], None]  # steps done, steps in all, what begins now
Save = Callable[[RawBench], None]
Step = Callable[[RawBench], RawBench]  # adds what it measures
Make = Callable[[Path], Path]  # a folder of C -> its program

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
    machine = dataclasses.replace(_machine(plan), throttling=())
    raw = RawBench(created, machine, tuple(RawCase() for _ in plan.all_cases))
    with _programs() as make:
        return _measured(raw, _order(plan, make), progress=progress, save=save)


def _order(plan: BenchPlan, make: Make) -> list[tuple[str, Step]]:
    """The steps of all rounds, each with its name; programs are made by `make`."""
    steps: list[tuple[str, Step]] = []
    for threads in () if plan.front_end else dict.fromkeys(case.threads for case in plan.cases):
        steps.append(("peak of the machine", functools.partial(_with_peak, threads=threads)))
    for index, case in enumerate(plan.all_cases):
        name = f"front end of {case.front_end}" if plan.front_end else case.path.name
        steps.append((name, functools.partial(_with_round, plan=plan, index=index, make=make)))
    generator = np.random.default_rng(ORDER_SEED)
    return [steps[index] for _ in range(plan.effort.rounds) for index in generator.permutation(len(steps))]


def _measured(raw: RawBench, order: list[tuple[str, Step]], *, progress: Progress, save: Save) -> RawBench:
    monitor = LoadMonitor()
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


@contextlib.contextmanager
def _programs() -> Iterator[Make]:
    """What makes the program of a folder of C, once, and keeps it for the time of the block."""
    with tempfile.TemporaryDirectory(prefix="genrekit-") as name:

        @functools.cache
        def make(folder: Path) -> Path:
            return c_program.make_program(folder, Path(tempfile.mkdtemp(dir=name), "c"))

        yield make


def _machine(plan: BenchPlan) -> MachineFacts:
    machine = describe_machine(_front_ends(plan))
    made_here = any(case.is_program and case.program is None for case in plan.all_cases)
    if made_here and (version := c_program.compiler_version()):
        machine = dataclasses.replace(machine, engines={**machine.engines, PROGRAM.name: version})
    return machine


def _front_ends(plan: BenchPlan) -> set[MfccConfig]:
    """Those that genrekit's runtime computes in the cases of `plan`."""
    found = {plan.front_end} if plan.front_end else set()
    for case in () if plan.front_end else (case for case in plan.cases if not case.is_program):
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


def _with_round(raw: RawBench, plan: BenchPlan, index: int, make: Make) -> RawBench:
    """Measure a case once more, unless it failed before."""
    cases = list(raw.cases)
    rounds = cases[index].rounds
    if cases[index].error is None:
        try:
            case = plan.all_cases[index]
            if case.is_program and case.program is None:
                case = dataclasses.replace(case, program=make(case.path))
            cases[index] = RawCase((*rounds, _measure_round(plan, case, predict=not rounds)))
        except GenrekitError as error:
            before = f"in round {len(rounds) + 1}: " if rounds else ""
            cases[index] = RawCase(rounds, f"{before}{error}")
    return dataclasses.replace(raw, cases=tuple(cases))


def _measure_round(plan: BenchPlan, case: Case, *, predict: bool) -> RawRound:
    arguments: dict[str, Any] = {"threads": case.threads, "clips": plan.clips, "effort": plan.effort.of_one_round()}
    if plan.front_end:
        return run_worker(measure_front_end, name=case.front_end, config=plan.front_end, **arguments)
    monitor = LoadMonitor()
    measured = run_worker(measure_program if case.is_program else measure_case, case=case, predict=predict, **arguments)
    load = monitor.other_load_cores()
    once = measured.once if load is None else {**measured.once, "other_load_cores": load}
    return _with_cold_start(dataclasses.replace(measured, once=once), plan, case)


def _with_cold_start(measured: RawRound, plan: BenchPlan, case: Case, clock: Clock = time.perf_counter_ns) -> RawRound:
    """Add the time from starting a process to its end with one clip classified; its files are in the system's cache.

    The plan's command has no say in engine and front end: a case that names one of them is loaded and called once.
    """
    start: Callable[[], object]
    if case.program:
        with c_program.pcm_file([c_program.int16(plan.clips.samples[0])]) as pcm:
            start = functools.partial(c_program.run, case.program, pcm=pcm)
            return _with_timed_start(measured, "./classify", start, clock)
    if plan.cold_start and case.engine is None and case.front_end == "genrekit":
        what = "genrekit classify"
        command = ["classify", str(case.path), str(plan.clips.wave_file), "--threads", str(case.threads)]
        start = functools.partial(run_process, plan.cold_start, command, threads=case.threads)
    else:
        what = "load and call once"
        start = functools.partial(run_worker, classify_once, threads=case.threads, case=case, clips=plan.clips)
    return _with_timed_start(measured, what, start, clock)


def _with_timed_start(measured: RawRound, what: str, start: Callable[[], object], clock: Clock) -> RawRound:
    try:
        _, cold_start_ms = timed(clock, start)
    except GenrekitError as error:
        return dataclasses.replace(measured, cold_start_error=str(error))
    once = {**measured.once, "cold_start_ms": cold_start_ms}
    return dataclasses.replace(measured, once=once, cold_start_of=what)
