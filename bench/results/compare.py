"""Bench files beside one another: what takes longer, what else changed, and what is missing. Pure functions."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from ..report.columns import Row, all_rows, clips_line, is_complete, name_of
from ..report.relative_times import verdict_words
from .ratios import NO_DIFFERENCE, SLOWER, ratio_of

KEY = ("model", "format", "precision", "engine", "threads", "front_end")
RATIO_TIMES = ("clip_ms", "model_ms", "front_end_ms", "stream_ms", "paced_ms")
GATED_TIMES = ("clip_ms", "model_ms")
ALONE = ("front_end_ms",)  # of a row of the front end alone
# What is told where it differs: key of a row -> by how much of itself it may wander without a word.
TOLD = {"bytes": 0.0, "accuracy": 0.0, "agreement": 0.0, "calibration_error": 0.05, "peak_rss_bytes": 0.05}


@dataclasses.dataclass(frozen=True)
class Result:
    """A bench file under the letter that it goes by.

    Attributes:
        letter: A for the first, which the others are compared with.
        bench: its JSON.
    """

    letter: str
    bench: dict[str, Any]


def lettered(benches: Sequence[dict[str, Any]]) -> list[Result]:
    """A, B, C, ... in order; at most 26."""
    return [Result(chr(ord("A") + place), bench) for place, bench in enumerate(benches)]


def compare(benches: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Compare every bench JSON with the first.

    Cases are the same where model, format, precision, engine, threads and front end are. Rounds of two files were not
    measured together, so that drift of the machine between them is in the ratios.

    Args:
        benches: at least two.

    Returns:
        {"files": [{"letter", "created", "machine", "complete"}],
        "cases": [{"case", "letter", "a_ms", "b_ms", "times": {kind of time: `ratios.ratio_of`}, "verdict"}], a row for
        each case and each file but the first: a_ms and b_ms are median clip times (the front end's where it was
        measured alone), ratios above 1 mean slower than A,
        "changes": [{"case", "letter", "what", "a", "b"}] of sizes, scores and memory,
        "versions": [{"letter", "what", "a", "b"}] of machine, system, engines and clips}.
    """
    first, *others = lettered(benches)
    pairs = [pair for other in others for pair in _pairs(first, other)]
    return {
        "files": [
            {
                "letter": result.letter,
                "created": result.bench["created"],
                "machine": result.bench["machine"].get("cpu"),
                "complete": is_complete(result.bench),
            }
            for result in (first, *others)
        ],
        "cases": [_compared(letter, a, b) for letter, a, b in pairs],
        "changes": [change for letter, a, b in pairs if a and b for change in _changes(letter, a, b)],
        "versions": [change for other in others for change in _versions(first.bench, other)],
    }


def regressions(comparison: dict[str, Any], factor: float) -> list[str]:
    """Why `comparison` does not pass a gate at `factor`: a sentence for each case, none where it passes.

    A case fails where its clip or its model (its front end, where that was measured alone) takes more than `factor`
    times as long and the interval of the ratio does not hold 1, and where it was measured in A but not in the other
    file. With nothing measured in A there is nothing to fail: see `is_measured`.
    """
    return [sentence for row in comparison["cases"] for sentence in _regression(row, factor)]


def is_measured(bench: dict[str, Any]) -> bool:
    """Whether any case of a bench JSON has times, so that others can be compared with it."""
    return any(map(_times, all_rows(bench)))


def _regression(row: dict[str, Any], factor: float) -> Iterator[str]:
    name = f"{row['case']} in {row['letter']}"
    if row["a_ms"] is not None and row["b_ms"] is None:
        yield f"{name}: {row['verdict']}"
    for time in [time for time in GATED_TIMES if time in row["times"]] or ALONE:
        ratio = row["times"].get(time)
        if ratio and ratio["ratio"] > factor and ratio["verdict"] == SLOWER:
            yield (
                f"{name}: {time.removesuffix('_ms')} takes {ratio['ratio']:.3f} times as long as in A (interval "
                f"{ratio['low']:.3f} to {ratio['high']:.3f}, at most {factor:g})"
            )


def _pairs(first: Result, other: Result) -> list[tuple[str, Row | None, Row | None]]:
    """The other file's letter with the rows of each case in both, in order of appearance."""
    a, b = _by_key(first.bench), _by_key(other.bench)
    return [(other.letter, a.get(key), b.get(key)) for key in dict.fromkeys([*a, *b])]


def _by_key(bench: dict[str, Any]) -> dict[tuple[Any, ...], Row]:
    """The rows by what makes them the same case; a second one of the same key is paired with a second one."""
    seen: Counter[tuple[Any, ...]] = Counter()
    rows = {}
    for row in all_rows(bench):
        key = tuple(row[name] for name in KEY)
        rows[(*key, seen[key])] = row
        seen[key] += 1
    return rows


def _compared(letter: str, a: Row | None, b: Row | None) -> dict[str, Any]:
    times_a, times_b = _times(a), _times(b)
    row = {
        "case": name_of(a or b),
        "letter": letter,
        "a_ms": times_a and times_a["p50"],
        "b_ms": times_b and times_b["p50"],
        "times": {},
    }
    if times_a is None or times_b is None:
        sides = (("A", a), (letter, b))
        return {**row, "verdict": "; ".join(_absence(side, name) for name, side in sides if not _times(side))}
    ratios = {name: ratio_of(b[name], a[name], paired=False) for name in RATIO_TIMES if a.get(name) and b.get(name)}
    main = ratios.get("clip_ms") or ratios["front_end_ms"]
    return {**row, "times": ratios, "verdict": _verdict(letter, main) + _doubt(letter, a, b)}


def _times(row: Row | None) -> dict[str, Any] | None:
    """The clip's times, or the front end's where it was measured alone."""
    return row and (row.get("clip_ms") or row.get("front_end_ms"))


def _absence(row: Row | None, name: str) -> str:
    return f"missing in {name}" if row is None else f"failed in {name}"


def _verdict(letter: str, ratio: dict[str, Any]) -> str:
    words = verdict_words(ratio, "{:.2f}".format)
    return words if words == NO_DIFFERENCE else f"{letter} is {words}"


def _doubt(letter: str, a: Row, b: Row) -> str:
    """What to add to a verdict where the times of one side were not steady."""
    sides = (("A", a), (letter, b))
    unsteady = [name for name, row in sides if any(warning["kind"] == "spread" for warning in row["warnings"])]
    return f" ({' and '.join(unsteady)} unsteady)" if unsteady else ""


def _changes(letter: str, a: Row, b: Row) -> Iterator[dict[str, Any]]:
    """What else of a case is another: size, scores, memory."""
    for name, tolerance in TOLD.items():
        before, after = a.get(name), b.get(name)
        if before is not None and after is not None and abs(after - before) > tolerance * abs(before):
            yield {"case": name_of(a), "letter": letter, "what": name, "a": before, "b": after}


def _versions(first: dict[str, Any], other: Result) -> Iterator[dict[str, Any]]:
    """What differs between the machines, their software and the clips."""
    a, b = _circumstances(first), _circumstances(other.bench)
    for name in dict.fromkeys([*a, *b]):
        if a.get(name) != b.get(name):
            yield {"letter": other.letter, "what": name, "a": a.get(name), "b": b.get(name)}


def _circumstances(bench: dict[str, Any]) -> dict[str, Any]:
    machine = bench["machine"]
    names = ("cpu", "cores", "memory_bytes", "governor", "os", "python", "numpy", "genrekit")
    engines = {f"engine {name}": version for name, version in machine["engines"].items()}
    return {**{name: machine.get(name) for name in names}, **engines, "clips": clips_line(bench)}
