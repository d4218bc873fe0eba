"""What one audio file is like, read once from front to back: its format, silence, clipping, bandwidth, fingerprint."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from ...runtime.audio import open_file
from ...runtime.audio.meter import Meter
from ...runtime.errors import GenrekitError
from ..corpus.scan import content_hash
from ..corpus.segments import cut
from .near_duplicates import COMPARED_S, FRONT_END, fingerprint

PIECE_S = 0.1  # of audio that is silent or not
SILENCE = 1e-6  # mean square of a piece that counts as silent: -60 dB re full scale
LONG_SILENCE_S = 3.0  # a window of the default front end


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
    except GenrekitError as error:
        return TrackFacts(content, error=str(error))
    except OSError as error:
        return TrackFacts(error=f"{path}: expected an audio file, but it cannot be read ({error.strerror or error})")


def _read(path: Path, content: bytes) -> TrackFacts:
    source = open_file(path, FRONT_END.sample_rate)
    meter, silence = Meter(source.source_rate), _SilenceMeter(source.source_rate)
    beginning, kept = [], 0
    for block in source.through(meter.pass_on).through(silence.pass_on):
        if kept < COMPARED_S * FRONT_END.sample_rate:
            beginning.append(block)
            kept += len(block)
    return TrackFacts(
        content=content,
        invalid_samples=source.faults.invalid_samples,
        cut_short=source.faults.cut_short,
        seconds=meter.samples / source.source_rate,
        rate=source.source_rate,
        channels=meter.channels,
        silent_s=PIECE_S * long_runs(np.array(silence.silent), round(LONG_SILENCE_S / PIECE_S)),
        clipped=meter.clipped_fraction,
        bandwidth_hz=meter.bandwidth_hz,
        fingerprint=fingerprint(np.concatenate(beginning)),
    )


class _SilenceMeter:
    """Tells which pieces of `PIECE_S` are silent in all their channels; `silent`: of each piece whether it is."""

    def __init__(self, rate: int) -> None:
        self._piece = max(1, round(PIECE_S * rate))
        self.silent: list[bool] = []

    def pass_on(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """The same blocks, measured on their way."""
        for block in blocks:
            pieces = cut(block.reshape(len(block), -1), self._piece)
            self.silent += (np.square(pieces).mean(axis=1).max(axis=-1) < SILENCE).tolist()
            yield block


def long_runs(flags: np.ndarray, least: int) -> int:
    """How many of `flags` are true in runs of at least `least`."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags.astype(bool), [False])).astype(np.int8)))
    lengths = edges[1::2] - edges[::2]
    return int(lengths[lengths >= least].sum())
