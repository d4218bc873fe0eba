"""A live source through a model: what `genrekit stream` and `genrekit serve` share."""

from __future__ import annotations

import dataclasses
import functools
import math
import sys
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import typer

from ...runtime.errors import AudioError
from .options import SampleFormat, refuse_unused
from .terminal import note

if TYPE_CHECKING:
    from ...runtime import AudioSource, AudioWarning, Prediction, StreamClassifier, StreamWarnings
    from ...runtime.watch import Event, SourceWatch

STALLED_S = 5.0  # seconds without audio that are told of
LATE_S = 2.0  # seconds behind the clock that are told of
QUEUE_S = 2.0  # seconds of audio that may wait for a slow model
BLOCK_S = 0.1  # seconds of a paced block
MICROPHONE, STANDARD_INPUT = "mic", "-"


@dataclasses.dataclass(frozen=True)
class Source:
    """What to classify, as the command line names it.

    Attributes:
        name: an audio file, mic, or - for standard input.
        rate, channels, sample_format: of raw PCM on standard input.
        realtime: whether a file is played at its own pace.
    """

    name: str
    rate: int | None = None
    channels: int | None = None
    sample_format: SampleFormat | None = None
    realtime: bool = False

    @property
    def title(self) -> str:
        """For a reader."""
        return {STANDARD_INPUT: "standard input", MICROPHONE: "the microphone"}.get(self.name, self.name)

    def open(self, sample_rate: int) -> AudioSource:
        """Its blocks at `sample_rate`; raises AudioError, MissingFileError and what a microphone raises."""
        from ...runtime import audio

        if self.name == MICROPHONE:
            return audio.open_microphone(sample_rate)
        if self.name != STANDARD_INPUT:
            return audio.open_file(Path(self.name), sample_rate, BLOCK_S if self.realtime else audio.BLOCK_S)
        if sys.stdin is None or sys.stdin.isatty():
            state = "closed" if sys.stdin is None else "a terminal"
            raise AudioError(f"-: expected audio on standard input, which is {state}; pipe audio into it")
        # Not its buffer, whose lock the thread of a queue may hold when the process ends.
        stdin = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
        encoding = self.sample_format and self.sample_format.value
        return audio.open_pcm(stdin, self.rate, self.channels, encoding, sample_rate)


class LiveStream:
    """The decisions of a classifier on a source; what is unusual about its times goes to standard error.

    Attributes:
        dropped_s: seconds of audio that a slow model had to leave out.
        busy_s: seconds that classification took.
        audio_s: seconds of audio that were classified.
    """

    def __init__(self, source: Source, classifier: StreamClassifier) -> None:
        self._source, self._classifier = source, classifier
        self._audio: AudioSource | None = None
        self._warnings: StreamWarnings | None = None
        self.dropped_s = self.busy_s = self.audio_s = 0.0

    def decisions(self, tap: Callable[[float, np.ndarray], None] | None = None) -> Generator[Prediction, None, None]:
        """Each as soon as it is made; raises what `Source.open` and reading raise.

        `tap` is given every block before it is classified: when it began, in seconds, and its mono samples.
        """
        from ...runtime import StreamWarnings

        model = self._classifier.model
        with self._watch() as watch:
            with watch.waiting():
                self._audio = self._source.open(model.config.sample_rate)
            self._warnings = StreamWarnings(self._audio.source_rate, model.answering, model.config)
            measured = self._audio.through(self._warnings.pass_on)
            for time_s, block in self._blocks(watch.follow(measured, measured.sample_rate)):
                if tap:
                    tap(time_s, block)
                self.audio_s += len(block) / measured.sample_rate
                yield from self._timed(functools.partial(self._classifier.push, block))
            yield from self._timed(self._classifier.flush)

    def begun_warnings(self, prediction: Prediction) -> list[AudioWarning]:
        """Warnings about the audio that begin with `prediction`."""
        return self._warnings.begun(prediction) if self._warnings else []

    def ended_warnings(self) -> list[tuple[AudioWarning, bool]]:
        """Those of the whole stream, and whether each was among `begun_warnings`."""
        if not self._audio or not self._warnings:
            return []
        return [(one, self._warnings.has_begun(one.kind)) for one in self._warnings.ended(self._audio.faults)]

    def _watch(self) -> SourceWatch:
        """What tells of a source that stalls, and of standard input that lags behind the clock."""
        from ...runtime.watch import SourceWatch

        remedy = "" if self._source.realtime else "; add --realtime to drop audio instead of falling behind"

        def tell(event: Event, seconds: float) -> None:
            sentences = {
                "stalled": f"no audio for {seconds:.0f} s; waiting for more from {self._source.title}",
                "resumed": f"audio again, after {seconds:.0f} s without any",
                "late": f"decisions are {seconds:.1f} s behind the clock{remedy}",
                "in time": "decisions are in time again",
            }
            note(sentences[event])

        return SourceWatch(tell, STALLED_S, LATE_S if self._source.name == STANDARD_INPUT else math.inf)

    def _blocks(self, blocks: Iterator[np.ndarray]) -> Iterator[tuple[float, np.ndarray]]:
        """With the time at which each began; of a live source none waits for long."""
        from ...runtime.realtime import RealtimeQueue

        rate, source = self._classifier.model.config.sample_rate, self._source
        if not source.realtime and source.name != MICROPHONE:
            for block in blocks:
                yield self.audio_s, block
            return
        loosely = source.name == STANDARD_INPUT
        for time_s, block, dropped_s in RealtimeQueue(blocks, rate, QUEUE_S, source.realtime, loosely):
            if dropped_s:
                self.dropped_s += dropped_s
                note(
                    f"{time_s:.1f} s: too slow for real time: {dropped_s:.2f} s of audio dropped, "
                    f"{self.dropped_s:.2f} s in all"
                )
                self._classifier.reset(time_s)  # a window must not reach over the gap
            yield time_s, block

    def _timed(self, classify: Callable[[], list[Prediction]]) -> list[Prediction]:
        began = time.perf_counter()
        predictions = classify()
        self.busy_s += time.perf_counter() - began
        return predictions


def refuse_unused_of(context: typer.Context, source: str) -> None:
    """Refuse options that the source named `source` has no use for; raises ParameterError."""
    if source != STANDARD_INPUT:
        refuse_unused(context, ("rate", "channels", "sample_format"), f"{source}, which says them itself,")
    if source == MICROPHONE:
        refuse_unused(context, ("realtime",), "a microphone, which is in real time anyway,")


def decision_line(prediction: Prediction) -> dict[str, Any]:
    """A decision as JSON says it."""
    return {
        "time_s": round(prediction.time_s, 3),
        "label": prediction.label,
        "score": prediction.score,
        "scores": prediction.scores,
        "answer": prediction.answer,
        **({"padded": True} if prediction.padded else {}),
    }


def warning_line(warning: AudioWarning, time_s: float) -> dict[str, Any]:
    """A warning as JSON says it."""
    return {"warning": {**dataclasses.asdict(warning), "time_s": round(time_s, 3)}}
