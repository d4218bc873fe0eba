"""Layers in C of random geometries, against numpy: `python -m tests.c.random_layers LIBRARY INSTRUCTIONS COUNT`.

Run with a sanitizer's runtime in LD_PRELOAD and a library that was compiled with it. All arrays that C is given are as
large as genrekit.h says, so that the sanitizer sees what reaches beyond them, and ends this process.
"""

import ctypes
import sys

import numpy as np

PANEL = 16  # to whose multiples the units of a layer in float are filled up
INT, POINTER, FLOAT = ctypes.c_int32, ctypes.c_void_p, ctypes.c_float


class Geometry(ctypes.Structure):
    """genrekit_geometry."""

    _fields_ = [(name, INT) for name in (
        "height", "width", "channels", "kernel_height", "kernel_width", "stride_height", "stride_width", "pad_top",
        "pad_left", "out_height", "out_width")]  # fmt: skip


class Conv(ctypes.Structure):
    """genrekit_conv."""

    _fields_ = (("geometry", Geometry), ("units", INT), ("weights", POINTER), ("bias", POINTER), ("least", FLOAT),
                ("most", FLOAT))  # fmt: skip


class ConvInt8(ctypes.Structure):
    """genrekit_conv_int8."""

    _fields_ = (("geometry", Geometry), ("units", INT),
                *((name, POINTER) for name in ("weights", "bias", "multipliers", "shifts")),
                *((name, INT) for name in ("input_zero", "output_zero", "least", "most")))  # fmt: skip


class Layers:
    """A library, called with some instructions: 1, 2 or 3 as in genrekit.h."""

    def __init__(self, path, instructions):
        self._library, self.instructions, self._kept = ctypes.CDLL(path), instructions, []

    def call(self, name, *arguments):
        """Structs and arrays go by their addresses."""
        function = getattr(self._library, f"genrekit_{name}_run")
        function.restype = None
        given = [ctypes.byref(each) if isinstance(each, ctypes.Structure) else each for each in arguments]
        function(*(ctypes.c_void_p(self.address(each)) if isinstance(each, np.ndarray) else each for each in given))
        self._kept = []

    def address(self, array):
        """Of an array that is kept until the next call has ended."""
        self._kept.append(np.ascontiguousarray(array))
        return self._kept[-1].ctypes.data


def one_sided(size, kernel, stride, same):
    """(length of the output, padding before the input) along one side."""
    length = -(-size // stride) if same else (size - kernel) // stride + 1
    return length, max(0, (length - 1) * stride + kernel - size) // 2 if same else 0


def geometry_of(shape, kernel, strides, same):
    (height, top), (width, left) = (one_sided(*sizes, same) for sizes in zip(shape[:2], kernel, strides, strict=True))
    return Geometry(*shape, *kernel, *strides, top, left, height, width)


def windows(x, g):
    """(the cells under the kernel at every position, 0 beyond the input; whether they are within it)."""
    rows = np.arange(g.out_height)[:, None] * g.stride_height - g.pad_top + np.arange(g.kernel_height)
    columns = np.arange(g.out_width)[:, None] * g.stride_width - g.pad_left + np.arange(g.kernel_width)
    rows, columns = rows[:, None, :, None], columns[None, :, None, :]
    within = (rows >= 0) & (rows < g.height) & (columns >= 0) & (columns < g.width)
    cells = x[np.clip(rows, 0, g.height - 1), np.clip(columns, 0, g.width - 1)]
    return cells * within[..., None], within[..., None]


def convolved(x, g, weights, depthwise):
    cells, _ = windows(x, g)
    if not depthwise:
        return np.einsum("pqijc,uijc->pqu", cells, weights)
    each = weights.shape[-1] // g.channels
    return np.einsum("pqiju,iju->pqu", np.repeat(cells, each, axis=-1), weights)


def rescaled(sums, multipliers, shifts):
    """As gemmlowp defines it: the high half of the product, then a shift, both rounded."""
    products = (sums << np.maximum(shifts, 0)) * multipliers
    nudged = products + np.where(products >= 0, 2**30, 1 - 2**30)
    high = np.sign(nudged) * (np.abs(nudged) // 2**31)
    divisor = 2 ** np.maximum(-shifts, 0)
    return np.sign(high) * ((np.abs(high) + divisor // 2) // divisor)


def drawn_geometry(generator):
    height, width = generator.integers(1, 13, 2)
    channels = generator.choice([1, 2, 3, 8, 17])
    kernel = [int(generator.integers(1, min(size, 5) + 1)) for size in (height, width)]
    shape = int(height), int(width), int(channels)
    return geometry_of(shape, kernel, [int(s) for s in generator.integers(1, 4, 2)], bool(generator.integers(2)))


def check_float(layers, g, units, depthwise, generator):
    x = generator.normal(size=(g.height, g.width, g.channels)).astype(np.float32)
    kernel = g.kernel_height, g.kernel_width
    weights = generator.normal(size=(*kernel, units) if depthwise else (units, *kernel, g.channels)).astype(np.float32)
    bias, y = generator.normal(size=units).astype(np.float32), np.empty((g.out_height, g.out_width, units), np.float32)
    least, most = sorted(generator.normal(0, 3, 2).astype(np.float32).tolist())
    padded = -units % PANEL
    laid = weights if depthwise else np.pad(weights.reshape(units, -1).T, ((0, 0), (0, padded)))
    layer = Conv(g, units, layers.address(laid), layers.address(np.pad(bias, (0, padded))), least, most)
    if depthwise:
        layers.call("depthwise", layer, x, y)
    else:
        layers.call("conv", layer, layers.instructions, x, y)
    expected = np.clip(convolved(x, g, weights.astype(float), depthwise) + bias, least, most)
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-4)


def check_int8(layers, g, units, depthwise, generator):
    x = generator.integers(-128, 128, (g.height, g.width, g.channels), np.int8)
    kernel = g.kernel_height, g.kernel_width
    weights = generator.integers(-127, 128, (*kernel, units) if depthwise else (units, *kernel, g.channels), np.int8)
    bias, y = generator.integers(-5000, 5000, units, np.int32), np.empty((g.out_height, g.out_width, units), np.int8)
    multipliers = generator.integers(2**30, 2**31, units, np.int32)
    shifts = generator.integers(-12, 2, units, np.int8)
    input_zero, output_zero = generator.integers(-128, 128, 2).tolist()
    least, most = sorted(generator.integers(-128, 128, 2).tolist())
    layer = ConvInt8(g, units, layers.address(weights), layers.address(bias), layers.address(multipliers),
                     layers.address(shifts), input_zero, output_zero, least, most)  # fmt: skip
    if depthwise:
        layers.call("depthwise_int8", layer, x, y)
    else:
        layers.call("conv_int8", layer, x, np.empty(weights[0].size, np.int16), y)
    sums = convolved(x.astype(np.int64) - input_zero, g, weights.astype(np.int64), depthwise) + bias
    expected = rescaled(sums, multipliers.astype(np.int64), shifts.astype(np.int64)) + output_zero
    np.testing.assert_array_equal(y, np.clip(expected, least, most))


def check_pools(layers, g, generator):
    x = generator.integers(-128, 128, (g.height, g.width, g.channels))
    cells, within = windows(x, g)
    largest = np.where(within, cells, -999).max((2, 3))
    sums, counts = cells.sum((2, 3)), within.sum((2, 3))
    means = np.sign(sums) * ((np.abs(sums) + counts // 2) // counts)
    cases = [("max_pool", np.float32, largest), ("average_pool", np.float32, sums / counts)]
    cases += [("max_pool_int8", np.int8, largest), ("average_pool_int8", np.int8, means)]
    for name, dtype, expected in cases:
        y = np.empty((g.out_height, g.out_width, g.channels), dtype)
        layers.call(name, g, x.astype(dtype), y)
        np.testing.assert_allclose(y, expected, rtol=0, atol=1e-4 if dtype is np.float32 else 0)


def main(library, instructions, count):
    """Raises AssertionError at the first geometry that is computed otherwise."""
    layers = Layers(library, int(instructions))
    for seed in range(int(count)):
        generator = np.random.default_rng(seed)
        g = drawn_geometry(generator)
        print(seed, [getattr(g, name) for name, _ in Geometry._fields_], flush=True)
        for check in (check_float, check_int8):
            check(layers, g, int(generator.choice([1, 3, 4, 16, 21, 32, 37, 300])), False, generator)
            check(layers, g, g.channels * int(generator.integers(1, 4)), True, generator)
        check_pools(layers, g, generator)


if __name__ == "__main__":
    main(*sys.argv[1:])
