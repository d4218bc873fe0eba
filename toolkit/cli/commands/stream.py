"""genrekit stream."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ....runtime.errors import AudioError
from ..options import Json, ModelFile, SampleFormat, Threads, refuse_unused
from ..terminal import ended_by_signals, live_view, note, note_origin

if TYPE_CHECKING:
    from ....runtime import Prediction, StreamClassifier
    from ....runtime.audio import AudioSource
    from ....runtime.postprocess import LabelDurations
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
    stride: Annotated[float, typer.Option(help="Decide every so many seconds.")] = 0.5,
    smooth: Annotated[float, typer.Option(help="Smooth scores over so many seconds.")] = 0.0,
    min_score: Annotated[float, typer.Option(help="Pass over decisions with a lower score.")] = 0.0,
    on_change: Annotated[
        bool, typer.Option("--on-change", help="Print a line only when another label leads, by 0.1 at least.")
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
    from ....runtime import StreamClassifier, load
    from ....runtime.postprocess import DecisionFilter, LabelDurations, Smoother

    smoother, selected = Smoother(smooth), DecisionFilter(min_score, on_change)
    classifier = StreamClassifier(load(model, threads), stride)
    note_origin(classifier.model.description)
    totals = LabelDurations(classifier.model.config.window_s, classifier.stride_s)
    audio = None
    try:
        with ended_by_signals(), _watch(source, realtime) as watch, live_view(totals, as_json) as show:
            with watch.waiting():
                audio = _open(source, classifier.model.config.sample_rate, rate, channels, sample_format, realtime)
            if realtime or source == "mic":
                decisions = _realtime(classifier, audio, watch, realtime, loosely=source == "-")
            else:
                decisions = _unhurried(classifier, audio, watch)
            for prediction in map(smoother, decisions):
                totals.add(prediction)
                if selected(prediction):
                    _print(prediction, as_json)
                show(prediction)
    except (KeyboardInterrupt, BrokenPipeError):
        # The usual ends of a stream. Whoever read standard output may be gone.
        sys.stdout = None
    _summarize(totals, audio)


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
            **({"padded": True} if prediction.padded else {}),
        }
        print(json.dumps(line, ensure_ascii=False), flush=True)
    else:
        padded = "  (padded)" if prediction.padded else ""
        print(f"{prediction.time_s:9.2f} s  {prediction.label:<12} {prediction.score:.2f}{padded}", flush=True)


def _summarize(totals: LabelDurations, audio: AudioSource | None) -> None:
    count = totals.decisions
    shares = ", ".join(f"{label} {share:.0%} ({seconds:.1f} s)" for label, seconds, share in totals.fractions())
    note(
        f"{count} {'decision' if count == 1 else 'decisions'} up to {totals.end_s:.1f} s"
        + (f": {shares}" if shares else "")
    )
    for text in audio.faults.sentences() if audio else ():
        note(text)
