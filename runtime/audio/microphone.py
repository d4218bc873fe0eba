"""The default microphone, block by block, without an end."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from types import ModuleType

import numpy as np

from ..errors import AudioError, MissingPackageError
from .source import AudioSource

BLOCK_S = 0.1  # seconds of audio recorded at a time


def open_microphone(sample_rate: int) -> AudioSource:
    """The default microphone at the rate it offers, as blocks at `sample_rate`, without an end.

    Raises:
        MissingPackageError: sounddevice is not installed.
        AudioError: there is no usable microphone.
    """
    try:
        import sounddevice
    except (ImportError, OSError) as error:  # OSError: the PortAudio library is missing
        raise MissingPackageError(
            f'the microphone needs sounddevice ({error}); run: pip install "genrekit[mic]" '
            "(Debian also: apt install libportaudio2)"
        ) from error
    try:
        rate = int(sounddevice.query_devices(kind="input")["default_samplerate"])
    except (sounddevice.PortAudioError, ValueError) as error:
        raise AudioError(f"mic: expected a microphone, found none ({error}); connect one or name a file") from error
    return AudioSource(_microphone_blocks(sounddevice, rate), rate, sample_rate)


def _microphone_blocks(sounddevice: ModuleType, rate: int) -> Iterator[np.ndarray]:
    recorded: queue.SimpleQueue[np.ndarray] = queue.SimpleQueue()
    with sounddevice.InputStream(
        samplerate=rate,
        channels=1,
        dtype="float32",
        blocksize=round(rate * BLOCK_S),
        callback=lambda block, *_: recorded.put(block[:, 0].copy()),
    ):
        while True:
            yield recorded.get()
