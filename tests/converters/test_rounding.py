import keras
import numpy as np
import onnx
import pytest
from keras import layers
from tensorflow.lite.python import schema_py_generated as schema

from genrekit.converters.keras_graph.simplify import simplify
from genrekit.converters.onnx.layers import onnx_lstm_weights
from genrekit.converters.quantize import gptq as rounding
from genrekit.converters.quantize import weight_grids as grids
from genrekit.converters.quantize.gptq import rounded_copy
from genrekit.converters.quantize.narrow_logits import with_narrow_logits


def kernels(model):
    return [weight for layer in model.layers for weight in layer.get_weights() if weight.ndim > 1]


def cast_copy(model):
    """Every weight rounded by itself."""
    copy = simplify(model, None)
    copy.set_weights([weight.astype(np.float16) for weight in copy.get_weights()])
    return copy


@pytest.mark.parametrize("name", ["cnn", "lstm", pytest.param("mlp", marks=pytest.mark.slow)])
def test_kernels_become_float16(name, models, data):
    rounded = rounded_copy(models(name), data.known, grids.float16)
    for before, after in zip(kernels(simplify(models(name), None)), kernels(rounded), strict=True):
        np.testing.assert_array_equal(after, after.astype(np.float16))
        # Feedback moves a weight by a few roundings, not more.
        assert np.abs(after - before).max() < 8e-3 * np.abs(before).max()


@pytest.mark.parametrize(
    "name", ["cnn", pytest.param("mlp", marks=pytest.mark.slow), pytest.param("lstm", marks=pytest.mark.slow)]
)
def test_outputs_stay_closer_than_with_a_cast(name, models, data):
    model = models(name)
    expected = model.predict(data.unknown, verbose=0)
    fed_back, cast = (
        np.abs(copy.predict(data.unknown, verbose=0) - expected).mean()
        for copy in (rounded_copy(model, data.known, grids.float16), cast_copy(model))
    )
    assert fed_back < 0.75 * cast


def test_blocks_do_not_change_the_result(monkeypatch):
    model = keras.Sequential([keras.Input((9, 6, 2)), layers.Conv2D(8, 3), layers.Flatten(), layers.Dense(8)])
    features = np.random.default_rng(0).normal(size=(60, 9, 6, 2)).astype(np.float32)
    whole = rounded_copy(model, features, grids.tflite(per_channel=True))
    monkeypatch.setattr(rounding, "BLOCK_ROWS", 7)
    pieces = rounded_copy(model, features, grids.tflite(per_channel=True))
    for one, other in zip(kernels(whole), kernels(pieces), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("shape", [(6, 4), (9, 6, 2)])
def test_layers_without_bias_and_with_padding(shape):
    stages = [layers.Conv2D(5, 2, strides=2, padding="same", use_bias=False)] if len(shape) == 3 else []
    stages += [layers.Flatten(), layers.Dense(4, use_bias=False)]
    model = keras.Sequential([keras.Input(shape), *stages])
    features = np.random.default_rng(0).normal(size=(60, *shape)).astype(np.float32)
    rounded = rounded_copy(model, features, grids.float16)
    np.testing.assert_allclose(
        rounded.predict(features, verbose=0), model.predict(features, verbose=0), atol=2e-3, rtol=2e-3
    )


def test_silence_is_no_obstacle():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, use_bias=False)])
    rounded = rounded_copy(model, np.zeros((5, 4), np.float32), grids.float16)
    np.testing.assert_array_equal(rounded.get_weights()[0], model.get_weights()[0].astype(np.float16))


def stored_in_tflite(data):
    """The int8 kernels in a TFLite model as real numbers."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data))
    for tensor in model.subgraphs[0].tensors:
        stored = model.buffers[tensor.buffer].data
        if stored is not None and tensor.type == schema.TensorType.INT8 and len(tensor.shape) > 1:
            axis = [-1] + [1] * (len(tensor.shape) - 1)
            yield stored.view(np.int8).reshape(tensor.shape) * tensor.quantization.scale.reshape(axis)


def stored_in_onnx(data):
    """The quantised kernels in an ONNX model as real numbers."""
    arrays = {t.name: onnx.numpy_helper.to_array(t) for t in onnx.load_from_string(data).graph.initializer}
    for name, array in arrays.items():
        if name.endswith("_quantized") and array.ndim > 1:
            scale, zero_point = (arrays[name.removesuffix("quantized") + suffix] for suffix in ("scale", "zero_point"))
            axis = (-1, 1, 1, 1) if array.ndim == 4 else (-1,)
            yield (array.astype(float) - zero_point.reshape(axis)) * scale.reshape(axis)


def laid_out_for_tflite(layer):
    kernels = [weight for weight in layer.get_weights() if weight.ndim > 1]
    if isinstance(layer, layers.LSTM):
        return [gate.T for kernel in kernels for gate in np.split(kernel, 4, axis=1)]
    return [np.moveaxis(kernel, -1, 0) for kernel in kernels]


def laid_out_for_onnx(layer):
    if isinstance(layer, layers.LSTM):
        return [weight.transpose(0, 2, 1) for weight in onnx_lstm_weights(layer)[:2]]
    kernels = [weight for weight in layer.get_weights() if weight.ndim > 1]
    return [kernel if kernel.ndim == 2 else kernel.T for kernel in kernels]


def in_order(weights):
    """Dense rows sorted: behind a Flatten the two formats number them differently."""
    return np.sort(weights, axis=0) if weights.ndim == 2 else weights


def is_among(weights, candidates):
    """Whether `weights` equal one of `candidates`."""
    return any(
        candidate.shape == weights.shape
        and np.allclose(in_order(weights), in_order(candidate), rtol=0, atol=1e-5 * np.abs(weights).max())
        for candidate in candidates
    )


GRIDS = {
    ("tflite", "dynamic"): grids.tflite(True, grids.TFLITE_DYNAMIC_SMALLEST),
    ("tflite", "int8"): grids.tflite(True),
    ("onnx", "dynamic"): grids.onnx(True, grids.ONNX_DYNAMIC_SMALLEST),
    ("onnx", "int8"): grids.onnx(),
}
# Kernels that are quantised: dense, convolutions, and of an LSTM layer four and four in TFLite, two in ONNX.
STORED = {
    ("mlp", "tflite", "dynamic"): 3,  # the last is small and stays float32, in ONNX because it decides
    ("mlp", "tflite", "int8"): 4,
    ("mlp", "onnx", "dynamic"): 3,
    ("mlp", "onnx", "int8"): 3,
    ("cnn", "tflite", "dynamic"): 3,  # the first and the last are small
    ("cnn", "tflite", "int8"): 5,
    ("cnn", "onnx", "int8"): 4,
    ("lstm", "tflite", "dynamic"): 9,  # the first layer's gates are small
    ("lstm", "tflite", "int8"): 18,
    ("lstm", "onnx", "dynamic"): 4,  # the dense layers are small
}


# Enough for every grid and every kind of layer.
QUICK = {("cnn", "tflite", "int8"), ("cnn", "onnx", "int8"), ("mlp", "onnx", "dynamic"), ("lstm", "tflite", "dynamic"),
         ("lstm", "onnx", "dynamic")}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "file_format", "precision"),
    [pytest.param(*case, marks=[] if case in QUICK else [pytest.mark.slow]) for case in STORED],
)
def test_converters_store_what_was_rounded(name, file_format, precision, conversions, models, data):
    """The grids are those of the engines: quantising rounded weights moves none of them."""
    grid = (
        grids.onnx(False, grids.ONNX_DYNAMIC_SMALLEST)
        if (name, file_format) == ("lstm", "onnx")
        else GRIDS[file_format, precision]
    )
    restated = models(name)
    if (file_format, precision) == ("tflite", "int8"):
        restated = with_narrow_logits(restated, data.known)
    rounded = rounded_copy(restated, data.known, grid)
    lay_out, stored_in = {
        "tflite": (laid_out_for_tflite, stored_in_tflite),
        "onnx": (laid_out_for_onnx, stored_in_onnx),
    }[file_format]
    expected = [kernel for layer in rounded.layers for kernel in lay_out(layer)]
    found = list(stored_in(conversions(name, file_format, precision).data))
    assert len(found) == STORED[name, file_format, precision]
    assert all(is_among(weights, expected) for weights in found)
