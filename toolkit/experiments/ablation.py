"""What each option of the edge recipe is worth: edge without it, beside edge and paper, over several seeds."""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...bench.report.table import Table
from ..evaluation import deviation
from ..splits.assign import LEAK, repeat_caveat
from ..training.recipes import OPTIONS, PAPER, Recipe, recipe

SCHEMA = 1
MEASURES = ("test", "test_tracks", "validation")
HEADINGS = {"test": "test, by segment", "test_tracks": "test, by track", "validation": "validation, by segment"}


def variants(model: str, epochs: int | None = None) -> dict[str, Recipe]:
    """Paper, edge, and edge without each option that it uses for `model`, by their titles."""
    edge = recipe("edge", model, epochs)
    used = [
        option
        for option, settings in OPTIONS.items()
        if any(getattr(edge, name) != getattr(PAPER, name) for name in settings)
    ]
    chosen = [recipe("paper", model, epochs), edge, *(recipe("edge", model, epochs, [option]) for option in used)]
    return {variant.title: variant for variant in chosen}


def folder_name(title: str, seed: int) -> str:
    """Where a variant's run with `seed` lies: ``edge-without-mixup-seed-0``."""
    return f"{re.sub('[^a-z]+', '-', title)}-seed-{seed}"


def summarize(metrics: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """One row a variant.

    Args:
        metrics: for each title the metrics of its runs, in the same order of seeds; ``edge`` among them.

    Returns:
        {"variant", and for each of `MEASURES` {"mean", "spread", "difference", "difference_spread", "values"}}:
        accuracies in [0, 1]; the spread is the standard deviation over the seeds (None for one seed), the difference
        the mean of variant minus edge, seed by seed.
    """
    edge = metrics["edge"]
    return [
        {
            "variant": title,
            **{measure: _figures(_values(runs, measure), _values(edge, measure)) for measure in MEASURES},
        }
        for title, runs in metrics.items()
    ]


def _values(runs: Sequence[Mapping[str, Any]], measure: str) -> list[float]:
    return [metrics[measure]["accuracy"] for metrics in runs]


def _figures(values: list[float], edge: list[float]) -> dict[str, Any]:
    differences = [own - other for own, other in zip(values, edge, strict=True)]
    return {
        "mean": statistics.mean(values),
        "spread": deviation(values),
        "difference": statistics.mean(differences),
        "difference_spread": deviation(differences),
        "values": values,
    }


def cells(row: Mapping[str, Any]) -> list[str]:
    """A row's cells: the variant, then accuracy and difference to edge under each of `HEADINGS`."""
    found = [row["variant"]]
    for measure in MEASURES:
        figures = row[measure]
        found.append(f"{figures['mean']:.3f}{_spread(figures['spread'])}")
        same = row["variant"] == "edge"
        found.append("" if same else f"{figures['difference']:+.3f}{_spread(figures['difference_spread'])}")
    return found


def _spread(value: float | None) -> str:
    return "" if value is None else f" ± {value:.3f}"


def headings() -> list[str]:
    """Those of `cells`."""
    return ["variant", *(text for measure in MEASURES for text in (HEADINGS[measure], "less edge"))]


def markdown(result: Mapping[str, Any]) -> str:
    """`result` as `genrekit ablation` writes it to JSON, as a page of Markdown."""
    title = f"Ablation of the edge recipe: {result['model']}"
    table = Table(title, headings(), [cells(row) for row in result["rows"]], note=caption(result))
    return f"# {title}\n\n{table.to_markdown()}"


def caption(result: Mapping[str, Any]) -> str:
    """What was measured, in one or two sentences."""
    corpus = result["corpus"]
    seeds = ", ".join(map(str, result["seeds"]))
    spread = "mean ± standard deviation over seeds" if len(result["seeds"]) > 1 else "seed"
    return (
        f"{corpus['name']}, {corpus['tracks']} tracks, split {Path(result['split']).name}; {spread} {seeds}."
        + (f" {LEAK[0].upper()}{LEAK[1:]}." if result["segments_leak"] else "")
        + "".join(f" {repeat_caveat(repeat)}." for repeat in result["repeats_apart"])
        + (" The corpus is synthetic: these figures say nothing about music." if corpus["demo"] else "")
    )
