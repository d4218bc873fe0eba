"""What the front end's graph computes with: a two-stage DFT, mel bands in blocks, the DCT. Pure numpy.

The frame of ``n_fft = N1 * N2`` samples is read as ``x[n1, n2]``, sample ``N2 * n1 + n2``. With ``k = k1 + N1 * k2``

    X[k] = sum over n2 of  W_N2^(n2 k2)  (sum over n1 of  W_N^(k1 (N2 n1 + n2)) w[n1, n2] x[n1, n2])

so that the window and what Cooley and Tukey (1965) call the twiddle factor are part of the first stage's matrices, one
for each n2. Samples are real: only ``k1 <= N1 / 2`` is computed, and the others follow from ``|X[k]| = |X[N - k]|``.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from ...runtime.errors import UnsupportedModelError
from ...runtime.mfcc import DECIBELS, POWER_FLOOR, MfccConfig, dct_basis, hann_window, mel_weights
from ...runtime.modelfile.description import Normalization

MAX_FACTOR = 128  # of n_fft: larger matrices would make the file large and slow
MAX_HOP = MAX_FACTOR**2
MAX_SLICES = 64  # of the samples, from which frames are made
TRANSPOSING = 20  # what moving a value costs, in multiply-accumulates
BLOCK_COST = 1000  # what a block of mel bands costs beside its weights, in weights


@dataclasses.dataclass(frozen=True)
class MelBlock:
    """Neighbouring mel bands, with the rows of the power spectrum that they touch.

    Attributes:
        rows: the first, and that behind the last.
        weights: times `POWER_FLOOR`'s inverse, so that the logarithm of silence is 0 [shape=(bands, rows)].
    """

    rows: tuple[int, int]
    weights: np.ndarray


@dataclasses.dataclass(frozen=True)
class GraphConstants:
    """The front end `config` in numbers; arrays are float32. ``K1 = N1 // 2 + 1``, ``H = ceil(N2 / 2)``.

    Attributes:
        config: the front end.
        factors: N1 and N2.
        window: ``w[n1, n2]`` [shape=(N2, 1, N1)].
        cosine, sine: of ``2 pi k1 n1 / N1`` [shape=(K1, N1)].
        twiddle_cosine, twiddle_sine: of ``2 pi k1 n2 / n_fft`` [shape=(N2, K1, 1)].
        real, imaginary: the second stage: rows for k2 = 0, N2 - 1, 1, N2 - 2, ..., columns for the real and negative
            imaginary part of each n2 [shape=(2 H, 2 N2)]. What they give are bins in natural order, but for each run of
            N1 bins, whose lower half of k1 stands before the mirrored upper one.
        mel: blocks of bands.
        basis: the DCT, with decibels and the normalisation in it [shape=(n_mfcc, n_mels)].
        offset: what is added to it [shape=(n_mfcc, 1)].
        clamp: top_db in natural logarithms of a power; None without.
    """

    config: MfccConfig
    factors: tuple[int, int]
    window: np.ndarray
    cosine: np.ndarray
    sine: np.ndarray
    twiddle_cosine: np.ndarray
    twiddle_sine: np.ndarray
    real: np.ndarray
    imaginary: np.ndarray
    mel: tuple[MelBlock, ...]
    basis: np.ndarray
    offset: np.ndarray
    clamp: float | None


def graph_constants(config: MfccConfig, normalization: Normalization | None = None) -> GraphConstants:
    """The constants of `config`, followed by ``(x - mean) / std`` where there is a `normalization`.

    Raises UnsupportedModelError: a front end that the graph's form does not reach.
    """
    first, second = factors(config)
    half = -(-second // 2)
    k1, n1, n2 = np.arange(first // 2 + 1), np.arange(first), np.arange(second)
    stage, twiddle = 2 * np.pi / first * np.outer(k1, n1), 2 * np.pi / config.n_fft * np.outer(n2, k1)
    k2 = np.stack((np.arange(half), second - 1 - np.arange(half)), axis=1).ravel()
    last = 2 * np.pi / second * np.outer(k2, n2)
    basis, offset = _cepstrum(config, normalization)
    arrays = {
        "window": hann_window(config.n_fft).reshape(first, 1, second).T,
        "cosine": np.cos(stage),
        "sine": np.sin(stage),
        "twiddle_cosine": np.cos(twiddle)[:, :, np.newaxis],
        "twiddle_sine": np.sin(twiddle)[:, :, np.newaxis],
        "real": _interleaved(np.cos(last), -np.sin(last)),
        "imaginary": _interleaved(np.sin(last), np.cos(last)),
        "basis": basis,
        "offset": offset,
    }
    return GraphConstants(
        config=config,
        factors=(first, second),
        mel=_mel_blocks(mel_weights(config) / POWER_FLOOR, _bins(config.n_fft, first, half)),
        clamp=None if config.top_db is None else config.top_db / DECIBELS,
        **{name: np.ascontiguousarray(array, np.float32) for name, array in arrays.items()},
    )


def require_graph(config: MfccConfig) -> None:
    """Raise UnsupportedModelError where `config` is no front end that the graph's form reaches; says what would be."""
    factors(config)


def factors(config: MfccConfig) -> tuple[int, int]:
    """N1 and N2 with the fewest multiplications; raises UnsupportedModelError where there are none up to `MAX_FACTOR`.

    Also where frames overlap so much that they would be made from more than `MAX_SLICES` slices, or are far apart.
    """
    n_fft, hop = config.n_fft, config.hop_length
    least = -(-n_fft // MAX_SLICES)
    if not least <= hop <= MAX_HOP:
        raise UnsupportedModelError(
            f"input=audio, hop_length={hop}: expected {least} (n_fft / {MAX_SLICES}) to {MAX_HOP} samples, as the "
            "front end's graph can hold; train with such a --hop, or export --input features"
        )
    pairs = [(n_fft // n2, n2) for n2 in range(1, MAX_FACTOR + 1) if n_fft % n2 == 0 and n_fft // n2 <= MAX_FACTOR]
    if not pairs:
        raise UnsupportedModelError(
            f"input=audio, n_fft={n_fft}: expected a product of two numbers up to {MAX_FACTOR}, as the front end's "
            f"graph can hold; train with --n-fft {_nearest_power(n_fft)}, or export --input features"
        )

    def cost(pair: tuple[int, int]) -> int:
        first, second = pair
        products = (first // 2 + 1) * second * (2 * first + 8 * -(-second // 2))
        return products + (TRANSPOSING * n_fft if hop % second else 0)

    return min(pairs, key=cost)


def _nearest_power(n_fft: int) -> int:
    """The power of two that is nearest to `n_fft`, of those that have factors."""
    return min((1 << exponent for exponent in range(1, 15)), key=lambda power: abs(power - n_fft))


def _interleaved(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Their columns in turns."""
    return np.stack((one, other), axis=-1).reshape(len(one), -1)


def _bins(n_fft: int, first: int, half: int) -> np.ndarray:
    """Which bin each row of the power spectrum is, -1 where it is the same as another row: [shape=(half, 2 K1)].

    That of half the sample rate, where the last mel band has come down to 0, is left out if N2 is even.
    """
    k1: np.ndarray = np.arange(first // 2 + 1)
    starts = first * np.arange(half)[:, np.newaxis]
    mirrored = np.where((k1 > 0) & (2 * k1 < first), starts + first - k1, -1)
    bins = np.concatenate((starts + k1, mirrored), axis=1)
    return np.where(bins <= n_fft // 2, bins, -1)


def _mel_blocks(weights: np.ndarray, bins: np.ndarray) -> tuple[MelBlock, ...]:
    """The matrix `weights` [bins, bands], its rows in the order of `bins`, in the blocks that take least together."""
    runs, length = bins.shape
    rows = np.where(bins.reshape(-1, 1) >= 0, weights[bins.ravel()], 0)
    touched = np.any(rows.reshape(runs, length, -1), axis=1)
    bands = weights.shape[1]
    starts = np.where(touched.any(axis=0), touched.argmax(axis=0), runs)  # of each band, in runs
    ends = np.where(touched.any(axis=0), runs - touched[::-1].argmax(axis=0), 0)
    best, origin = np.zeros(bands + 1), np.zeros(bands + 1, np.int64)
    for end in range(1, bands + 1):  # the cheapest division of the first `end` bands, whose last block begins anywhere
        lows = np.minimum.accumulate(starts[:end][::-1])[::-1]
        highs = np.maximum.accumulate(ends[:end][::-1])[::-1]
        sizes = np.maximum(highs - lows, 1) * length * (end - np.arange(end))
        costs = best[:end] + sizes + BLOCK_COST
        origin[end] = costs.argmin()
        best[end] = costs[origin[end]]
    blocks: list[MelBlock] = []
    end = bands
    while end:
        start = int(origin[end])
        low, high = int(starts[start:end].min()), int(ends[start:end].max())
        span = (low * length, high * length) if low < high else (0, length)
        block = np.ascontiguousarray(rows[slice(*span), start:end].T, np.float32)
        blocks.insert(0, MelBlock(span, block))
        end = start
    return tuple(blocks)


def _cepstrum(config: MfccConfig, normalization: Normalization | None) -> tuple[np.ndarray, np.ndarray]:
    """Basis and offset for logarithms of powers over `POWER_FLOOR`: float64 [n_mfcc, n_mels] and [n_mfcc, 1]."""
    basis = dct_basis(config.n_mels, config.n_mfcc).T
    offset = basis.sum(axis=1) * DECIBELS * np.log(POWER_FLOOR)
    scale = np.ones(config.n_mfcc)
    if normalization is not None:
        offset -= normalization.mean
        scale /= normalization.std
    return (basis * DECIBELS) * scale[:, np.newaxis], (offset * scale)[:, np.newaxis]
