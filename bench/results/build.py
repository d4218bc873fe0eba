"""From what worker processes measured to the keys of the JSON: rows, and the whole. No clock, no process."""

from __future__ import annotations

import dataclasses
import datetime
import statistics
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ...runtime.errors import GenrekitError
from ...runtime.modelfile.description import SUFFIXES, ModelDescription
from ...runtime.modelfile.reader import read_description
from ...runtime.util.proportions import wilson_interval
from ..measure.cases import Case, Effort
from ..measure.clips import Clips
from ..measure.machine import describe_machine
from . import warnings
from .ratios import RATIO_TIMES, pairwise
from .recommend import recommendations
from .stats import calibration_error, share_equal, summary
from .store import SCHEMA, TIMES

ONCE = ("load_ms", "first_call_ms", "cold_start_ms", "peak_rss_bytes", "other_load_cores")  # told once a process
MEASURED = (
    "accuracy",
    "accuracy_interval",
    "agreement",
    "calibration_error",
    *TIMES,
    "real_time_factor",
    *ONCE,
    "gmacs_per_s",
    "peak_share",
)


def empty_row(case: Case) -> dict[str, Any]:
    """What is known of `case` before anything is measured; every other key is there and None."""
    try:
        described = _described(read_description(case.path))
    except GenrekitError:
        described = {}  # measuring fails on it too, and says why
    return {
        "file": case.path.name,
        "model": case.path.stem,
        "format": SUFFIXES.get(case.path.suffix),
        "precision": None,
        "engine": case.engine,
        "threads": case.threads,
        "front_end": case.front_end,
        "bytes": case.path.stat().st_size if case.path.is_file() else None,
        **dict.fromkeys(MEASURED),
        **dict.fromkeys(("macs", "parameters", "recipe", "trained_on_demo")),
        **described,
        "warnings": [],
    }


def _described(description: ModelDescription) -> dict[str, Any]:
    return {
        "model": description.model,
        "format": description.format,
        "precision": description.precision,
        "macs": description.macs,
        "parameters": description.parameters,
        "recipe": description.recipe,
        "parity_reasons": list(description.parity.reasons),
        "trained_on_demo": description.corpus.demo,
    }


def measured(
    rounds: Sequence[dict[str, Any]], row: dict[str, Any], clips: Clips, reference: list[str] | str | None
) -> dict[str, Any]:
    """The figures of a row.

    Args:
        rounds: a worker's answer for each round: raw values of the `TIMES`; in the first also the predictions.
        row: what is known of the case.
        clips: what was predicted.
        reference: the labels that the Keras model predicts, or the sentence why there are none, or None.
    """
    first = rounds[0]
    figures: dict[str, Any] = {"engine": first["engine"]}
    for name in TIMES:
        values = [raw[name] for raw in rounds if raw.get(name)]
        figures[name] = summary(values) if values else None
    figures.update(_once_a_round(rounds))
    figures.update(_scores(first, clips, reference))
    model_ms = figures["model_ms"]["p50"]
    figures["real_time_factor"] = figures["clip_ms"]["p50"] / described_clips(clips)["window_ms"]
    figures["gmacs_per_s"] = row["macs"] / model_ms / 1e6 if row["macs"] else None
    return figures


def measured_front_end(rounds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The figures of a row for the front end alone."""
    return {"front_end_ms": summary([raw["front_end_ms"] for raw in rounds]), **_once_a_round(rounds)}


def _once_a_round(rounds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Medians of what each process tells once, with the values of all rounds under "per_round"."""
    per_round = {name: [raw[name] for raw in rounds if raw.get(name) is not None] for name in ONCE}
    medians = {name: statistics.median(values) if values else None for name, values in per_round.items()}
    if medians["peak_rss_bytes"] is not None:
        medians["peak_rss_bytes"] = max(per_round["peak_rss_bytes"])
    told = {name: rounds[-1][name] for name in ("cold_start_of", "cold_start_error") if name in rounds[-1]}
    return {**medians, **told, "per_round": per_round}


def _scores(raw: dict[str, Any], clips: Clips, reference: list[str] | str | None) -> dict[str, Any]:
    """Accuracy with its interval, agreement, calibration error and confusion matrix."""
    truth, predicted = clips.true_labels, raw["predicted"]
    accuracy = share_equal(predicted, truth)
    columns = [*clips.class_names, *(label for label in raw["labels"] if label not in clips.class_names)]
    counts = Counter(zip(truth, predicted, strict=True))
    return {
        "accuracy": accuracy,
        "accuracy_interval": list(wilson_interval(accuracy, len(truth))),
        "agreement": share_equal(predicted, reference) if isinstance(reference, list) else None,
        "calibration_error": calibration_error(raw["scores"], [a == b for a, b in zip(predicted, truth, strict=True)]),
        "confusion": [[counts[true, chosen] for chosen in columns] for true in clips.class_names],
        "confusion_labels": columns,
        **({"reference_error": reference} if isinstance(reference, str) else {}),
    }


def described_clips(clips: Clips) -> dict[str, Any]:
    """The "clips" block of a bench file: how many, of what, and what speaks against the accuracy on them."""
    count, window_samples = clips.samples.shape
    return {
        "count": count,
        "classes": list(clips.class_names),
        "window_ms": 1000 * window_samples / clips.sample_rate,
        "split": clips.split,
        "demo": clips.demo,
        "tracks_in_training": clips.tracks_in_training,
    }


def empty_bench(clips: Clips, effort: Effort, training: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The bench JSON before anything is measured."""
    return {
        "schema": SCHEMA,
        "created": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "machine": describe_machine(),
        "clips": described_clips(clips),
        "effort": dataclasses.asdict(effort),
        "complete": False,
        "interrupted": False,
        "results": [],
        "baseline": None,
        "baselines": [],
        "ratios": {},
        "recommendations": [],
        "training": list(training),
    }


def finish(bench: dict[str, Any]) -> None:
    """Add what needs all rows: the share of the machine's peak, the ratios, the warnings, the recommendations."""
    rows = [*bench["results"], *bench["baselines"]]
    for row in rows:
        peak = bench["machine"].get("peak_gmacs_per_s", {}).get(str(row["threads"]))
        row["peak_share"] = row["gmacs_per_s"] / peak if row["gmacs_per_s"] and peak else None
    bench["ratios"] = {name: pairwise(rows, name) for name in RATIO_TIMES}
    for row in rows:
        row["warnings"] = [dataclasses.asdict(finding) for finding in warnings.findings(row, bench)]
    bench["recommendations"] = recommendations(bench)
