"""One row of the results: from what a worker process measured to the keys of the JSON. Pure functions."""

from __future__ import annotations

from typing import Any

from ..runtime.errors import GenrekitError
from ..runtime.modelfile import SUFFIXES, ModelDescription, read_description
from .cases import Case, Clips
from .stats import share_equal, summary
from .store import TIMES

MEASURED = (
    "accuracy",
    "agreement",
    *TIMES,
    "real_time_factor",
    "load_ms",
    "first_call_ms",
    "cold_start_ms",
    "peak_rss_bytes",
    "gmacs_per_s",
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
        "trained_on_demo": bool(description.corpus.get("demo")),
    }


def measured(
    raw: dict[str, Any], clips: Clips, window_ms: float, macs: int | None, reference: list[str] | None
) -> dict[str, Any]:
    """The figures of a row.

    Args:
        raw: a worker's answer: raw values of the `TIMES`, and the label it predicted for each clip.
        clips: what was predicted.
        window_ms: length of one clip.
        macs: multiply-accumulates of one clip, where known.
        reference: the labels that the Keras model predicts, or None without one.
    """
    predicted = raw.pop("predicted")
    figures = {**raw, **{name: summary(raw[name]) for name in TIMES}}
    figures["accuracy"] = share_equal(predicted, clips.true_labels)
    figures["agreement"] = share_equal(predicted, reference) if reference else None
    figures["real_time_factor"] = figures["clip_ms"]["p50"] / window_ms
    figures["gmacs_per_s"] = macs / figures["model_ms"]["p50"] / 1e6 if macs else None
    return figures


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
