"""Real factors as the whole numbers that int8 layers multiply by.

Sources: TFLite's quantization_util.cc and kernel_util.cc, whose roundings these are.
"""

from __future__ import annotations

import math

import numpy as np

from ...runtime.modelfile.tflite_tables import TensorTable

DIFFERENCE_BITS = 5  # whole bits of softmax's differences


def multiplier(factor: float) -> tuple[int, int]:
    """(m, shift) with `factor` close to ``m * 2 ** (shift - 31)`` and 2^30 <= m < 2^31; (0, 0) for next to none."""
    if factor == 0:
        return 0, 0
    fraction, shift = math.frexp(factor)
    # Half away from zero, as C's round.
    whole = math.floor(fraction * 2**31 + 0.5)
    if whole == 2**31:
        whole, shift = whole // 2, shift + 1
    return (whole, shift) if shift >= -31 else (0, 0)


def of_units(x: TensorTable, weights: TensorTable, y: TensorTable, units: int) -> tuple[np.ndarray, np.ndarray]:
    """Multipliers int32 and shifts int8 [shape=(units,)] from sums of products to the scale of `y`."""
    if len(weights.scales) == 1:  # their product is in float32 in GetQuantizedConvolutionMultipler
        product = float(np.float32(x.scales[0]) * np.float32(weights.scales[0]))
        pairs = [multiplier(product / y.scales[0])] * units
    else:
        pairs = [multiplier(x.scales[0] * scale / y.scales[0]) for scale in weights.scales]
    return np.array([pair[0] for pair in pairs], np.int32), np.array([pair[1] for pair in pairs], np.int8)


def clamp(y: TensorTable, least: float, most: float) -> tuple[int, int]:
    """The whole numbers of `y` that stand for `least` and `most`, within int8."""

    def whole(value: float) -> float:
        exact = value / y.scales[0]
        if math.isfinite(exact):  # half away from zero
            exact = math.copysign(math.floor(abs(exact) + 0.5), exact)
        return y.zero_points[0] + exact

    return int(max(-128, whole(least))), int(min(127, whole(most)))


def softmax(x: TensorTable, beta: float) -> tuple[int, int, int]:
    """Multiplier and shift of differences, and the least difference that still counts."""
    whole, shift = multiplier(min(beta * x.scales[0] * 2 ** (31 - DIFFERENCE_BITS), 2**31 - 1.0))
    radius = math.floor((2**DIFFERENCE_BITS - 1) * 2 ** (31 - DIFFERENCE_BITS) / 2**shift)
    return whole, shift, -radius


def of_mean(factor: float, cells: int) -> tuple[int, int]:
    """Multiplier and shift from the sum of `cells` numbers to their mean times `factor`."""
    whole, shift = multiplier(factor)
    power = min(cells.bit_length() - 1, 31 + shift)
    return (whole << power) // cells, shift - power
