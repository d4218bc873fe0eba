"""From raw rounds to results: rows, ratios, warnings, recommendations. No clock, no process."""

from __future__ import annotations

import contextlib
import dataclasses
import statistics
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ...runtime.errors import GenrekitError
from ...runtime.modelfile.reader import format_by_name, read_description
from ...runtime.util.proportions import wilson_interval
from ..measure.clips import Clips
from ..measure.plan import BenchPlan, Case, RawBench, RawCase, RawRound
from .recommend import recommendations
from .schema import RATIO_TIMES, TIMES, Bench, ClipsFacts, Row
from .stats import answered, calibration_error, fraction_equal, pairwise, summary
from .warnings import findings

DESCRIBED = ("model", "format", "precision", "input", "macs", "parameters", "recipe")
NOT_MEASURED = "not measured: the bench was interrupted before its first round; run it again"
MAXIMA = ("peak_rss_bytes", "bytes")  # of what each process reports once; of all else medians


def blank_rows(plan: BenchPlan) -> tuple[Row, ...]:
    """What is known of each of the plan's cases before anything is measured."""
    rows = tuple(blank_row(case) for case in plan.all_cases)
    return tuple(dataclasses.replace(row, model=None) for row in rows) if plan.front_end else rows


def blank_row(case: Case) -> Row:
    """What is known of `case` before anything is measured."""
    # None where neither default is given, which every row of a bench file has.
    fields: dict[str, Any] = {
        field.name: None for field in dataclasses.fields(Row) if field.default is field.default_factory
    }
    fields.update(file=case.path.name, model=case.path.stem, format=format_by_name(case.path), warnings=())
    fields.update(engine=case.engine, threads=case.threads, front_end=case.front_end)
    if case.path.is_file():
        fields["bytes"] = case.path.stat().st_size
    with contextlib.suppress(GenrekitError):  # measuring fails on it too, and says why
        description = read_description(case.path)
        fields.update({name: getattr(description, name) for name in DESCRIBED})
        fields.update(parity_reasons=description.parity.reasons, trained_on_demo=description.corpus.demo)
    return Row(**fields)


def summarize(plan: BenchPlan, blanks: Sequence[Row], raw: RawBench) -> Bench:
    """The results of a bench, or of what was measured of it so far; `blanks` are the plan's `blank_rows`."""
    clips, count = clips_facts(plan.clips), len(plan.cases)
    rows = [
        _row(blank, case, plan, clips, raw.machine.peak_gmacs_per_s)
        for blank, case in zip(blanks, raw.cases, strict=True)
    ]
    bench = Bench(
        created=raw.created,
        machine=raw.machine,
        clips=clips,
        effort=plan.effort,
        complete=raw.complete,
        interrupted=raw.interrupted,
        results=tuple(rows[:count]),
        baselines=tuple(rows[count:]),
        ratios={kind: pairwise(rows, kind) for kind in RATIO_TIMES},
        training=plan.training,
        training_reference=plan.training_reference,
    )
    rows = [dataclasses.replace(row, warnings=findings(row, bench)) for row in rows]
    bench = dataclasses.replace(bench, results=tuple(rows[:count]), baselines=tuple(rows[count:]))
    return dataclasses.replace(bench, recommendations=recommendations(bench))


def clips_facts(clips: Clips) -> ClipsFacts:
    """How many clips, of what, and what speaks against the accuracy on them."""
    count, window_samples = clips.samples.shape
    return ClipsFacts(
        count=count,
        classes=clips.class_names,
        window_ms=1000 * window_samples / clips.sample_rate,
        split=clips.split,
        demo=clips.demo,
        tracks_in_training=clips.tracks_in_training,
    )


def _row(blank: Row, case: RawCase, plan: BenchPlan, clips: ClipsFacts, peaks: dict[str, float]) -> Row:
    if not case.rounds:
        return dataclasses.replace(blank, error=case.error or NOT_MEASURED)
    row = dataclasses.replace(
        blank,
        engine=case.rounds[0].engine or blank.engine,
        error=case.error,
        **_times(case.rounds),
        **_once_a_round(case.rounds),
    )
    if row.clip_ms:
        row = dataclasses.replace(row, real_time_factor=row.clip_ms.p50 / clips.window_ms)
    if row.model_ms and row.macs and row.front_end_ms:  # of a file that takes sound, only the model's are known
        rate, peak = row.macs / row.model_ms.p50 / 1e6, peaks.get(str(row.threads))
        row = dataclasses.replace(row, gmacs_per_s=rate, peak_fraction=rate / peak if peak else None)
    if case.rounds[0].predicted:
        row = _with_scores(row, case.rounds[0], plan)
    return row


def _times(rounds: Sequence[RawRound]) -> dict[str, Any]:
    """A summary of each kind of time that was measured."""
    values = {kind: [one.times[kind] for one in rounds if one.times.get(kind)] for kind in TIMES}
    return {kind: summary(of_rounds) for kind, of_rounds in values.items() if of_rounds}


def _once_a_round(rounds: Sequence[RawRound]) -> dict[str, Any]:
    """Medians of what each process reports once (of bytes the maximum), with the values of all rounds."""
    names = dict.fromkeys(name for one in rounds for name in one.once)
    per_round = {name: tuple(one.once[name] for one in rounds if name in one.once) for name in names}
    figures = {name: max(values) if name in MAXIMA else statistics.median(values) for name, values in per_round.items()}
    last = rounds[-1]
    described = {"cold_start_of": last.cold_start_of, "cold_start_error": last.cold_start_error}
    return {**figures, **described, "per_round": per_round}


def _with_scores(row: Row, first: RawRound, plan: BenchPlan) -> Row:
    """Add accuracy with its interval, agreement, calibration error and confusion matrix."""
    truth, predicted = plan.clips.true_labels, first.predicted
    reference = plan.reference_labels.get(row.model or "")
    names = plan.clips.class_names
    columns = (*names, *(label for label in first.labels if label not in names))
    counts = Counter(zip(truth, predicted, strict=True))
    accuracy = fraction_equal(predicted, truth)
    unknown, answered_accuracy = answered(predicted, first.unknown, truth, first.labels)
    return dataclasses.replace(
        row,
        accuracy=accuracy,
        accuracy_interval=wilson_interval(accuracy, len(truth)),
        unknown=unknown,
        answered_accuracy=answered_accuracy,
        agreement=None if reference is None or isinstance(reference, str) else fraction_equal(predicted, reference),
        reference_error=reference if isinstance(reference, str) else None,
        calibration_error=calibration_error(first.scores, [a == b for a, b in zip(predicted, truth, strict=True)]),
        confusion=tuple(tuple(counts[true, chosen] for chosen in columns) for true in names),
        confusion_labels=columns,
    )
