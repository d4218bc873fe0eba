"""What a folder of C or a page is tried on: a few tracks of the demo corpus, at the model's rate."""

from __future__ import annotations

import io

import numpy as np
import soundfile
import soxr

from ...converters.export_c import Sound
from ...runtime.mfcc import MfccConfig
from ..demo_corpus import GENRES, compose
from ..demo_corpus.synthesis import SAMPLE_RATE

TRACK_S = 20.0
WINDOWS_OF_TRACK = 3.0
FULL_SCALE = 2**15 - 1
EXAMPLE_GENRES = ("jazz", "classical")  # of little treble, of which MP3 keeps little
EXAMPLE_WINDOWS = 1.7  # of each genre
LEAST_S = 4.0  # of each genre
EXAMPLE_RATE = 22050  # Hz, of MP3; whatever the model's
COMPRESSION = 0.7  # of libsndfile, from 0 to 1: about 40 kbit/s


def demo_sound(config: MfccConfig) -> Sound:
    """A window of each genre, and a track of one of them; the same for every model with this rate and window."""
    tracks = [_composed(genre, config, max(TRACK_S, WINDOWS_OF_TRACK * config.window_s)) for genre in GENRES]
    middle = slice((len(tracks[0]) - config.window_samples) // 2, None)
    return Sound(np.stack([track[middle][: config.window_samples] for track in tracks]), tracks[0])


def demo_example(config: MfccConfig) -> bytes:
    """A few seconds of two genres, as MP3."""
    seconds = max(LEAST_S, EXAMPLE_WINDOWS * config.window_s)
    parts = [compose(genre, 0, seconds, 1) for genre in EXAMPLE_GENRES]
    track = soxr.resample(np.concatenate(parts), SAMPLE_RATE, EXAMPLE_RATE)
    written = io.BytesIO()
    soundfile.write(
        written, track, EXAMPLE_RATE, format="MP3", subtype="MPEG_LAYER_III", compression_level=COMPRESSION,
        bitrate_mode="VARIABLE",
    )  # fmt: skip
    return written.getvalue()


def _composed(genre: str, config: MfccConfig, seconds: float) -> np.ndarray:
    track = soxr.resample(compose(genre, 0, seconds, 0), SAMPLE_RATE, config.sample_rate)
    whole: np.ndarray = np.rint(np.clip(track, -1, 1) * FULL_SCALE).astype(np.int16)
    return whole
