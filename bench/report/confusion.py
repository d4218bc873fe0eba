"""Which class is taken for which: confusion matrices in the shape that a page shows. Pure functions."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from ..results.schema import Bench, Row, by_model


@dataclasses.dataclass(frozen=True)
class Matrix:
    """A confusion matrix that files share.

    Attributes:
        names: of the rows of the results whose it is.
        accuracy: theirs, in [0, 1].
        columns: labels that were given.
        rows: a true class, and for each column how many clips of the class got that label, and which fraction of it.
    """

    names: list[str]
    accuracy: float | None
    columns: Sequence[str]
    rows: list[tuple[str, list[tuple[int, float]]]]


def confusions(bench: Bench) -> dict[str, list[Matrix]]:
    """Name of a model -> its matrices, the most accurate first; files with equal matrices share one."""
    found = {str(rows[0].model): _matrices(rows, bench.clips.classes) for rows in by_model(bench.results)}
    return {model: matrices for model, matrices in found.items() if matrices}


def _matrices(rows: Sequence[Row], classes: Sequence[str]) -> list[Matrix]:
    groups: dict[object, list[Row]] = {}
    scored = [row for row in rows if row.confusion and row.accuracy is not None]
    for row in sorted(scored, key=lambda row: -(row.accuracy or 0)):
        groups.setdefault(row.confusion, []).append(row)
    return [_matrix(group, classes) for group in groups.values()]


def _matrix(group: Sequence[Row], classes: Sequence[str]) -> Matrix:
    first = group[0]
    rows = [
        (true, [(count, count / max(1, sum(counts))) for count in counts])
        for true, counts in zip(classes, first.confusion or (), strict=True)
    ]
    return Matrix([row.name for row in group], first.accuracy, first.confusion_labels or (), rows)
