"""What a bench file holds: types whose fields are its keys (`as_json` writes them, `reader` reads them).

Fields without a default are those that every bench file has.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from ...runtime.errors import ParameterError
from ..measure.jsonable import as_json
from ..measure.machine import MachineFacts
from ..measure.plan import Effort, TrainingReference, TrainingRow
from .values import BenchWarning, PairRatio, Recommendation, TimeSummary, require_above_zero

SCHEMA = 1
TIMES = ("front_end_ms", "model_ms", "clip_ms", "stream_ms", "paced_ms")
RATIO_TIMES = ("clip_ms", "model_ms", "front_end_ms")
USUAL_ENGINES = ("litert", "onnx", "keras", "c", None)


@dataclasses.dataclass(frozen=True)
class ClipsFacts:
    """What was classified: `count` clips of `window_ms` each, both > 0 (else ParameterError); the rest as `Clips`."""

    count: int
    classes: tuple[str, ...]
    window_ms: float
    split: str
    demo: bool
    tracks_in_training: bool = False

    def __post_init__(self) -> None:
        require_above_zero("count", self.count)
        require_above_zero("window_ms", self.window_ms)

    def __str__(self) -> str:
        corpus = "the demo corpus (synthetic, not music)" if self.demo else "the corpus"
        return (
            f"{self.count} clips of {self.window_ms / 1000:g} s in {len(self.classes)} classes, from {corpus}; "
            f"split: {self.split}"
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """A case, and what was measured of it; None where it was not. Raises ParameterError of a number below 0.

    Attributes:
        model, format, precision, input, engine, threads, macs, parameters, recipe: of the file, as it describes itself.
        file: its name; bytes: its size, or of a folder of C that of code and constants.
        front_end: genrekit or librosa.
        accuracy, agreement: fractions of the clips that get their class, and the same label as from Keras, in [0, 1].
        accuracy_interval: Wilson's of 95 %.
        unknown, answered_accuracy: fraction of the clips that are answered with "unknown", and accuracy over the rest;
            None where the file cannot tell.
        calibration_error: in [0, 1].
        front_end_ms, model_ms, clip_ms: samples to MFCC, MFCC to scores, samples to label; of a folder of C the last
            alone; of a file that takes sound, the last two are the same, and there is no first.
        stream_ms, paced_ms: half a second pushed into a stream, back to back and with rests; of a folder of C written
            to its program, whose line comes back.
        real_time_factor: median of a clip over its length.
        load_ms, first_call_ms, cold_start_ms, other_load_cores: medians of the rounds; peak_rss_bytes: their maximum.
        gmacs_per_s: multiply-accumulates of the model in a second, in 1e9; peak_fraction: of the machine's peak.
        per_round: what each process reports once, by its name.
        confusion: clips of each class (a row) by the label they got (`confusion_labels`).
        parity_reasons: what the comparison at the file's export left to be shown.
        reference_error, cold_start_error: why there is no agreement, no cold start; cold_start_of: what started.
        error: why the case, or a later round of it, was not measured.
    """

    file: str = ""
    model: str | None
    format: str | None
    precision: str | None
    input: str | None = None
    engine: str | None
    threads: int
    front_end: str = "genrekit"
    bytes: int | None
    accuracy: float | None
    accuracy_interval: tuple[float, float] | None = None
    unknown: float | None = None
    answered_accuracy: float | None = None
    agreement: float | None
    calibration_error: float | None = None
    front_end_ms: TimeSummary | None
    model_ms: TimeSummary | None
    clip_ms: TimeSummary | None
    stream_ms: TimeSummary | None = None
    paced_ms: TimeSummary | None = None
    real_time_factor: float | None
    load_ms: float | None = None
    first_call_ms: float | None = None
    cold_start_ms: float | None
    peak_rss_bytes: int | None
    other_load_cores: float | None = None
    macs: int | None
    gmacs_per_s: float | None
    peak_fraction: float | None = None
    parameters: int | None = None
    recipe: str | None = None
    trained_on_demo: bool = False
    parity_reasons: tuple[str, ...] = ()
    per_round: dict[str, tuple[int | float, ...]] = dataclasses.field(default_factory=dict)
    confusion: tuple[tuple[int, ...], ...] | None = None
    confusion_labels: tuple[str, ...] | None = None
    reference_error: str | None = None
    cold_start_of: str | None = None
    cold_start_error: str | None = None
    warnings: tuple[BenchWarning, ...]
    error: str | None = None

    def __post_init__(self) -> None:
        require_above_zero("threads", self.threads)
        for name, value in vars(self).items():
            if isinstance(value, (int, float)) and value < 0:
                raise ParameterError(f"{name}={value}: expected 0 or more")

    @property
    def name(self) -> str:
        """What it is called: its file, and whatever in engine, threads or front end is out of the ordinary."""
        name = f"{self.model}.keras" if self.format == "keras" else self.file
        if self.engine not in USUAL_ENGINES:
            name += f" on {self.engine}"
        if self.threads != 1:
            name += f", {self.threads} threads"
        return f"{name} + librosa" if self.front_end == "librosa" else name

    @property
    def kind(self) -> tuple[str | int | None, ...]:
        """What tells it from other rows of its model: format, precision, input, engine and threads."""
        return self.model, self.format, self.precision, self.input or "features", self.engine, self.threads

    @property
    def main_ms(self) -> TimeSummary | None:
        """Times of a clip, or of the front end where that was measured alone."""
        return self.clip_ms or self.front_end_ms

    def times(self, kind: str) -> TimeSummary | None:
        """One of the `TIMES`."""
        found: TimeSummary | None = getattr(self, kind)
        return found


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bench:
    """The results of a bench.

    Attributes:
        created: when it began, ISO 8601.
        machine, clips, effort: on what, of what, and for how long.
        results, baselines: the rows.
        complete: all rounds were measured.
        interrupted: it was ended early.
        ratios: kind of time -> the ratios of all pairs of rows that have it.
        recommendations: one a goal.
        training, training_reference: as the plan has them.
        device: host that measured, where it was another one.

    Raises:
        ParameterError: an index of a row that there is not, or a confusion matrix that does not fit the classes.
    """

    schema: int = SCHEMA
    created: str
    machine: MachineFacts
    clips: ClipsFacts
    effort: Effort | None = None
    complete: bool = True
    interrupted: bool = False
    results: tuple[Row, ...]
    baselines: tuple[Row, ...] = ()
    ratios: dict[str, tuple[PairRatio, ...]] = dataclasses.field(default_factory=dict)
    recommendations: tuple[Recommendation, ...] = ()
    training: tuple[TrainingRow, ...] = ()
    training_reference: TrainingReference | None = None
    device: str | None = None

    def __post_init__(self) -> None:
        for kind, pairs in self.ratios.items():
            for index, pair in enumerate(pairs):
                _require_index(f"ratios.{kind}[{index}].first", pair.first, self.rows)
                _require_index(f"ratios.{kind}[{index}].second", pair.second, self.rows)
        for index, found in enumerate(self.recommendations):
            _require_index(f"recommendations[{index}].index", found.index, self.results)
        classes = len(self.clips.classes)
        for index, row in enumerate(self.results):
            columns = {len(row.confusion_labels or ()), *map(len, row.confusion or ())}
            if row.confusion is not None and (len(row.confusion) != classes or len(columns) > 1):
                raise ParameterError(
                    f"results[{index}].confusion: expected a row for each of {classes} classes, and a column for each "
                    "label"
                )

    @property
    def rows(self) -> tuple[Row, ...]:
        """Results, then baselines."""
        return (*self.results, *self.baselines)

    @property
    def demo(self) -> bool:
        """Whether clips or training are of the demo corpus."""
        return self.clips.demo or any(row.trained_on_demo for row in self.rows)

    @property
    def failures(self) -> list[Row]:
        """Rows that were not measured, or not to the end."""
        return [row for row in self.rows if row.error]

    def to_json(self) -> dict[str, Any]:
        """As the file holds it; "baseline" is the first of the baselines."""
        baseline = self.baselines[0] if self.baselines else None
        return {**as_json(self), "baseline": as_json(baseline)}


def _require_index(name: str, value: int, rows: Sequence[Row]) -> None:
    if not 0 <= value < len(rows):
        raise ParameterError(f"{name}={value}: expected the index of one of {len(rows)} rows")


def by_model(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows in groups of one model each, models and rows in order of appearance."""
    groups: dict[str | None, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.model, []).append(row)
    return list(groups.values())
