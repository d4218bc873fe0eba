"""Files, raw PCM and the microphone -> mono float32 blocks at the model's rate. Never a whole file at once."""

from .files import BLOCK_S, open_file, read_file
from .microphone import open_microphone
from .pcm import open_pcm
from .source import CUT_SHORT, LENGTH_UNKNOWN, AudioFaults, AudioSource

__all__ = [
    "BLOCK_S", "CUT_SHORT", "LENGTH_UNKNOWN", "AudioFaults", "AudioSource", "open_file", "open_microphone", "open_pcm",
    "read_file",
]  # fmt: skip
