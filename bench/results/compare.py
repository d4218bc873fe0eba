"""Bench files beside one another: what takes longer, what else changed, and what is missing. Pure functions."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from ..measure.jsonable import as_json
from .schema import TIMES, Bench, Row
from .stats import ratio_of
from .values import SLOWER, Ratio

GATED_TIMES = ("clip_ms", "model_ms")
FRONT_END_ALONE = ("front_end_ms",)
# Fields of a row that are reported where they differ -> by how much of itself each may wander without a word.
REPORTED = {"bytes": 0.0, "accuracy": 0.0, "agreement": 0.0, "calibration_error": 0.05, "peak_rss_bytes": 0.05}
CIRCUMSTANCES = ("cpu", "cores", "memory_bytes", "governor", "os", "python", "numpy", "genrekit", "front_end")


@dataclasses.dataclass(frozen=True)
class ComparedFile:
    """A bench file under its letter: A for the first, which the others are compared with."""

    letter: str
    created: str
    machine: str | None
    complete: bool


@dataclasses.dataclass(frozen=True)
class ComparedCase:
    """A case in A and in the file of `letter`.

    Attributes:
        case: its name.
        letter: of the other file.
        a_ms, b_ms: median times of a clip (of the front end where it was measured alone), in milliseconds.
        times: kind of time -> its ratio; above 1 means slower than A.
        verdict: of the ratio of those times, or who has none: "missing in A", "failed in B".
        unsteady: letters of the files in which those times spread widely.
    """

    case: str
    letter: str
    a_ms: float | None
    b_ms: float | None
    times: dict[str, Ratio]
    verdict: str
    unsteady: tuple[str, ...] = ()

    @property
    def main_ratio(self) -> Ratio | None:
        """That of a clip, or of the front end where it was measured alone."""
        return self.times.get("clip_ms") or self.times.get("front_end_ms")


@dataclasses.dataclass(frozen=True)
class Change:
    """A size, score or memory of a case that is another in the file of `letter`: a field of a row, and its values."""

    case: str
    letter: str
    what: str
    a: float
    b: float


@dataclasses.dataclass(frozen=True)
class Circumstance:
    """What differs between the machines, their software or the clips."""

    letter: str
    what: str
    a: str | int | None
    b: str | int | None


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What `compare` finds: a case for each case and each file but the first."""

    files: tuple[ComparedFile, ...]
    cases: tuple[ComparedCase, ...]
    changes: tuple[Change, ...]
    versions: tuple[Circumstance, ...]

    def to_json(self) -> dict[str, Any]:
        """Its fields, as `genrekit compare --json` prints them."""
        fields: dict[str, Any] = as_json(self)
        return fields


def compare(benches: Sequence[Bench]) -> Comparison:
    """Compare every bench with the first; there are 2 to 26.

    Cases are the same where model, format, precision, input, engine, threads and front end are. Rounds of two files
    were not measured together, so that drift of the machine between them is in the ratios.
    """
    lettered = [(chr(ord("A") + index), bench) for index, bench in enumerate(benches)]
    first = benches[0]
    by_case = _by_case(first)
    others = [(letter, _by_case(bench)) for letter, bench in lettered[1:]]
    pairs = [
        (letter, by_case.get(case), other.get(case))
        for letter, other in others
        for case in dict.fromkeys([*by_case, *other])
    ]
    return Comparison(
        files=tuple(
            ComparedFile(letter, bench.created, bench.machine.cpu, bench.complete) for letter, bench in lettered
        ),
        cases=tuple(_compared(letter, a, b) for letter, a, b in pairs),
        changes=tuple(change for letter, a, b in pairs if a and b for change in _changes(letter, a, b)),
        versions=tuple(found for letter, bench in lettered[1:] for found in _versions(first, letter, bench)),
    )


def is_measured(bench: Bench) -> bool:
    """Whether any case of a bench has times, so that others can be compared with it."""
    return any(row.main_ms for row in bench.rows)


def regressions(comparison: Comparison, factor: float) -> list[str]:
    """Why `comparison` does not pass a gate at `factor`: a sentence for each case, none where it passes.

    A case fails where its clip or its model (its front end, where that was measured alone) takes more than `factor`
    times as long and the interval of the ratio does not hold 1, and where it was measured in A but not in the other
    file. With nothing measured in A there is nothing to fail: see `is_measured`.
    """
    found = []
    for case in comparison.cases:
        name = f"{case.case} in {case.letter}"
        if case.a_ms is not None and case.b_ms is None:
            found.append(f"{name}: {case.verdict}")
        for kind in [kind for kind in GATED_TIMES if kind in case.times] or FRONT_END_ALONE:
            ratio = case.times.get(kind)
            if ratio and ratio.ratio > factor and ratio.verdict == SLOWER:
                found.append(
                    f"{name}: {kind.removesuffix('_ms')} takes {ratio.ratio:.3f} times as long as in A (interval "
                    f"{ratio.low:.3f} to {ratio.high:.3f}, at most {factor:g})"
                )
    return found


def _by_case(bench: Bench) -> dict[tuple[Any, ...], Row]:
    """The rows by what makes them the same case; a second one of the same key is paired with a second one."""
    seen: Counter[tuple[Any, ...]] = Counter()
    rows = {}
    for row in bench.rows:
        key = (*row.kind, row.front_end)
        rows[(*key, seen[key])] = row
        seen[key] += 1
    return rows


def _compared(letter: str, a: Row | None, b: Row | None) -> ComparedCase:
    sides = (("A", a), (letter, b))
    name = next(row.name for _, row in sides if row)
    times_a, times_b = a.main_ms if a else None, b.main_ms if b else None
    a_ms, b_ms = times_a.p50 if times_a else None, times_b.p50 if times_b else None
    if a is None or b is None or times_a is None or times_b is None:
        absent = [(row, side) for side, row in sides if row is None or row.main_ms is None]
        words = [f"{'failed' if row else 'missing'} in {side}" for row, side in absent]
        return ComparedCase(name, letter, a_ms, b_ms, {}, "; ".join(words))
    both = {kind: (of_b, of_a) for kind in TIMES if (of_a := a.times(kind)) and (of_b := b.times(kind))}
    ratios = {kind: ratio_of(of_b, of_a, paired=False) for kind, (of_b, of_a) in both.items()}
    unsteady = tuple(side for side, row in sides if row and any(found.kind == "spread" for found in row.warnings))
    main = ratios.get("clip_ms") or ratio_of(times_b, times_a, paired=False)
    return ComparedCase(name, letter, a_ms, b_ms, ratios, main.verdict, unsteady)


def _changes(letter: str, a: Row, b: Row) -> Iterator[Change]:
    """What else of a case is another: size, scores, memory."""
    for name, tolerance in REPORTED.items():
        before, after = getattr(a, name), getattr(b, name)
        if before is not None and after is not None and abs(after - before) > tolerance * abs(before):
            yield Change(a.name, letter, name, before, after)


def _versions(first: Bench, letter: str, other: Bench) -> Iterator[Circumstance]:
    a, b = _circumstances(first), _circumstances(other)
    for name in dict.fromkeys([*a, *b]):
        if a.get(name) != b.get(name):
            yield Circumstance(letter, name, a.get(name), b.get(name))


def _circumstances(bench: Bench) -> dict[str, str | int | None]:
    facts = {name: getattr(bench.machine, name) for name in CIRCUMSTANCES}
    engines = {f"engine {name}": version for name, version in bench.machine.engines.items()}
    return {**facts, **engines, "clips": str(bench.clips)}
