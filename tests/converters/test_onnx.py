import keras
import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf
from keras import layers

from genrekit.converters.formats import PRECISIONS
from genrekit.converters.onnx.convert import convert_onnx
from genrekit.converters.verify.parity import check, compare
from genrekit.runtime.errors import ParameterError, UnsupportedModelError

from .conftest import MODELS

CASES = [(model, precision) for model in MODELS for precision in PRECISIONS["onnx"]]
DENSE = {"Reshape": 1, "Gemm": 4, "Relu": 3, "Softmax": 1}
FLOAT32_OPS = {
    "mlp": DENSE,
    "mlp-regularized": DENSE,
    "cnn": {"Reshape": 2, "Transpose": 1, "Conv": 3, "MaxPool": 3, "Gemm": 2, "Relu": 4, "Softmax": 1},
    "lstm": {"Transpose": 1, "LSTM": 2, "Squeeze": 2, "Gemm": 2, "Relu": 1, "Softmax": 1},
}
NEVER = {"Shape", "Gather", "Slice", "Loop", "Scan", "Identity", "BatchNormalization", "ConvInteger", "Cast"}


@pytest.mark.parametrize("name", MODELS)
def test_the_float_graph_is_as_small_as_the_model(name, conversions, ops):
    assert ops(conversions(name, "onnx", "float32").data, "onnx") == FLOAT32_OPS[name]


@pytest.mark.parametrize(("name", "precision"), CASES)
def test_no_precision_adds_what_the_model_does_not_need(name, precision, conversions, ops):
    # A dynamic product of whole numbers ends in a cast.
    dynamic = precision == "dynamic" or name == "lstm"
    found = set(ops(conversions(name, "onnx", precision).data, "onnx"))
    assert not found & (NEVER - {"Cast"} if dynamic else NEVER)


@pytest.mark.parametrize(("name", "precision"), CASES)
def test_the_file_agrees_with_keras(name, precision, conversions, models, data, run):
    probabilities = run(conversions(name, "onnx", precision).data, "onnx", data.unknown)
    check(compare(models(name).predict(data.unknown, verbose=0), probabilities, data.unknown_labels), precision)


@pytest.mark.parametrize("precision", ["dynamic", "int8"])
def test_an_lstm_is_quantised_at_run_time(precision, conversions, ops):
    conversion = conversions("lstm", "onnx", precision)
    assert ops(conversion.data, "onnx")["DynamicQuantizeLSTM"] == 2
    assert bool(conversion.notes) == (precision == "int8")


def test_a_convolution_is_never_quantised_at_run_time(conversions, ops):
    dynamic, calibrated = (conversions("cnn", "onnx", precision) for precision in ("dynamic", "int8"))
    assert dynamic.data == calibrated.data
    assert ops(calibrated.data, "onnx")["QuantizeLinear"] > 3
    assert "made with calibrated ranges" in dynamic.notes[0]
    assert not calibrated.notes


@pytest.mark.parametrize("name", MODELS)
def test_quantised_files_are_smaller(name, conversions):
    sizes = {precision: len(conversions(name, "onnx", precision).data) for precision in PRECISIONS["onnx"]}
    assert sizes["dynamic"] < 0.55 * sizes["float32"]
    assert sizes["int8"] < 0.35 * sizes["float32"]


@pytest.mark.parametrize(("name", "precision"), CASES)
def test_ends_stay_float32(name, precision, conversions):
    session = onnxruntime.InferenceSession(conversions(name, "onnx", precision).data)
    (features,), (probabilities,) = session.get_inputs(), session.get_outputs()
    assert (features.name, features.shape, features.type) == ("features", [1, 130, 13], "tensor(float)")
    assert (probabilities.name, probabilities.shape) == ("probabilities", [1, 10])
    assert probabilities.type == "tensor(float)"


@pytest.mark.parametrize(("name", "precision"), [(name, "float32") for name in MODELS] + [("cnn", "int8")])
def test_an_open_batch_takes_any_number_of_windows(name, precision, models, data):
    session = onnxruntime.InferenceSession(convert_onnx(models(name), precision, data.known, batch=None).data)
    assert session.get_inputs()[0].shape == ["batch", 130, 13]
    for count in (1, 7):
        (found,) = session.run(None, {"features": data.unknown[:count]})
        expected = models(name).predict(data.unknown[:count], verbose=0)
        np.testing.assert_allclose(found, expected, atol=1e-5 if precision == "float32" else 0.3)


def test_calibrated_weights_fit_processors_without_vnni(conversions):
    """Two products of an unsigned and a signed byte must fit 16 bits: 2 * 255 * 64 < 2 ** 15."""
    model = onnx.load_from_string(conversions("mlp", "onnx", "int8").data)
    quantised = [onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer]
    kernels = [array for array in quantised if array.dtype == np.int8 and array.ndim == 2]
    assert len(kernels) == 3
    assert max(np.abs(kernel.astype(int)).max() for kernel in kernels) == 64


SMALL = {
    "dense over frames": [layers.Dense(4, activation="tanh"), layers.Dense(2, use_bias=False), layers.Flatten()],
    "padding, strides, dilation": [
        layers.Reshape((9, 6, 1)),
        layers.Conv2D(3, 3, strides=2, padding="same", activation="relu"),
        layers.Conv2D(2, 2, dilation_rate=2, use_bias=False),
        layers.Flatten(),
    ],
    "padded pooling": [
        layers.Reshape((9, 6, 1)),
        layers.Conv2D(4, (4, 2), padding="same", activation="sigmoid"),
        layers.MaxPooling2D((2, 3), strides=(3, 2), padding="same"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
    ],
    "convolution over channels": [layers.Reshape((9, 3, 2)), layers.Conv2D(4, 2), layers.Flatten()],
    "groups": [layers.Reshape((9, 3, 2)), layers.Conv2D(4, 2, groups=2, padding="same"), layers.Flatten()],
    "batch norm that stays": [
        layers.Reshape((9, 6, 1)),
        layers.Conv2D(4, 2, activation="relu"),
        layers.BatchNormalization(),
        layers.MaxPooling2D(2),
        layers.Flatten(),
    ],
    "batch norm of flat features": [layers.Flatten(), layers.Dense(5), layers.BatchNormalization()],
    "softmax after flattened channels": [
        layers.Reshape((9, 6, 1)),
        layers.Conv2D(3, 2),
        layers.Flatten(),
        layers.Activation("softmax"),
    ],
    "softmax over channels": [layers.Reshape((9, 6, 1)), layers.Conv2D(3, 2, activation="softmax"), layers.Flatten()],
    "reshape after convolution": [
        layers.Reshape((9, 6, 1)),
        layers.Conv2D(2, 2),
        layers.Reshape((8, -1)),
        layers.LSTM(3),
    ],
    "lstm sequences flattened": [layers.LSTM(3, return_sequences=True), layers.Flatten(), layers.Dense(2)],
    "lstm without bias": [layers.LSTM(3, use_bias=False)],
    "other activations": [layers.Dense(3, activation=name) for name in ("elu", "selu", "softplus", "linear")]
    + [layers.Flatten()],
    "nothing but dropout first": [layers.Dropout(0.5), layers.Flatten(), layers.Dense(3), layers.Dropout(0.5)],
}


@pytest.mark.parametrize("batch", [1, None])
@pytest.mark.parametrize("stages", SMALL.values(), ids=SMALL)
def test_each_layer_is_said_right(stages, batch):
    generator = np.random.default_rng(0)
    model = keras.Sequential([keras.Input((9, 6)), *(layer.from_config(layer.get_config()) for layer in stages)])
    model.set_weights([generator.uniform(0.1, 1, w.shape) - (w.ndim > 1) * 0.5 for w in model.weights])
    features = generator.normal(size=(3, 9, 6)).astype(np.float32)
    session = onnxruntime.InferenceSession(convert_onnx(model, "float32", batch=batch).data)
    batches = [features] if batch is None else features[:, np.newaxis]
    found = np.concatenate([session.run(None, {"features": windows})[0] for windows in batches])
    np.testing.assert_allclose(found, model.predict(features, verbose=0), atol=1e-5, rtol=1e-5)


def branching():
    features = keras.Input((9, 6))
    dense = layers.Dense(3)
    return keras.Model(features, dense(layers.Dense(3)(dense(layers.Dense(3)(layers.Dense(6)(features))))))


TRACED = {
    "gru": [layers.GRU(3)],
    "an uncommon activation": [layers.Dense(3, activation="exponential"), layers.Flatten()],
    "an lstm that goes backwards": [layers.LSTM(3, go_backwards=True)],
    "convolution over time": [layers.Conv1D(4, 3, padding="same", activation="relu"), layers.GlobalAveragePooling1D()],
}


@pytest.mark.parametrize("batch", [1, None])
@pytest.mark.parametrize("name", TRACED)
def test_layers_that_are_not_restated_are_traced(name, batch):
    stages = [type(layer).from_config(layer.get_config()) for layer in TRACED[name]]
    model = keras.Sequential([keras.Input((9, 6)), *stages])
    features = np.random.default_rng(4).normal(size=(3, 9, 6)).astype(np.float32)
    first, again = (convert_onnx(model, "float32", batch=batch).data for _ in range(2))
    loops = any(isinstance(layer, layers.RNN) for layer in stages)
    assert first == again or loops  # tf2onnx orders what stands in a loop by chance
    session = onnxruntime.InferenceSession(first)
    found = np.concatenate([session.run(["probabilities"], {"features": window[np.newaxis]})[0] for window in features])
    np.testing.assert_allclose(found, model.predict(features, verbose=0), atol=1e-5, rtol=1e-5)


class Bessel(layers.Layer):
    def call(self, inputs):
        return tf.math.bessel_i0e(inputs)


def test_what_onnx_has_not_is_named():
    model = keras.Sequential([keras.Input((9, 6)), Bessel(name="odd"), layers.Flatten()])
    with pytest.raises(UnsupportedModelError, match=r"layer odd: .* received Bessel"):
        convert_onnx(model, "float32")


def test_a_layer_that_keeps_tensors_beside_its_weights_is_named():
    kept = layers.Normalization(mean=0.5, variance=2.0, name="kept")
    model = keras.Sequential([keras.Input((9, 6)), kept, layers.Flatten(), layers.Dense(3)])
    with pytest.raises(UnsupportedModelError, match=r"layer kept: .* received Normalization.*fed as inputs"):
        convert_onnx(model, "float32")


def test_float16_is_refused_with_the_reason(models):
    with pytest.raises(UnsupportedModelError, match="no float16 kernels for the CPU"):
        convert_onnx(models("mlp"), "float16")


def test_int8_needs_calibration(models):
    with pytest.raises(ParameterError, match="expected features of the training subset"):
        convert_onnx(models("mlp"), "int8")


def test_dynamic_does_without(models, data, run):
    found = run(convert_onnx(models("mlp"), "dynamic").data, "onnx", data.unknown)
    assert compare(models("mlp").predict(data.unknown, verbose=0), found, data.unknown_labels).top1_agreement > 0.97
