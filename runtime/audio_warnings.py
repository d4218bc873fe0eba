"""What speaks against the answers: warnings about the audio, each with its number and a remedy."""

from __future__ import annotations

import collections
import dataclasses
import math
from collections.abc import Iterable, Iterator

import numpy as np

from .audio import CUT_SHORT, LENGTH_UNKNOWN, AudioFaults
from .audio.meter import Meter
from .mfcc import MfccConfig
from .prediction import Answering, Prediction

CLIPPED_FRACTION = 0.001  # of the samples; music as loud as GTZAN's loudest pop has half of that
CANCELLED_DB = 20.0
LOW_DBFS = -45.0
SILENT_FRACTION = 0.1  # of the windows; a pause, or the end of a song, is not worth a warning
NARROW = 0.37  # of the model's band: a third, and up to where audio of 8 kHz ends for a model of 22.05 kHz
UNLIKE_FRACTION = 0.5  # of the windows that are not silent
RECENT_S = 3.0  # of a stream, that a live warning looks at
RECENT_WINDOWS = 3  # at least, before a stream is called unlike the training
QUIET_S = 30.0  # for so long a warning must have been untrue before it can begin again


@dataclasses.dataclass(frozen=True)
class AudioWarning:
    """What is the matter with audio that was classified all the same.

    Attributes:
        kind: silence, clipping, out-of-phase, low-level, band-limited, short, cut-short, invalid-samples or
            unlike-training.
        text: the same as a sentence, with its number and what to do.
    """

    kind: str
    text: str


class WindowTotals:
    """What the predictions of a stretch of audio come to; memory does not grow with it."""

    def __init__(self, answering: Answering, predictions: Iterable[Prediction] = ()) -> None:
        self._answering = answering
        self.windows = self.silent = self.unlike = 0
        self.audio_fraction = 0.0  # the largest of a window
        self._power = 0.0  # summed over the windows that are not silent
        for prediction in predictions:
            self.add(prediction)

    def add(self, prediction: Prediction) -> None:
        """Count `prediction`."""
        self.windows += 1
        self.audio_fraction = max(self.audio_fraction, prediction.audio_fraction)
        if self._answering.is_silent(prediction):
            self.silent += 1
        else:
            self.unlike += prediction.unlike_training
            self._power += 10 ** (prediction.level_dbfs / 10)

    @property
    def sounding(self) -> int:
        """How many windows were not silent."""
        return self.windows - self.silent

    @property
    def level_dbfs(self) -> float:
        """The mean level of the windows that were not silent; nan where there are none."""
        return 10 * math.log10(self._power / self.sounding) if self.sounding else math.nan


def audio_warnings(
    meter: Meter, faults: AudioFaults, windows: WindowTotals, answering: Answering, config: MfccConfig
) -> list[AudioWarning]:
    """What there is to say of audio that was measured by `meter` and classified as `windows`, by a front end `config`.

    Channels that cancel leave a low level or silence, which is not reported beside them.
    """
    return _with_windows(_of_source(meter, config), faults, windows, answering, config)


def _with_windows(
    of_source: list[tuple[str, str]],
    faults: AudioFaults,
    windows: WindowTotals,
    answering: Answering,
    config: MfccConfig,
) -> list[AudioWarning]:
    found = list(of_source)
    cancelled = any(kind == "out-of-phase" for kind, _ in found)
    found += [*_of_faults(faults), *_of_windows(windows, config)]
    if not cancelled:
        found += _of_level(windows, answering)
    return [AudioWarning(kind, text) for kind, text in found]


def _of_source(meter: Meter, config: MfccConfig) -> list[tuple[str, str]]:
    found = []
    if (fraction := meter.clipped_fraction) >= CLIPPED_FRACTION:
        text = f"{fraction:.1%} of the samples are at full scale: record at a lower level, or find a better copy"
        found.append(("clipping", text))
    if (cancelled := meter.cancelled_db) > CANCELLED_DB:
        left = f"{cancelled:.0f} dB below them" if math.isfinite(cancelled) else "silent"
        text = (
            f"the channels cancel each other, mixed down they are {left}: turn the polarity of one, or give one alone"
        )
        found.append(("out-of-phase", text))
    if meter.bandwidth_hz <= NARROW * config.sample_rate / 2:
        found.append(
            (
                "band-limited",
                f"nothing lies above {meter.bandwidth_hz:.0f} Hz, of the {config.sample_rate // 2} Hz that the model "
                f"reads (upsampled or telephone audio): record at {config.sample_rate} Hz or more, or train on such "
                "audio",
            )
        )
    return found


def _of_faults(faults: AudioFaults) -> Iterator[tuple[str, str]]:
    if faults.invalid_samples:
        yield "invalid-samples", f"{faults.invalid_samples} samples were not finite, read as silence: record again"
    if faults.dropped_bytes:
        yield "cut-short", f"{faults.dropped_bytes} bytes at the end make no whole sample, dropped: check the format"
    if faults.cut_short:
        what = LENGTH_UNKNOWN if faults.length_unknown else CUT_SHORT
        yield "cut-short", f"the audio {what}; read as far as it goes: copy or record it again"


def _of_windows(windows: WindowTotals, config: MfccConfig) -> Iterator[tuple[str, str]]:
    if windows.windows and windows.audio_fraction < 1:
        yield (
            "short",
            f"{windows.audio_fraction:.1%} of a window of {config.window_s:g} s is audio, the rest was padded with "
            "silence: give at least a window",
        )
    if windows.sounding and (fraction := windows.unlike / windows.sounding) >= UNLIKE_FRACTION:
        yield (
            "unlike-training",
            f"{fraction:.0%} of the windows are unlike what the model was trained on: check the source, or train on "
            "such audio",
        )


def _of_level(windows: WindowTotals, answering: Answering) -> Iterator[tuple[str, str]]:
    if windows.windows and windows.silent / windows.windows >= SILENT_FRACTION:
        yield (
            "silence",
            f"{windows.silent / windows.windows:.0%} of the windows are silent (below {answering.silence_dbfs:g} dBFS, "
            "or constant): check the microphone and its level",
        )
    if windows.level_dbfs < LOW_DBFS:
        yield "low-level", f"the level is {windows.level_dbfs:.0f} dBFS: record at a higher one"


class StreamWarnings:
    """Warnings about a stream: those that begin, and at its end those of the whole.

    Blocks are measured where the source is read, which may be another thread than that of the predictions.

    Args:
        rate: of the source, Hz.
        answering, config: of the model.
    """

    def __init__(self, rate: int, answering: Answering, config: MfccConfig) -> None:
        self._answering, self._config = answering, config
        self._total, self._totals = Meter(rate), WindowTotals(answering)
        self._filling = Meter(rate)
        self._of_source = _of_source(self._filling, config)  # of the last stretch: looked at once, not at each decision
        self._predictions: collections.deque[Prediction] = collections.deque()
        self._last_s: dict[str, float] = {}  # when each kind was last true

    def pass_on(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """The source's blocks, measured on their way."""
        for block in blocks:
            self._filling.add(block)
            if self._filling.samples >= RECENT_S * self._filling.rate:
                full, self._filling = self._filling, Meter(self._filling.rate)
                self._of_source = _of_source(full, self._config)
                self._total.merge(full)
            yield block

    def begun(self, prediction: Prediction) -> list[AudioWarning]:
        """The warnings that begin with `prediction`."""
        self._totals.add(prediction)
        self._predictions.append(prediction)
        while self._predictions[0].time_s < prediction.time_s - RECENT_S:
            self._predictions.popleft()
        windows = WindowTotals(self._answering, self._predictions)
        current = _with_windows(self._of_source, AudioFaults(), windows, self._answering, self._config)
        if windows.sounding < RECENT_WINDOWS:
            current = [warning for warning in current if warning.kind != "unlike-training"]
        new = [
            warning for warning in current if prediction.time_s - self._last_s.get(warning.kind, -math.inf) > QUIET_S
        ]
        self._last_s.update({warning.kind: prediction.time_s for warning in current})
        return new

    def ended(self, faults: AudioFaults) -> list[AudioWarning]:
        """Those of the whole stream; `faults` of its source."""
        self._total.merge(self._filling)
        return audio_warnings(self._total, faults, self._totals, self._answering, self._config)

    def has_begun(self, kind: str) -> bool:
        """Whether a warning of this kind has begun before."""
        return kind in self._last_s
