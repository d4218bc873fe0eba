"""What measuring gives: raw values of every round, as worker processes and other machines send them."""

from __future__ import annotations

import dataclasses

from .machine import MachineFacts


@dataclasses.dataclass(frozen=True)
class RawRound:
    """What one process measured of a case.

    Attributes:
        times: kind of time, as front_end_ms -> milliseconds of each timed call.
        once: what a process reports once, by its name: load_ms (with the engine's import), first_call_ms,
            peak_rss_bytes (before it predicted), other_load_cores, cold_start_ms; none that the system does not report.
        engine: its name; None of a front end alone.
        labels: all that the model knows, where predictions were asked for.
        predicted: the label of each clip.
        scores: its probability, in [0, 1].
        cold_start_of: what was started for cold_start_ms.
        cold_start_error: why there is no time of it.
    """

    times: dict[str, tuple[float, ...]]
    once: dict[str, int | float]
    engine: str | None = None
    labels: tuple[str, ...] = ()
    predicted: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()
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
