"""What one audio file is like, read once from front to back: its format, silence, clipping, bandwidth, fingerprint."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...runtime.audio import AudioSource, open_file
from ...runtime.errors import GenrekitError
from ..corpus.scan import content_hash
from ..corpus.segments import cut
from .near_duplicates import COMPARED_S, FRONT_END, fingerprint

PIECE_S = 0.1  # of audio that is silent or not
SILENCE = 1e-6  # mean square of a piece that counts as silent: -60 dB re full scale
LONG_SILENCE_S = 3.0  # a window of the default front end
FULL_SCALE = 0.999
SPECTRUM_FRAME = 2048  # samples
BANDS = 64  # of equal width between 0 Hz and half the rate
CLIFF_DB = 25.0  # by which the spectrum falls within two bands; of 399 originals none does below 70 % of half its rate
QUIET_DB = 60.0
FLOOR_DB = -130.0  # about the quantisation noise of 16 bits in one bin


@dataclasses.dataclass(frozen=True)
class TrackFacts:
    """What `examine` found.

    Attributes:
        content: SHA-256 of the file's bytes; b"" where it cannot be opened.
        error: why it cannot be decoded; the rest then is as below.
        invalid_samples: how many are not finite; read as silence.
        cut_short: whether it holds less audio than its header promises, or ends in the middle.
        seconds: of audio.
        silent_s: seconds in stretches of at least `LONG_SILENCE_S` below -60 dB.
        clipped: fraction of samples at full scale whose neighbours are so too, [0, 1].
        bandwidth_hz: where the spectrum ends in a cliff; half the rate where there is none.
        fingerprint: of its first half minute, int8 [shape=(frames, bits)].
    """

    content: bytes = b""
    error: str | None = None
    invalid_samples: int = 0
    cut_short: bool = False
    seconds: float = 0.0
    rate: int = 0
    channels: int = 0
    silent_s: float = 0.0
    clipped: float = 0.0
    bandwidth_hz: float = 0.0
    fingerprint: np.ndarray = dataclasses.field(default_factory=lambda: fingerprint(np.empty(0, np.float32)))


def examine(path: Path) -> TrackFacts:
    """Read a file; memory is bounded by its first half minute. Never raises: what is wrong stands in ``error``."""
    content = b""
    try:
        content = content_hash(path)
        return _read(path, content)
    except (GenrekitError, OSError) as error:
        return TrackFacts(content, error=str(error))


def _read(path: Path, content: bytes) -> TrackFacts:
    source = open_file(path, FRONT_END.sample_rate)
    meters = _Meters(source.source_rate)
    beginning, kept = [], 0
    for block in AudioSource(meters.pass_on(source.frames()), source.source_rate, FRONT_END.sample_rate):
        if kept < COMPARED_S * FRONT_END.sample_rate:
            beginning.append(block)
            kept += len(block)
    return TrackFacts(
        content=content,
        invalid_samples=source.faults.invalid_samples,
        cut_short=source.faults.cut_short,
        seconds=meters.samples / source.source_rate,
        rate=source.source_rate,
        channels=meters.channels,
        silent_s=PIECE_S * long_runs(np.array(meters.silent), round(LONG_SILENCE_S / PIECE_S)),
        clipped=meters.clipped / (meters.samples * meters.channels),
        bandwidth_hz=bandwidth(meters.power / max(1, meters.frames)) * source.source_rate / 2,
        fingerprint=fingerprint(np.concatenate(beginning)),
    )


class _Meters:
    """Measures blocks as they were decoded, before anything is mixed down or resampled.

    Attributes:
        samples: read of each channel.
        silent: for each piece of `PIECE_S` whether all its channels are silent.
        clipped: samples at full scale between others at full scale, of all channels.
        power: of the channels' mean, summed over `frames` [shape=(SPECTRUM_FRAME // 2 + 1,)].
    """

    def __init__(self, rate: int) -> None:
        self._piece = max(1, round(PIECE_S * rate))
        self._window = np.hanning(SPECTRUM_FRAME + 1)[:-1] / (SPECTRUM_FRAME / 4)  # a full-scale sine gives 1
        self.samples, self.channels, self.clipped, self.frames = 0, 1, 0, 0
        self.silent: list[bool] = []
        self.power = np.zeros(SPECTRUM_FRAME // 2 + 1)

    def pass_on(self, blocks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        """The same blocks, measured on their way."""
        for block in blocks:
            self._measure(block.reshape(len(block), -1))
            yield block

    def _measure(self, block: np.ndarray) -> None:
        self.samples += len(block)
        self.channels = block.shape[1]
        pieces = cut(block, self._piece)
        self.silent += (np.square(pieces).mean(axis=1).max(axis=-1) < SILENCE).tolist()
        full = np.abs(block) >= FULL_SCALE
        self.clipped += int((full[:-2] & full[1:-1] & full[2:]).sum())
        frames = cut(block.mean(axis=1, dtype=np.float32), SPECTRUM_FRAME)
        self.power += np.square(np.abs(np.fft.rfft(frames * self._window))).sum(axis=0)
        self.frames += len(frames)


def long_runs(flags: np.ndarray, least: int) -> int:
    """How many of `flags` are true in runs of at least `least`."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags.astype(bool), [False])).astype(np.int8)))
    lengths = edges[1::2] - edges[::2]
    return int(lengths[lengths >= least].sum())


def bandwidth(power: np.ndarray) -> float:
    """Where a mean spectrum ends in a cliff, as a fraction of half the rate; 1 where it slopes or reaches the end.

    A cliff is where four bands are at least `CLIFF_DB` above all that is higher than two bands above them, and the
    rest is `QUIET_DB` below the sum: a filter before resampling or encoding leaves one, an instrument does not.

    Args:
        power: mean of each bin from 0 Hz to half the rate [shape=(SPECTRUM_FRAME // 2 + 1,)].
    """
    if not power.any():
        return 1.0
    bands = power[1:].reshape(BANDS, -1).mean(axis=1)
    levels = np.maximum(10 * np.log10(bands + 1e-30), FLOOR_DB)
    above = np.maximum.accumulate(levels[::-1])[::-1]
    ends = np.arange(4, BANDS - 2)
    drops = np.array([levels[end - 4 : end].min() for end in ends]) - above[ends + 2]
    drops[above[ends + 2] > 10 * np.log10(power.sum()) - QUIET_DB] = 0
    return float(ends[drops.argmax()]) / BANDS if drops.max() >= CLIFF_DB else 1.0
