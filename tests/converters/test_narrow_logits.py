"""A model with narrow logits predicts the same."""

import keras
import numpy as np
import pytest
from keras import layers

from genrekit.converters.quantize.gptq import input_of
from genrekit.converters.quantize.narrow_logits import with_narrow_logits

SHAPE = (20, 6)


@pytest.fixture(scope="module")
def features():
    return np.random.default_rng(3).normal(size=(60, *SHAPE)).astype(np.float32)


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
    narrow = input_of(restated, restated.layers[-1], features)
    inputs = input_of(model, model.layers[-1], features)
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
