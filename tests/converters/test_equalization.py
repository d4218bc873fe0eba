"""Restated models predict the same, and their values need fewer steps."""

import keras
import numpy as np
import pytest
from keras import layers

from genrekit.converters.quantize.gptq import inputs_seen
from genrekit.converters.quantize.narrow_logits import with_narrow_logits
from genrekit.converters.quantize.smoothquant import equalized

SHAPE = (20, 6)
FRAMES = layers.Reshape((*SHAPE, 1))
SCALABLE = {
    "dense": [layers.Flatten(), layers.Dense(8, activation="relu"), layers.Dropout(0.5), layers.Dense(3)],
    "linear": [layers.Flatten(), layers.Dense(8), layers.Dense(3, use_bias=False)],
    "convolution": [FRAMES, layers.Conv2D(4, 3, activation="relu"), layers.MaxPooling2D(2), layers.Conv2D(3, 2)],
    "flattened": [FRAMES, layers.Conv2D(4, 3, activation="relu"), layers.Flatten(), layers.Dense(3)],
    "units in places": [
        FRAMES,
        layers.Conv2D(6, (3, 6), activation="relu"),
        layers.Reshape((18, 3, 2)),
        layers.Conv2D(3, 2),
    ],
    "before an lstm": [layers.Dense(4, activation="relu"), layers.LSTM(3)],
}
LEFT_ALONE = {
    "another activation": [layers.Flatten(), layers.Dense(8, activation="tanh"), layers.Dense(3)],
    "another layer between": [
        layers.Flatten(),
        layers.Dense(8, activation="relu"),
        layers.LayerNormalization(),
        layers.Dense(3),
    ],
    "an lstm before": [layers.LSTM(4), layers.Dense(3)],
    "units mixed": [FRAMES, layers.Conv2D(4, 3, activation="relu"), layers.Reshape((24, 12)), layers.Conv1D(3, 2)],
}


@pytest.fixture(scope="module")
def features():
    return np.random.default_rng(3).normal(size=(60, *SHAPE)).astype(np.float32)


def model_of(stages):
    """With units of very different size."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [keras.Input(SHAPE), *(type(stage).from_config(stage.get_config()) for stage in stages)], name="tiny"
    )
    for layer in model.layers:
        if isinstance(layer, (layers.Dense, layers.Conv2D)):
            kernel, *bias = layer.get_weights()
            layer.set_weights([kernel * np.geomspace(1, 100, kernel.shape[-1]), *bias])
    return model


@pytest.mark.parametrize("name", SCALABLE)
def test_rounding_costs_less_and_the_predictions_stay(name, features):
    model = model_of(SCALABLE[name])
    restated = equalized(model, features)
    expected, found = model.predict(features, verbose=0), restated.predict(features, verbose=0)
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())
    assert cost_of_rounding(restated, features) < 0.95 * cost_of_rounding(model, features)


def cost_of_rounding(model, features):
    """Bounds how far the last layer's outputs move when what it reads is rounded to steps of the largest value."""
    reader = [layer for layer in model.layers if layer.weights][-1]
    kernel = np.abs(reader.get_weights()[0])
    (values,) = inputs_seen(model, [reader], features)
    return np.abs(values).max() * kernel.max(axis=-1).sum()


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_where_factors_cannot_be_moved_the_weights_stay(name, features):
    model = model_of(LEFT_ALONE[name])
    for before, after in zip(model.get_weights(), equalized(model, features).get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_a_unit_that_is_never_used_is_left_alone(features):
    model = model_of(SCALABLE["dense"])
    kernel, bias = model.layers[1].get_weights()
    bias[0] = -1e6
    model.layers[1].set_weights([kernel, bias])
    assert all(np.isfinite(weight).all() for weight in equalized(model, features).get_weights())


def classifier(activation="softmax"):
    """Its logits rise and fall together."""
    keras.utils.set_random_seed(1)
    ends = [layers.Flatten(), layers.Dense(8, activation="relu"), layers.Dense(4, activation=activation)]
    model = keras.Sequential([keras.Input(SHAPE), *ends])
    kernel, bias = model.layers[-1].get_weights()
    common = np.random.default_rng(1).normal(size=(8, 1)) * 5
    model.layers[-1].set_weights([kernel + common, bias + np.float32([9, 8, 7, -60])])
    return model


def test_narrow_logits_leave_the_probabilities(features):
    model = classifier()
    restated = with_narrow_logits(model, features[:40])
    np.testing.assert_allclose(
        restated.predict(features, verbose=0), model.predict(features, verbose=0), rtol=0, atol=1e-5
    )


def test_narrow_logits_are_narrow(features):
    model = classifier()
    restated = with_narrow_logits(model, features[:40])
    assert restated.layers[-2].activation is keras.activations.relu
    (narrow,) = inputs_seen(restated, restated.layers[-1:], features)
    (inputs,) = inputs_seen(model, model.layers[-1:], features)
    kernel, bias = model.layers[-1].get_weights()
    assert np.ptp(narrow) < 0.5 * np.ptp(inputs @ kernel + bias)


@pytest.mark.parametrize("activation", ["linear", "sigmoid"])
def test_only_a_softmax_allows_narrow_logits(activation, features):
    model = classifier(activation)
    assert with_narrow_logits(model, features) is model


def test_logits_that_are_narrow_stay(features):
    model = classifier()
    model.layers[-1].set_weights([np.zeros((8, 4)), np.float32([0, 1, 2, 3])])
    assert with_narrow_logits(model, features) is model
