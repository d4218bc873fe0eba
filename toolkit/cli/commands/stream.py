"""genrekit stream."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ....runtime.errors import AudioError
from ....runtime.prediction import SILENCE, SILENCE_DBFS
from ..options import (
    AnyAnswer,
    Json,
    MinScore,
    ModelFile,
    SampleFormat,
    SilenceDbfs,
    Smooth,
    Stride,
    Threads,
    refuse_unused,
)
from ..terminal import ended_by_signals, live_view, note, note_origin, print_json, say

if TYPE_CHECKING:
    from ....runtime import AnswerDurations, AudioFaults, AudioSource, AudioWarning, Prediction, StreamClassifier
    from ....runtime.audio_warnings import StreamWarnings
    from ....runtime.watch import Event, SourceWatch

STALLED_S = 5.0  # seconds without audio that are told of
LATE_S = 2.0  # seconds behind the clock that are told of
QUEUE_S = 2.0  # seconds of audio that may wait for a slow model
BLOCK_S = 0.1  # seconds of a paced block


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
    on_change: Annotated[
        bool, typer.Option("--on-change", help="Print a line only when the answer changes, by 0.1 at least.")
    ] = False,
    rate: Annotated[int | None, typer.Option(help="Read raw PCM at this sample rate, Hz.")] = None,
    channels: Annotated[int | None, typer.Option(help="Read raw PCM of so many channels.")] = None,
    sample_format: Annotated[
        SampleFormat | None, typer.Option(help="Read raw PCM of this encoding. Without it, s16le.")
    ] = None,
    realtime: Annotated[
        bool,
        typer.Option(
            "--realtime", help="Play a file at its own pace; drop audio of standard input rather than fall behind."
        ),
    ] = False,
    any_answer: AnyAnswer = False,
    silence_dbfs: SilenceDbfs = SILENCE_DBFS,
    threads: Threads = 1,
) -> None:
    """Classify a stream of audio: a line for each decision, as soon as it is made.

    The first decision needs one complete window; the stride is rounded to whole hops (23 ms). On a terminal a live
    view stands below the lines. A WAV on standard input says its rate and channels itself.

    Example: arecord -t raw -f S16_LE -r 48000 -c 2 - | genrekit stream cnn-int8.tflite - --rate 48000 --channels 2
    """
    if source != "-":
        refuse_unused(context, ("rate", "channels", "sample_format"), f"{source}, which says them itself,")
    if source == "mic":
        refuse_unused(context, ("realtime",), "a microphone, which is in real time anyway,")
    from ....runtime import AnswerDurations, DecisionFilter, Smoother, StreamClassifier, StreamWarnings, load

    selected = DecisionFilter(min_score, on_change)
    loaded = load(model, threads, silence_dbfs=silence_dbfs, any_answer=any_answer)
    smoother, classifier = Smoother(smooth, loaded.answering), StreamClassifier(loaded, stride)
    note_origin(loaded.description)
    totals = AnswerDurations(loaded.config.window_s, classifier.stride_s)
    audio = warnings = None
    try:
        with ended_by_signals(), _watch(source, realtime) as watch, live_view(totals, as_json) as show:
            with watch.waiting():
                audio = _open(source, loaded.config.sample_rate, rate, channels, sample_format, realtime)
            warnings = StreamWarnings(audio.source_rate, loaded.answering, loaded.config)
            measured = audio.through(warnings.pass_on)
            if realtime or source == "mic":
                decisions = _realtime(classifier, measured, watch, realtime, loosely=source == "-")
            else:
                decisions = _unhurried(classifier, measured, watch)
            for raw in decisions:
                prediction = smoother(raw)
                totals.add(prediction)
                if selected(prediction):
                    _print(prediction, as_json)
                for warning in warnings.begun(raw):
                    _warn(warning, raw.time_s, as_json)
                show(prediction)
    except (KeyboardInterrupt, BrokenPipeError):
        # The usual ends of a stream. Whoever read standard output may be gone.
        sys.stdout = None
    _summarize(totals)
    if audio and warnings:
        _print_warnings(warnings, audio.faults, totals.end_s, as_json)


def _watch(source: str, realtime: bool) -> SourceWatch:
    """What tells of a source that stalls, and of standard input that lags behind the clock."""
    from ....runtime.watch import SourceWatch

    where = {"-": "standard input", "mic": "the microphone"}.get(source, source)
    remedy = "" if realtime else "; add --realtime to drop audio instead of falling behind"

    def tell(event: Event, seconds: float) -> None:
        sentences = {
            "stalled": f"no audio for {seconds:.0f} s; waiting for more from {where}",
            "resumed": f"audio again, after {seconds:.0f} s without any",
            "late": f"decisions are {seconds:.1f} s behind the clock{remedy}",
            "in time": "decisions are in time again",
        }
        note(sentences[event])

    return SourceWatch(tell, STALLED_S, LATE_S if source == "-" else math.inf)


def _open(
    source: str,
    sample_rate: int,
    rate: int | None,
    channels: int | None,
    sample_format: SampleFormat | None,
    realtime: bool,
) -> AudioSource:
    from ....runtime import audio

    if source == "mic":
        return audio.open_microphone(sample_rate)
    if source != "-":
        return audio.open_file(Path(source), sample_rate, BLOCK_S if realtime else audio.BLOCK_S)
    if sys.stdin is None or sys.stdin.isatty():
        state = "closed" if sys.stdin is None else "a terminal"
        raise AudioError(f"-: expected audio on standard input, which is {state}; pipe audio into it")
    # Not its buffer, whose lock the thread of a queue may hold when the process ends.
    stdin = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
    return audio.open_pcm(stdin, rate, channels, sample_format and sample_format.value, sample_rate)


def _unhurried(classifier: StreamClassifier, audio: AudioSource, watch: SourceWatch) -> Iterator[Prediction]:
    for block in watch.follow(audio, audio.sample_rate):
        yield from classifier.push(block)
    yield from classifier.flush()


def _realtime(
    classifier: StreamClassifier, audio: AudioSource, watch: SourceWatch, paced: bool, loosely: bool
) -> Iterator[Prediction]:
    from ....runtime.realtime import RealtimeQueue

    total = 0.0
    blocks = watch.follow(audio, audio.sample_rate)
    for time_s, block, dropped_s in RealtimeQueue(blocks, audio.sample_rate, QUEUE_S, paced, loosely):
        if dropped_s:
            total += dropped_s
            note(f"{time_s:.1f} s: too slow for real time: {dropped_s:.2f} s of audio dropped, {total:.2f} s in all")
            classifier.reset(time_s)  # a window must not reach over the gap
        yield from classifier.push(block)
    yield from classifier.flush()


def _print(prediction: Prediction, as_json: bool) -> None:
    if as_json:
        line = {
            "time_s": round(prediction.time_s, 3),
            "label": prediction.label,
            "score": prediction.score,
            "scores": prediction.scores,
            "answer": prediction.answer,
            **({"padded": True} if prediction.padded else {}),
        }
        print_json(line, indent=None)
        return
    answer = prediction.answer
    score = "" if answer == SILENCE and answer not in prediction.scores else f"{prediction.score:.2f}"
    instead = f"  ({prediction.label})" if score and answer != prediction.label else ""
    say(f"{prediction.time_s:9.2f} s  {answer:<12} {score}{instead}".rstrip())


def _warn(warning: AudioWarning, time_s: float, as_json: bool) -> None:
    if as_json:
        fields = {**dataclasses.asdict(warning), "time_s": round(time_s, 3)}
        print_json({"warning": fields}, indent=None)
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


def _print_warnings(warnings: StreamWarnings, faults: AudioFaults, end_s: float, as_json: bool) -> None:
    """Those of the whole stream; in JSON where they have not begun before."""
    for warning in warnings.ended(faults):
        if as_json and sys.stdout and not warnings.has_begun(warning.kind):
            _warn(warning, end_s, as_json)
        note(f"{warning.kind}: {warning.text}")
