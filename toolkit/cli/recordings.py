"""What `genrekit evaluate --stream` does: a long recording in, its misses and false alarms out."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...runtime import Classifier, DecisionFilter, open_file
from ...runtime.errors import ParameterError
from ...runtime.util.atomic import require_writable
from ..evaluation.detections import (
    Decisions,
    DetectionScores,
    match,
    require_tolerance,
    stream_decisions,
)
from ..evaluation.events import Event, read_events, require_within
from ..evaluation.sweep import ROUND_STEPS, choose, require_rate, sweep
from .terminal import note, note_origin, print_json, print_table, progress, say


@dataclasses.dataclass(frozen=True)
class Wished:
    """The options of `genrekit evaluate` for a recording; units and ranges as of the functions they go to."""

    tolerance_s: float
    background: tuple[str, ...]
    stride_s: float
    smooth_s: float
    min_score: float
    sweep: bool
    picture: Path | None
    false_alarms_per_hour: float | None

    def check(self) -> None:
        """Raise ParameterError, MissingPackageError or OutputError on what would only fail after the work."""
        DecisionFilter(self.min_score)
        require_tolerance(self.tolerance_s)
        if self.false_alarms_per_hour is not None:
            require_rate(self.false_alarms_per_hour)
        if self.picture:
            if self.picture.suffix.lower() != ".png":
                raise ParameterError(f"picture={self.picture}: expected a file whose name ends in .png")
            require_writable(self.picture.parent)
            from ..evaluation import plots  # noqa: F401 (whether matplotlib is there)


def measure_recording(model: Classifier, stream: Path, events_file: Path, wished: Wished, as_json: bool) -> None:
    """Print, and draw where wished, how well `model` detects the events of a recording; raises GenrekitError."""
    note_origin(model.description)
    events = read_events(events_file, model.labels, wished.background)
    decisions = _decide(model, stream, events_file, events, wished)
    for warning in decisions.warnings:
        note(f"{warning.kind}: {warning.text}")
    matching = match(decisions, events, wished.tolerance_s)
    scores = matching.scores(wished.min_score)
    swept = sweep(matching) if wished.sweep else ()
    chosen = None
    if wished.false_alarms_per_hour is not None:
        chosen = choose(swept, wished.false_alarms_per_hour)
        _note_rate(swept, chosen, wished.false_alarms_per_hour, decisions.seconds)
    name = str(model.engine.path)
    if wished.picture:
        from ..evaluation.plots import write_tradeoff

        write_tradeoff(wished.picture, swept, chosen, f"{Path(name).name} on {stream.name}")
    if as_json:
        found = {"file": name, "stream": str(stream), "events": str(events_file), "seconds": decisions.seconds}
        found |= {"tolerance_s": wished.tolerance_s, **dataclasses.asdict(scores)}
        if wished.sweep:
            found |= {"sweep": [_overall(each) for each in swept], "chosen": _overall(chosen) if chosen else None}
        print_json(found)
        return
    say(f"{name} on {stream}: {_summary(scores, decisions.seconds)}")
    _print_labels(scores)
    if swept:
        _print_sweep(swept, chosen)
    if chosen:
        say(f"--min-score {chosen.min_score:g}: {_summary(chosen, decisions.seconds)}")


def _decide(model: Classifier, stream: Path, events_file: Path, events: Sequence[Event], wished: Wished) -> Decisions:
    audio = open_file(stream, model.config.sample_rate)
    if audio.seconds is not None:  # sooner than after hours of audio
        require_within(events, events_file, audio.seconds)
    with progress(f"reading {stream.name}") as update:
        decisions = stream_decisions(
            model,
            audio,
            wished.stride_s,
            wished.smooth_s,
            wished.background,
            lambda seconds: update(round(seconds), round(audio.seconds or seconds)),
        )
    require_within(events, events_file, decisions.seconds)
    return decisions


def _note_rate(swept: Sequence[DetectionScores], chosen: DetectionScores | None, rate: float, seconds: float) -> None:
    """Say that no threshold reaches a wished `rate`, or that the recording is too short to tell."""
    if chosen is None:
        best = min(swept, key=lambda scores: (scores.false_alarms, scores.misses))
        note(
            f"no threshold has at most {rate:g} false alarms an hour; the fewest are "
            f"{best.false_alarms_per_hour:.3g}, at --min-score {best.min_score:g}"
        )
    if 0 < rate * seconds / 3600 < 1:
        note(
            f"one false alarm in {_length(seconds)} is already {3600 / seconds:.3g} an hour: to tell {rate:g} an hour "
            f"take a recording of at least {_length(3600 / rate)}"
        )


def _summary(scores: DetectionScores, seconds: float) -> str:
    delay = scores.delay_s
    delays = f", delay p50 {delay.p50:.2f} s, p90 {delay.p90:.2f} s" if delay.p50 is not None else ""
    return (
        f"{scores.hits} of {scores.hits + scores.misses} events hit, {scores.misses} missed{delays}; "
        f"{scores.false_alarms} false alarms in {_length(seconds)}, {scores.false_alarms_per_hour:.3g} an hour"
    )


def _length(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds < 3600 else f"{seconds / 3600:.2f} h"


def _overall(scores: DetectionScores) -> dict[str, Any]:
    """As JSON, without the labels one by one, of which a sweep would make thousands of lines."""
    return {name: value for name, value in dataclasses.asdict(scores).items() if name != "labels"}


def _print_labels(scores: DetectionScores) -> None:
    """Those of which something was or should have been detected."""
    from rich.table import Table

    table = Table("label", "hits", "misses", "false alarms")
    for label, counts in scores.labels.items():
        if any(figures := dataclasses.astuple(counts)):
            table.add_row(label, *map(str, figures))
    print_table(table)


def _print_sweep(swept: Sequence[DetectionScores], chosen: DetectionScores | None) -> None:
    """The round thresholds and the chosen one; JSON and the picture have all."""
    from rich.table import Table

    table = Table("min score", "hits", "misses", "false alarms\nan hour", "delay p50, s", "delay p90, s")
    for scores in swept:
        if scores.min_score in ROUND_STEPS or scores is chosen:
            delay = ["-" if value is None else f"{value:.2f}" for value in (scores.delay_s.p50, scores.delay_s.p90)]
            counts = str(scores.hits), str(scores.misses), f"{scores.false_alarms_per_hour:.3g}"
            table.add_row(f"{scores.min_score:g}", *counts, *delay, style="bold" if scores is chosen else "")
    print_table(table)
