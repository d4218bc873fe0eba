"""The front end written as a graph: the same operators whatever writes them down.

Frames are the last axis from the beginning to the end, so that nothing but short copies is ever rearranged: every
product has a constant on its left, and the second stage's rows are the bins.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

import numpy as np

from .constants import GraphConstants

SAMPLES = "samples"  # name of the input
Key = TypeVar("Key")


@dataclasses.dataclass(frozen=True)
class Value(Generic[Key]):
    """A value in a graph: a name or an index there, and the shape for one window."""

    key: Key
    shape: tuple[int, ...]


class GraphWriter(Protocol[Key]):
    """Writes operators down; axes count from the end, and shapes are those of one window."""

    def constant(self, array: np.ndarray) -> Value[Key]:
        """A constant of float32."""

    def padded_samples(self, before: int, after: int) -> Value[Key]:
        """The input between zeros; a negative `after` leaves out what stands there [shape=(n,)]."""

    def reshape(self, x: Value[Key], shape: tuple[int, ...]) -> Value[Key]:
        """`x` in another shape."""

    def transpose(self, x: Value[Key], axes: tuple[int, ...]) -> Value[Key]:
        """`x` with its axes in another order, as numpy has them."""

    def part(self, x: Value[Key], axis: int, start: int, stop: int) -> Value[Key]:
        """What stands from `start` to `stop` along `axis`, -1 or -2."""

    def concatenate(self, parts: Sequence[Value[Key]], axis: int) -> Value[Key]:
        """`parts` one behind the other along `axis`, -1 or -2."""

    def matmul(self, a: Value[Key], b: Value[Key]) -> Value[Key]:
        """``a @ b``."""

    def multiply(self, a: Value[Key], b: Value[Key]) -> Value[Key]:
        """``a * b``."""

    def add(self, a: Value[Key], b: Value[Key]) -> Value[Key]:
        """``a + b``."""

    def subtract(self, a: Value[Key], b: Value[Key]) -> Value[Key]:
        """``a - b``."""

    def maximum(self, a: Value[Key], b: Value[Key]) -> Value[Key]:
        """The larger of both."""

    def log(self, x: Value[Key]) -> Value[Key]:
        """The natural logarithm."""

    def largest(self, x: Value[Key]) -> Value[Key]:
        """The largest of all values of a window [shape=(1, 1)]."""


def write_front_end(to: GraphWriter[Key], constants: GraphConstants) -> Value[Key]:
    """Write the front end down; returns its MFCC, normalised where `constants` are [shape=(frames, n_mfcc)]."""
    frames = constants.config.window_frames
    (first, second), half = constants.factors, -(-constants.factors[1] // 2)
    # A run of the first stage is [2 K1, N1] @ [N1, frames] for each n2.
    spectrum = to.matmul(_first_stage(to, constants), _frames(to, constants))
    spectrum = to.reshape(spectrum, (2 * second, (first // 2 + 1) * frames))
    parts = [to.matmul(to.constant(stage), spectrum) for stage in (constants.real, constants.imaginary)]
    power = to.add(*(to.multiply(part, part) for part in parts))
    power = to.reshape(power, (2 * half * (first // 2 + 1), frames))
    mel = [to.matmul(to.constant(block.weights), to.part(power, -2, *block.rows)) for block in constants.mel]
    log_mel = to.log(to.maximum(to.concatenate(mel, -2), to.constant(np.ones((1, 1)))))
    if constants.clamp is not None:
        floor = to.subtract(to.largest(log_mel), to.constant(np.full((1, 1), constants.clamp)))
        log_mel = to.maximum(log_mel, floor)
    cepstrum = to.add(to.matmul(to.constant(constants.basis), log_mel), to.constant(constants.offset))
    return to.transpose(cepstrum, (1, 0))


def _first_stage(to: GraphWriter[Key], constants: GraphConstants) -> Value[Key]:
    """The first stage's matrices [shape=(N2, 2 K1, N1)], which would be half a megabyte, from their factors.

    ONNX Runtime works them out when it loads the file; in TFLite they take a fifteenth of the front end's time.
    """
    window = to.constant(constants.window)
    cosine = to.multiply(window, to.constant(constants.cosine))
    sine = to.multiply(window, to.constant(constants.sine))
    twiddle_cosine, twiddle_sine = to.constant(constants.twiddle_cosine), to.constant(constants.twiddle_sine)
    real = to.subtract(to.multiply(cosine, twiddle_cosine), to.multiply(sine, twiddle_sine))
    minus_imaginary = to.add(to.multiply(cosine, twiddle_sine), to.multiply(sine, twiddle_cosine))
    return to.concatenate((real, minus_imaginary), -2)


def _frames(to: GraphWriter[Key], constants: GraphConstants) -> Value[Key]:
    """Frame t is the hops t, t + 1, ... one behind the other: [shape=(N2, N1, frames)]."""
    config, (first, second) = constants.config, constants.factors
    frames, hop = config.window_frames, config.hop_length
    slices = -(-config.n_fft // hop)
    hops = frames + slices - 1
    before = config.n_fft // 2 if config.center else 0
    samples = to.padded_samples(before, hops * hop - before - config.window_samples)
    if first * second == slices * hop and hop % second == 0:  # the samples are rearranged before they multiply
        samples = to.transpose(to.reshape(samples, (hops, hop // second, second)), (2, 1, 0))
        return to.concatenate([to.part(samples, -1, start, start + frames) for start in range(slices)], -2)
    samples = to.transpose(to.reshape(samples, (hops, hop)), (1, 0))
    whole = to.concatenate([to.part(samples, -1, start, start + frames) for start in range(slices)], -2)
    cut = to.part(whole, -2, 0, config.n_fft) if config.n_fft < slices * hop else whole
    return to.transpose(to.reshape(cut, (first, second, frames)), (1, 0, 2))
