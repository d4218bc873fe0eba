"""The gate of files that take sound: what their front end makes of hard signals, beside the same in float64."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ...runtime.errors import ParityError
from ...runtime.mfcc import POWER_FLOOR, MfccConfig, dct_basis, frame_view, hann_window, mel_weights
from ...runtime.modelfile.description import ModelDescription, Normalization
from ...runtime.modelfile.reader import read_graph
from ..attach import attach
from ..audio_input.join import mfcc_model
from .subprocess_engine import predict

TOLERANCE = 2e-3  # of an MFCC
# Power that float32 adds to each bin at most, of that of the frame's loudest and divided by n_fft: where nothing is
# clamped, the quiet bands of a pure tone show it.
FLOAT32_NOISE = 2e-11

STATEFUL = {"VAR_HANDLE", "READ_VARIABLE"}  # of a conversion that left the weights behind
Graph = Callable[[np.ndarray], np.ndarray]  # float32 [shape=(n, window_samples)] -> [shape=(n, ...)]


def hard_signals(config: MfccConfig) -> dict[str, np.ndarray]:
    """Windows on which front ends go wrong, by name: float32 [shape=(window_samples,)], in [-1, 1]."""
    count = config.window_samples
    time, generator = np.arange(count) / config.sample_rate, np.random.default_rng(0)
    bin_hz = config.sample_rate / config.n_fft
    click, half = np.zeros(count), np.zeros(count)
    click[count // 2] = 1
    half[: count // 2] = generator.normal(0, 0.2, count // 2)
    signals = {
        "silence": np.zeros(count),
        "a constant": np.full(count, 0.5),
        "a click": click,
        "a tone on a bin": 0.5 * np.sin(2 * np.pi * (config.n_fft // 8) * bin_hz * time),
        "a tone between bins": 0.5 * np.sin(2 * np.pi * (config.n_fft // 8 + 0.37) * bin_hz * time),
        "a low tone": 0.9 * np.sin(2 * np.pi * 1.7 * bin_hz * time),
        "a square wave at full scale": np.sign(np.sin(2 * np.pi * 7.3 * bin_hz * time + 0.1)),
        "noise": generator.uniform(-1, 1, count),
        "faint noise": generator.integers(0, 2, count) / 32768,
        "noise, then silence": half.clip(-1, 1),
    }
    return {name: samples.astype(np.float32) for name, samples in signals.items()}


def check_mfcc(graph: Graph, config: MfccConfig, normalization: Normalization | None) -> float:
    """Compare the MFCC that `graph` makes of `hard_signals`, normalised if so, with exact ones.

    Returns:
        The largest difference, less what float32's own noise explains.

    Raises:
        ParityError: it is more than `TOLERANCE`, or an MFCC is not finite; the message names the signal.
    """
    worst, signals = 0.0, hard_signals(config)
    for (name, samples), given in zip(signals.items(), graph(np.stack(list(signals.values()))), strict=True):
        found = given.astype(np.float64)
        if normalization is not None:
            found = found * normalization.std + normalization.mean
        exact, noise = _exact(samples, config)
        error = float((np.abs(found - exact) - noise).max()) if np.isfinite(found).all() else np.nan
        if not error <= TOLERANCE:
            raise ParityError(
                f"its front end is wrong: MFCC of {name} differ by {error:.3g}, at most {TOLERANCE:g} allowed",
                {"mfcc_error": None if np.isnan(error) else error},
            )
        worst = max(worst, error)
    return worst


def check_sound(path: Path, description: ModelDescription, engine: str) -> float:
    """Whether the file `path`, which takes sound, has the right front end and gives probabilities of `hard_signals`.

    Returns:
        As `check_mfcc`.

    Raises:
        ParityError: it does not; the message says where.
        ModelFileError, ConversionError: `engine` does not run it.
    """
    if stateful := STATEFUL & read_graph(path).ops.keys():
        raise ParityError(f"its weights are not inside it ({', '.join(stateful)})")
    signals = hard_signals(description.front_end)
    found = predict(path, np.stack(list(signals.values())), engine)
    for name, probabilities in zip(signals, found, strict=True):
        if not np.isfinite(probabilities).all():
            raise ParityError(f"probabilities of {name} are not finite", {"finite": False})
    with tempfile.TemporaryDirectory() as folder:
        alone = Path(folder) / f"front_end{path.suffix}"
        alone.write_bytes(attach(mfcc_model(description), description))
        return check_mfcc(
            lambda samples: predict(alone, samples, engine, part=True),
            description.front_end,
            description.normalization,
        )


def _exact(samples: np.ndarray, config: MfccConfig) -> tuple[np.ndarray, np.ndarray]:
    """The window's MFCC in float64, and how far float32's noise may shift each: both [shape=(frames, n_mfcc)]."""
    reach = config.n_fft // 2 if config.center else 0
    padded = np.pad(samples.astype(np.float64), reach)
    frames = frame_view(padded, config, config.window_frames) * hann_window(config.n_fft)
    power = np.square(np.abs(np.fft.rfft(frames)))
    basis = dct_basis(config.n_mels, config.n_mfcc)
    clean = _log_mel(power, config)
    noisy = _log_mel(power + FLOAT32_NOISE / config.n_fft * power.max(axis=1, keepdims=True), config)
    return clean @ basis, np.abs(noisy - clean) @ np.abs(basis)


def _log_mel(power: np.ndarray, config: MfccConfig) -> np.ndarray:
    log_mel: np.ndarray = 10 * np.log10(np.maximum(power @ mel_weights(config), POWER_FLOOR))
    return log_mel if config.top_db is None else np.maximum(log_mel, log_mel.max() - config.top_db)
