"""genrekit stream."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ....runtime.prediction import SILENCE, SILENCE_DBFS
from ..live_source import LiveStream, Source, decision_line, refuse_unused_of, warning_line
from ..options import (
    AnyAnswer,
    Json,
    MinScore,
    ModelFile,
    OnChange,
    PcmChannels,
    PcmFormat,
    PcmRate,
    Realtime,
    SilenceDbfs,
    Smooth,
    Stride,
    Threads,
)
from ..terminal import ended_by_signals, live_view, note, note_origin, print_json, say

if TYPE_CHECKING:
    from ....runtime import AnswerDurations, AudioWarning, Prediction


def stream(
    context: typer.Context,
    model: ModelFile,
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="An audio file, mic, or - for raw PCM or WAV on standard input.")
    ],
    as_json: Json = False,
    stride: Stride = 0.5,
    smooth: Smooth = 0.0,
    min_score: MinScore = 0.0,
    on_change: OnChange = False,
    rate: PcmRate = None,
    channels: PcmChannels = None,
    sample_format: PcmFormat = None,
    realtime: Realtime = False,
    any_answer: AnyAnswer = False,
    silence_dbfs: SilenceDbfs = SILENCE_DBFS,
    threads: Threads = 1,
) -> None:
    """Classify a stream of audio: a line for each decision, as soon as it is made.

    The first decision needs one complete window; the stride is rounded to whole hops (23 ms). On a terminal a live
    view stands below the lines. A WAV on standard input says its rate and channels itself.

    Example: arecord -t raw -f S16_LE -r 48000 -c 2 - | genrekit stream cnn-int8.tflite - --rate 48000 --channels 2
    """
    refuse_unused_of(context, source)
    from ....runtime import AnswerDurations, DecisionFilter, Smoother, StreamClassifier, load

    selected = DecisionFilter(min_score, on_change)
    loaded = load(model, threads, silence_dbfs=silence_dbfs, any_answer=any_answer)
    smoother, classifier = Smoother(smooth, loaded.answering), StreamClassifier(loaded, stride)
    note_origin(loaded.description)
    totals = AnswerDurations(loaded.config.window_s, classifier.stride_s)
    live = LiveStream(Source(source, rate, channels, sample_format, realtime), classifier)
    try:
        with ended_by_signals(), live_view(totals, as_json) as show, contextlib.closing(live.decisions()) as decisions:
            for raw in decisions:
                prediction = smoother(raw)
                totals.add(prediction)
                if selected(prediction):
                    _print(prediction, as_json)
                for warning in live.begun_warnings(raw):
                    _warn(warning, raw.time_s, as_json)
                show(prediction)
    except (KeyboardInterrupt, BrokenPipeError):
        # The usual ends of a stream. Whoever read standard output may be gone.
        sys.stdout = None
    _summarize(totals)
    _print_warnings(live, totals.end_s, as_json)


def _print(prediction: Prediction, as_json: bool) -> None:
    if as_json:
        print_json(decision_line(prediction), indent=None)
        return
    answer = prediction.answer
    score = "" if answer == SILENCE and answer not in prediction.scores else f"{prediction.score:.2f}"
    instead = f"  ({prediction.label})" if score and answer != prediction.label else ""
    say(f"{prediction.time_s:9.2f} s  {answer:<12} {score}{instead}".rstrip())


def _warn(warning: AudioWarning, time_s: float, as_json: bool) -> None:
    if as_json:
        print_json(warning_line(warning, time_s), indent=None)
    else:
        note(f"{time_s:.1f} s: {warning.kind}: {warning.text}")


def _summarize(totals: AnswerDurations) -> None:
    count = totals.decisions
    fractions = ", ".join(
        f"{answer} {fraction:.0%} ({seconds:.1f} s)" for answer, seconds, fraction in totals.fractions()
    )
    note(
        f"{count} {'decision' if count == 1 else 'decisions'} up to {totals.end_s:.1f} s"
        + (f": {fractions}" if fractions else "")
    )


def _print_warnings(live: LiveStream, end_s: float, as_json: bool) -> None:
    """Those of the whole stream; in JSON where they have not begun before."""
    for warning, has_begun in live.ended_warnings():
        if as_json and sys.stdout and not has_begun:
            _warn(warning, end_s, as_json)
        note(f"{warning.kind}: {warning.text}")
