"""What a folder of C is tried on: a few tracks of the demo corpus, at the model's rate."""

from __future__ import annotations

import numpy as np
import soxr

from ...converters.export_c import Sound
from ...runtime.mfcc import MfccConfig
from ..demo_corpus import GENRES, compose
from ..demo_corpus.synthesis import SAMPLE_RATE

TRACK_S = 20.0
WINDOWS_OF_TRACK = 3.0
GENRES_OF_WINDOWS = (0, 3, 6)
FULL_SCALE = 2**15 - 1


def demo_sound(config: MfccConfig) -> Sound:
    """Three windows of three genres, and a track of one of them; the same for every model with this rate and window."""
    tracks = [
        _composed(GENRES[genre], config, max(TRACK_S, WINDOWS_OF_TRACK * config.window_s))
        for genre in GENRES_OF_WINDOWS
    ]
    middle = slice((len(tracks[0]) - config.window_samples) // 2, None)
    return Sound(np.stack([track[middle][: config.window_samples] for track in tracks]), tracks[0])


def _composed(genre: str, config: MfccConfig, seconds: float) -> np.ndarray:
    track = soxr.resample(compose(genre, 0, seconds, 0), SAMPLE_RATE, config.sample_rate)
    whole: np.ndarray = np.rint(np.clip(track, -1, 1) * FULL_SCALE).astype(np.int16)
    return whole
