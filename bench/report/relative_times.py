"""Every file beside the fastest one, and beside every other: ratios in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..results.recommend import fastest
from ..results.schema import Bench
from ..results.stats import between
from ..results.values import NO_DIFFERENCE, SLOWER, Ratio
from ..results.warnings import FUNCTIONAL_ENGINES
from .format import NOTHING, three_digits
from .table import Table

KINDS = {"clip_ms": "clip", "model_ms": "model"}
NUMERIC = (True, False, False)  # ratio, interval, words


def beside_the_fastest(bench: Bench, kinds: Mapping[str, str] = KINDS) -> Table | None:
    """The ratios of the times of every file to those of the one with the fastest clip; None where there is one file.

    `kinds` of times, and their names in the headings.
    """
    best = fastest(bench)
    others = [index for index in _timed(bench) if index != best]
    if best is None or not others:
        return None
    rows = []
    for index in others:
        ratios = [between(bench.ratios.get(kind, ()), index, best) for kind in kinds]
        rows.append([bench.rows[index].name, *(cell for ratio in ratios for cell in ratio_cells(ratio))])
    headings = ["file", *(heading for name in kinds.values() for heading in (f"{name}, ratio", "95 % interval", ""))]
    title = f"Beside the fastest, {bench.rows[best].name}"
    return Table(title, headings, rows, [False, *NUMERIC * len(kinds)])


def ratio_matrix(bench: Bench) -> tuple[list[str], list[list[Ratio | None]]]:
    """Names of the rows, and for each the ratios of its time of a clip to that of every other; None of itself."""
    timed, pairs = _timed(bench), bench.ratios.get("clip_ms", ())
    return [bench.rows[index].name for index in timed], [[between(pairs, a, b) for b in timed] for a in timed]


def _timed(bench: Bench) -> list[int]:
    """Indexes of the rows with times that may be compared, model by model, baselines last."""
    models = list(dict.fromkeys(row.model for row in bench.rows))
    timed = [index for index, row in enumerate(bench.rows) if row.clip_ms and row.engine not in FUNCTIONAL_ENGINES]
    return sorted(timed, key=lambda index: (index >= len(bench.results), models.index(bench.rows[index].model)))


def verdict_words(ratio: Ratio | None, figure: Callable[[float], str] = three_digits) -> str:
    """What a ratio says: "no difference", "1.84 times as slow" or "1.84 times as fast"; `figure` writes the number."""
    if ratio is None:
        return NOTHING
    if ratio.verdict == NO_DIFFERENCE:
        return NO_DIFFERENCE
    if ratio.verdict == SLOWER:
        return f"{figure(ratio.ratio)} times as slow"
    return f"{figure(1 / ratio.ratio)} times as fast"


def ratio_cells(ratio: Ratio | None) -> list[str]:
    """Ratio, interval and words."""
    if ratio is None:
        return [NOTHING] * 3
    return [three_digits(ratio.ratio), f"{three_digits(ratio.low)} to {three_digits(ratio.high)}", verdict_words(ratio)]
