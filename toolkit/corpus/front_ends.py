"""Front ends by name, from files and as command-line options; and which of them cannot work."""

from __future__ import annotations

import json
import reprlib
from pathlib import Path
from typing import Any

import numpy as np

from ...runtime.errors import MissingFileError, ModelFileError, ParameterError
from ...runtime.mfcc import MfccConfig, hz_to_mel, mel_to_hz
from ...runtime.util.regular import not_a_file, read_text

MUSIC = MfccConfig()  # the paper's
# Frames of 32 ms, in which speech hardly changes. Without a floor below the loudest frame, soft consonants stay apart.
SPEECH = MfccConfig(sample_rate=16_000, n_fft=512, hop_length=256, n_mels=40, n_mfcc=13, window_s=1.0, top_db=None)
PRESETS = {"music": MUSIC, "speech": SPEECH}

# The option of each field that has one, in the order of the help.
OPTIONS = {
    "sample_rate": "--sample-rate",
    "window_s": "--window",
    "n_fft": "--n-fft",
    "hop_length": "--hop",
    "n_mels": "--n-mels",
    "n_mfcc": "--n-mfcc",
    "top_db": "--top-db",
}


def front_end_named(name: str) -> MfccConfig:
    """The preset `name`, or what the JSON file of that path says, see `read_fields`.

    Raises:
        MissingFileError: neither a preset nor a file.
        ModelFileError: the file holds something else.
    """
    if name in PRESETS:
        return PRESETS[name]
    if not_a_file(name) == "none":
        raise MissingFileError(
            f"front-end={name}: expected {', '.join(PRESETS)}, or a JSON file with the fields of MfccConfig that "
            "differ from the defaults; found none"
        )
    try:
        return MfccConfig.from_dict(read_fields(Path(name)))
    except ModelFileError as error:
        where = "" if str(error).startswith(name) else f"{name}: "
        raise ModelFileError(f"{where}{error}; correct the file") from error


def read_fields(path: Path) -> dict[str, Any]:
    """The JSON object in a file: fields of MfccConfig that differ from the defaults, and what else stands there.

    Raises:
        MissingFileError: the file cannot be read.
        ModelFileError: it holds no JSON object.
    """
    try:
        fields = json.loads(read_text(path))
    except OSError as error:
        raise MissingFileError(f"{path}: expected a text file, but it cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path}: expected JSON with the front end, received something else ({error})") from error
    if not isinstance(fields, dict):
        raise ModelFileError(
            f"{path}: expected a JSON object with the fields of MfccConfig, received {reprlib.repr(fields)}"
        )
    return fields


def differences(config: MfccConfig, base: MfccConfig = MUSIC) -> dict[str, Any]:
    """The fields of `config` that differ from those of `base`, as JSON keeps them."""
    other = base.to_dict()
    return {name: value for name, value in config.to_dict().items() if value != other[name]}


def in_words(fields: dict[str, Any]) -> str:
    """`differences` in a sentence: ``window_s 1.0, top_db None``."""
    return ", ".join(f"{name} {value}" for name, value in fields.items())


def as_options(config: MfccConfig) -> str:
    """The fewest command-line options that mean `config`, ``center`` aside: ``--front-end speech --window 2``."""
    ways: list[list[str]] = []
    for name, preset in PRESETS.items():
        other = differences(config, preset)
        changed = [f"{option} {_as_option(other[field])}" for field, option in OPTIONS.items() if field in other]
        ways.append(changed if changed and preset == MUSIC else [f"--front-end {name}", *changed])
    fewest = min(ways, key=len)
    return " ".join(fewest)


def _as_option(value: float | None) -> str:
    return "none" if value is None else f"{value:.6g}"


def require_workable(config: MfccConfig) -> None:
    """Raises ParameterError where samples between the frames are never read, or mel bands hold no bin of the FFT.

    Not part of MfccConfig itself: models that were trained so are still to be read.
    """
    if config.hop_length > config.n_fft:
        raise ParameterError(
            f"hop_length={config.hop_length}, n_fft={config.n_fft}: expected a hop of at most n_fft, else samples "
            f"between two frames are never read; take --hop {config.n_fft // 2}, or a larger --n-fft"
        )
    if empty := empty_bands(config.sample_rate, config.n_fft, config.n_mels):
        bands = ", ".join(map(str, empty[:8])) + (f" and {len(empty) - 8} more" if len(empty) > 8 else "")
        raise ParameterError(
            f"n_mels={config.n_mels}, n_fft={config.n_fft}: expected a bin of the FFT in each mel band, found none in "
            f"{'bands' if len(empty) > 1 else 'band'} {bands}; take at most --n-mels "
            f"{most_mels(config.sample_rate, config.n_fft, config.n_mels)}, or a larger --n-fft"
        )


def empty_bands(sample_rate: int, n_fft: int, n_mels: int) -> list[int]:
    """The mel bands, counted from 0, within which no bin of the FFT lies: they would say nothing of any audio."""
    edges = mel_to_hz(np.linspace(0, hz_to_mel(np.array(sample_rate / 2)), n_mels + 2)) * n_fft / sample_rate
    first_inside = np.floor(edges[:-2]) + 1
    return np.flatnonzero(first_inside >= edges[2:]).tolist()


def most_mels(sample_rate: int, n_fft: int, at_most: int) -> int:
    """The largest number of mel bands, 1 to `at_most`, of which none is empty."""
    return next((count for count in range(at_most, 1, -1) if not empty_bands(sample_rate, n_fft, count)), 1)
