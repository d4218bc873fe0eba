"""A restated model predicts the same of scaled features."""

import keras
import numpy as np
import pytest
from keras import layers

from genrekit.converters.keras_graph.external_model import SavedModelLayer
from genrekit.converters.keras_graph.input_scaling import NOTE, balancing, for_normalised
from genrekit.converters.quantize.calibration import choose_calibration
from genrekit.converters.trained_model import ParityWindows, TrainedModel, in_double_precision
from genrekit.runtime import ModelDescription

from .conftest import LABELS, MODELS

SHAPE = (20, 6)
FIRST = {
    "dense of all": [layers.Flatten(), layers.Dense(5)],
    "dense of frames": [layers.Dense(5), layers.Flatten()],
    "lstm": [layers.LSTM(4)],
    "convolution": [layers.Reshape((*SHAPE, 1)), layers.Conv2D(3, (3, 2), activation="relu"), layers.Flatten()],
    "strides": [layers.Reshape((*SHAPE, 1)), layers.Conv2D(3, 3, strides=(3, 2)), layers.Flatten()],
    "dropout before": [layers.Dropout(0.5), layers.Flatten(), layers.Dense(3)],
}
LEFT_ALONE = {
    "padding": [layers.Reshape((*SHAPE, 1)), layers.Conv2D(3, 3, padding="same"), layers.Flatten()],
    "no bias": [layers.Flatten(), layers.Dense(5, use_bias=False)],
    "an activation first": [layers.Activation("tanh"), layers.Flatten(), layers.Dense(5)],
    "another shape": [layers.Reshape((10, 12, 1)), layers.Conv2D(3, 3), layers.Flatten()],
    "nothing to scale": [layers.Flatten()],
}


def raw_features(count, shape):
    """Of very different size, like MFCC."""
    generator = np.random.default_rng(3)
    return (generator.normal(size=(count, *shape)) * np.geomspace(90, 1, shape[1]) - 40).astype(np.float32)


def model_of(stages, shape=SHAPE):
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.Input(shape), *(type(stage).from_config(stage.get_config()) for stage in stages)])


@pytest.mark.parametrize("name", FIRST)
def test_the_first_layer_undoes_the_scaling(name):
    model, raw = model_of(FIRST[name]), raw_features(50, SHAPE)
    scaling = balancing(raw)
    restated = for_normalised(model, scaling)
    expected, found = model.predict(raw, verbose=0), restated.predict(scaling.apply(raw), verbose=0)
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_what_cannot_be_exact_is_left_alone(name):
    assert for_normalised(model_of(LEFT_ALONE[name]), balancing(raw_features(50, SHAPE))) is None


def test_a_graph_that_branches_is_left_alone():
    features = keras.Input(SHAPE)
    branches = [layers.Flatten()(layers.Dense(2)(features)) for _ in range(2)]
    model = keras.Model(features, layers.Concatenate()(branches))
    assert for_normalised(model, balancing(raw_features(50, SHAPE))) is None


def test_features_end_up_centred_and_closer_in_size():
    raw = raw_features(400, SHAPE)
    scaled = balancing(raw).apply(raw)
    assert np.abs(scaled.mean((0, 1))).max() < 0.5
    sizes = scaled.std((0, 1))
    assert sizes.max() / sizes.min() == pytest.approx(np.sqrt(90), rel=0.1)


@pytest.mark.parametrize("name", MODELS)
def test_raw_models_are_restated_where_it_serves(name):
    from genrekit.toolkit.models import MODELS as REGISTRY

    shape, count = (130, 13), 30
    raw, labels = raw_features(count, shape), np.arange(count) % len(LABELS)
    model = REGISTRY[name].build(shape, len(LABELS))
    reference = model.predict(raw, verbose=0)
    calibration = choose_calibration(raw, labels)
    source = TrainedModel(model, ModelDescription(name, LABELS), calibration, ParityWindows(raw, labels, reference))
    restated = source.prepared_for("int8")
    # A convolution would have more weights, which floats do not need.
    assert source.prepared_for("float32") is source.prepared_for("float16") is (source if name == "cnn" else restated)
    assert restated.description.notes == (NOTE,)
    assert restated.calibration.record() == calibration.record()
    np.testing.assert_array_equal(restated.description.normalization.apply(raw), restated.windows.features)
    np.testing.assert_allclose(restated.model.predict(restated.windows.features, verbose=0), reference, atol=1e-4)
    assert restated.prepared_for("int8") is restated


def test_the_reference_is_free_of_float32_rounding():
    model, raw = model_of([*FIRST["dense of all"][:1], layers.Dense(5, activation="softmax")]), raw_features(50, SHAPE)
    kernel, bias = (weight.astype(np.float64) for weight in model.get_weights())
    logits = raw.reshape(50, -1).astype(np.float64) @ kernel + bias
    expected = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(in_double_precision(model, raw), expected, rtol=1e-9, atol=1e-12)


def test_a_saved_model_answers_in_its_own_precision(tmp_path):
    model, raw = model_of(FIRST["dense of all"]), raw_features(50, SHAPE)
    model.export(tmp_path, format="tf_saved_model", verbose=False)
    saved = keras.Sequential([keras.Input(SHAPE), SavedModelLayer(folder=str(tmp_path), name="saved_model")])
    np.testing.assert_allclose(in_double_precision(saved, raw), model.predict(raw, verbose=0), rtol=1e-5)
