"""The epochs as graphs against Keras' own fit and evaluate."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from genrekit.toolkit.models import MODELS
from genrekit.toolkit.training.loop import Fitter

SHAPE = (40, 13)
RATE = 1e-3


def untrained(name):
    keras.utils.set_random_seed(5)
    model = MODELS[name].build(SHAPE, 3)
    model.compile(optimizer=keras.optimizers.Adam(RATE), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.fixture(scope="module")
def data():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 3, 75)
    features = generator.standard_normal((75, *SHAPE)) + labels[:, None, None]
    return features.astype(np.float32), labels


@pytest.mark.parametrize("name", MODELS)
def test_two_epochs_are_those_of_keras(name, data):
    """75 segments make two whole steps of 32 and one of 11; dropout, batch norm and L2 are in it."""
    features, labels = data
    targets = np.eye(3, dtype=np.float32)[labels]
    theirs = untrained(name)
    history = theirs.fit(features, labels, 32, epochs=2, shuffle=False, verbose=0, validation_data=(features, labels))
    ours = untrained(name)
    fitter = Fitter(ours, 32)
    for epoch in range(2):
        row = {}
        row["loss"], row["accuracy"] = fitter.epoch(features, targets, np.full(fitter.steps(75), RATE))
        row["val_loss"], row["val_accuracy"] = fitter.validate(features, targets)
        for key, values in history.history.items():
            assert row[key] == pytest.approx(values[epoch], abs=2e-4), key
    for first, second in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(first, second, atol=2e-4)


def test_each_step_has_its_own_rate(data):
    features, labels = data
    model = untrained("mlp")
    fitter = Fitter(model, 75)
    before = model.get_weights()
    fitter.epoch(features, np.eye(3, dtype=np.float32)[labels], np.array([0.0]))
    for first, second in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)
