"""What a model detects in a long recording: hits, misses, false alarms and delays, from the decisions of its stream."""

from __future__ import annotations

import array
import dataclasses
from collections.abc import Callable, Collection, Sequence

import numpy as np

from ...runtime import AudioSource, AudioWarning, Classifier, Prediction, Smoother, StreamClassifier
from ...runtime.audio.meter import Meter
from ...runtime.audio_warnings import WindowTotals, audio_warnings
from ...runtime.errors import ParameterError
from ...runtime.prediction import SILENCE, UNKNOWN
from .events import Event

TOLERANCE_S = 1.0
NO_DETECTION = -1


@dataclasses.dataclass(frozen=True, eq=False)
class Decisions:
    """The decisions on a recording, in their order.

    Attributes:
        labels: of the model.
        background: those of them that are no detection.
        seconds: length of the recording.
        time_s: end of each window, to the millisecond, as `genrekit stream` shows it: float64 [shape=(n,)].
        label: what was detected, as an index into `labels`, or NO_DETECTION: int16 [shape=(n,)].
        score: of the label, in [0, 1]: float64 [shape=(n,)].
        warnings: about the audio.
    """

    labels: tuple[str, ...]
    background: frozenset[str]
    seconds: float
    time_s: np.ndarray
    label: np.ndarray
    score: np.ndarray
    warnings: tuple[AudioWarning, ...] = ()


def stream_decisions(
    model: Classifier,
    audio: AudioSource,
    stride_s: float = 0.5,
    smooth_s: float = 0.0,
    background: Collection[str] = (),
    progress: Callable[[float], None] = lambda seconds: None,
) -> Decisions:
    """The decisions that `genrekit stream` would show of `audio` with the same stride and smoothing.

    The audio passes block by block; of each decision 18 bytes are kept.

    Args:
        model: from `load`, with what it should answer.
        audio: at the model's rate; is read to its end.
        stride_s, smooth_s: as of `StreamClassifier` and `Smoother`.
        background: labels that are no detection, as "silence" and "unknown" never are.
        progress: called with the seconds that were read.

    Raises:
        ParameterError: an argument outside its range, or a label in `background` that the model does not have.
        AudioError: the audio cannot be decoded.
    """
    if unheard := sorted(set(background).difference(model.labels)):
        raise ParameterError(f"background={unheard[0]}: expected a label of the model: {', '.join(model.labels)}")
    stream, smoother = StreamClassifier(model, stride_s), Smoother(smooth_s, model.answering)
    meter, totals = Meter(audio.source_rate), WindowTotals(model.answering)
    undetected = frozenset({SILENCE, UNKNOWN, *background})
    index = {label: number for number, label in enumerate(model.labels) if label not in undetected}
    times, detected, scores = array.array("d"), array.array("h"), array.array("d")

    def keep(predictions: list[Prediction]) -> None:
        for raw in predictions:
            shown = smoother(raw)
            totals.add(raw)
            times.append(round(shown.time_s, 3))
            detected.append(index.get(shown.answer, NO_DETECTION))
            scores.append(shown.score)

    samples = 0
    for block in audio.through(meter.pass_on):
        keep(stream.push(block))
        samples += len(block)
        progress(samples / audio.sample_rate)
    keep(stream.flush())
    return Decisions(
        labels=model.labels,
        background=undetected.intersection(model.labels),
        seconds=samples / audio.sample_rate,
        time_s=np.array(times),
        label=np.array(detected),
        score=np.array(scores),
        warnings=tuple(audio_warnings(meter, audio.faults, totals, model.answering, model.config)),
    )


@dataclasses.dataclass(frozen=True)
class Delay:
    """Seconds from the start of an event to the line that hits it, over all hits; None without any.

    Percentiles interpolate linearly between the two nearest (Hyndman and Fan 1996, type 7).
    """

    p50: float | None
    p90: float | None


@dataclasses.dataclass(frozen=True)
class LabelScores:
    """Counts of one label."""

    hits: int
    misses: int
    false_alarms: int


@dataclasses.dataclass(frozen=True)
class DetectionScores:
    """How well events are detected when lines with a score below `min_score` are not shown.

    Attributes:
        hits: events with a line of their label between their start and the tolerance after their end.
        misses: the others.
        false_alarms: lines outside all events of their label; those that no other decision parts count once.
        labels: the same for each label that is detected, in the model's order.
    """

    min_score: float
    hits: int
    misses: int
    false_alarms: int
    false_alarms_per_hour: float
    delay_s: Delay
    labels: dict[str, LabelScores]


@dataclasses.dataclass(frozen=True, eq=False)
class Matching:
    """Decisions beside the events of their recording.

    Attributes:
        hitting: of each event, the indices of the decisions that hit it where they are shown.
        outside: of each decision, whether it is a detection that lies outside all events: bool [shape=(n,)].
    """

    decisions: Decisions
    events: tuple[Event, ...]
    hitting: tuple[np.ndarray, ...]
    outside: np.ndarray

    def scores(self, min_score: float) -> DetectionScores:
        """What is hit, missed and falsely alarmed where decisions with a lower score are not shown."""
        decisions = self.decisions
        own = [hitting[decisions.score[hitting] >= min_score] for hitting in self.hitting]
        delays = [
            decisions.time_s[shown[0]] - event.start_s
            for event, shown in zip(self.events, own, strict=True)
            if len(shown)
        ]
        alarmed = decisions.label[self.false_alarms(min_score)]
        labels = {
            label: _label_scores(
                [len(shown) > 0 for event, shown in zip(self.events, own, strict=True) if event.label == label],
                int((alarmed == index).sum()),
            )
            for index, label in enumerate(decisions.labels)
            if label not in decisions.background
        }
        return DetectionScores(
            min_score=min_score,
            hits=len(delays),
            misses=len(self.events) - len(delays),
            false_alarms=len(alarmed),
            false_alarms_per_hour=len(alarmed) / (decisions.seconds / 3600),
            delay_s=_delay(delays),
            labels=labels,
        )

    def false_alarms(self, min_score: float) -> np.ndarray:
        """Indices of the decisions with which a false alarm begins [shape=(false alarms,)]."""
        false = self.outside & (self.decisions.score >= min_score)
        goes_on = false[1:] & false[:-1] & (self.decisions.label[1:] == self.decisions.label[:-1])
        return np.flatnonzero(false & ~np.concatenate(([False], goes_on)))


def match(decisions: Decisions, events: Sequence[Event], tolerance_s: float = TOLERANCE_S) -> Matching:
    """`decisions` beside `events`, which reach until `tolerance_s` after their end; raises ParameterError."""
    require_tolerance(tolerance_s)
    outside = decisions.label != NO_DETECTION
    hitting = []
    for event in events:
        # Rounded, so that 0.3 + 1.0 is the 1.3 of a line that stands just there.
        first = np.searchsorted(decisions.time_s, event.start_s, "left")
        end = np.searchsorted(decisions.time_s, round(event.end_s + tolerance_s, 6), "right")
        own = first + np.flatnonzero(decisions.label[first:end] == decisions.labels.index(event.label))
        outside[own] = False
        hitting.append(own)
    return Matching(decisions, tuple(events), tuple(hitting), outside)


def require_tolerance(tolerance_s: float) -> None:
    """Raises ParameterError where it is negative or infinite."""
    if not 0 <= tolerance_s < np.inf:
        raise ParameterError(f"tolerance={tolerance_s}: expected 0 or more seconds; try {TOLERANCE_S:g}")


def _label_scores(hit: Sequence[bool], false_alarms: int) -> LabelScores:
    return LabelScores(sum(hit), len(hit) - sum(hit), false_alarms)


def _delay(delays: Sequence[float]) -> Delay:
    if not delays:
        return Delay(None, None)
    p50, p90 = (round(float(value), 3) for value in np.percentile(delays, [50, 90]))
    return Delay(p50, p90)
