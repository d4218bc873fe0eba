"""Which front end fits a corpus, from the lengths and rates of its clips."""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import soundfile

from ...runtime.errors import CorpusError
from ...runtime.mfcc import MfccConfig
from .front_ends import MUSIC, SPEECH, as_options, most_mels
from .scan import Corpus

WINDOWS = (3.0, 2.5, 2.0, 1.5, 1.0, 0.75, 0.5, 0.3, 0.2, 0.1)  # seconds, of which one is suggested
# Of the clips must hold a suggested window, the others are padded: a tenth of Speech Commands' clips of one second are
# a little shorter, and a shorter window would cut all the others in the middle of a word.
HOLDING = 0.85


@dataclasses.dataclass(frozen=True)
class Clip:
    """A track's length in seconds and its own sample rate in Hz."""

    seconds: float
    rate: int

    def holds(self, window_s: float) -> bool:
        """Whether it lasts a window, give or take the sample that resampling may round away."""
        return self.seconds * self.rate >= window_s * self.rate - 1


def headers(paths: Iterable[Path]) -> Iterator[Clip]:
    """Length and rate of audio files, as their headers have them; those that cannot be read are passed over."""
    for path in paths:
        if not path.is_file():  # a pipe would never end
            continue
        try:
            info = soundfile.info(str(path))
        except (OSError, RuntimeError, ValueError):
            continue
        if info.frames > 0:
            yield Clip(info.frames / info.samplerate, info.samplerate)


def suggest(clips: Sequence[Clip]) -> MfccConfig:
    """The front end that fits `clips`: the paper's for music wherever they hold its window and have its rate.

    The window is the longest of `WINDOWS` that at least `HOLDING` of the clips hold, the rate the most common one up
    to the paper's. Windows of a second or less have frames of 32 ms, longer ones the paper's, of 93 ms.
    """
    if not clips:
        return MUSIC
    window_s = longest_window(clips, HOLDING)
    base = SPEECH if window_s <= SPEECH.window_s else MUSIC
    rate = min(statistics.mode(clip.rate for clip in clips), MUSIC.sample_rate)
    n_fft = max(2, 2 ** round(math.log2(base.n_fft * rate / base.sample_rate)))
    n_mels = most_mels(rate, n_fft, base.n_mels)
    return dataclasses.replace(
        base,
        sample_rate=rate,
        n_fft=n_fft,
        hop_length=max(1, base.hop_length * n_fft // base.n_fft),
        n_mels=n_mels,
        n_mfcc=min(base.n_mfcc, n_mels),
        window_s=max(window_s, n_fft / rate),
    )


def longest_window(clips: Sequence[Clip], fraction: float) -> float:
    """The longest of `WINDOWS` that this fraction of `clips` hold, in seconds; the shortest of all where there is none.

    `fraction` is in (0, 1].
    """
    needed = fraction * len(clips)
    return next((window for window in WINDOWS if sum(clip.holds(window) for clip in clips) >= needed), WINDOWS[-1])


def require_held(corpus: Corpus, config: MfccConfig) -> None:
    """Raises CorpusError where every clip is shorter than the window; reads headers until one is not."""
    shorter = []
    for clip in headers(track.path for track in corpus.tracks):
        if clip.holds(config.window_s):
            return
        shorter.append(clip)
    if shorter:
        longest = max(clip.seconds for clip in shorter)
        raise CorpusError(
            f"window_s={config.window_s:g}: expected a window that clips of {corpus.folder} hold, the longest of which "
            f"lasts {longest:.4g} s; {remedy(shorter)}"
        )


def remedy(clips: Sequence[Clip]) -> str:
    """What to do about a window that is too long for `clips`."""
    config = suggest(clips)
    if any(clip.holds(config.window_s) for clip in clips):
        return f"train with {as_options(config)}, which fits them"
    return f"give clips of at least {config.window_s:g} s"
