import keras
import numpy as np
import pytest
from keras import layers

from genrekit.converters.keras_graph.simplify import Passthrough, chain, simplify
from genrekit.runtime.errors import UnsupportedModelError


def randomised(model):
    """`model` with weights that are all different, moving variances positive."""
    generator = np.random.default_rng(0)
    model.set_weights([generator.uniform(0.1, 1.0, weight.shape) - 0.3 * (weight.ndim > 1) for weight in model.weights])
    return model


def kinds(model):
    return [type(layer).__name__ for layer in chain(model) if not isinstance(layer, Passthrough)]


def assert_same_predictions(model, simplified):
    features = np.random.default_rng(1).normal(size=(5, *model.input_shape[1:])).astype(np.float32)
    expected = model.predict(features, verbose=0)
    # Sums are taken in another order.
    np.testing.assert_allclose(simplified.predict(features, verbose=0), expected, rtol=2e-5, atol=1e-5)


def stack(*stages, shape=(9, 7, 2)):
    return randomised(keras.Sequential([keras.Input(shape), *stages]))


FOLDED = {
    "into a convolution": [layers.BatchNormalization, lambda: layers.Conv2D(3, 2)],
    "into a convolution without bias": [layers.BatchNormalization, lambda: layers.Conv2D(3, 2, use_bias=False)],
    "into a dense layer": [layers.BatchNormalization, lambda: layers.Dense(3)],
    "through flatten and dropout": [
        layers.BatchNormalization,
        lambda: layers.Dropout(0.5),
        layers.Flatten,
        lambda: layers.Dense(3),
    ],
    "without scale and shift": [
        lambda: layers.BatchNormalization(center=False, scale=False),
        lambda: layers.Dense(3),
    ],
}
KEPT = {
    "before padding": [layers.BatchNormalization, lambda: layers.Conv2D(3, 2, padding="same")],
    "before pooling": [layers.BatchNormalization, layers.MaxPooling2D, lambda: layers.Dense(3)],
    "at the end": [lambda: layers.Dense(3), layers.BatchNormalization],
    "over another axis": [lambda: layers.BatchNormalization(axis=1), lambda: layers.Dense(3)],
}


@pytest.mark.parametrize("stages", FOLDED.values(), ids=FOLDED)
def test_batch_norm_is_folded_where_that_is_exact(stages):
    model = stack(*(make() for make in stages))
    simplified = simplify(model, None)
    assert "BatchNormalization" not in kinds(simplified)
    assert_same_predictions(model, simplified)


@pytest.mark.parametrize("stages", KEPT.values(), ids=KEPT)
def test_batch_norm_stays_where_folding_would_not_be_exact(stages):
    model = stack(*(make() for make in stages))
    simplified = simplify(model, None)
    assert "BatchNormalization" in kinds(simplified)
    assert_same_predictions(model, simplified)


def test_a_model_read_from_a_file_is_folded_too(models, tmp_path):
    models("cnn").save(tmp_path / "cnn.keras")
    loaded = keras.saving.load_model(tmp_path / "cnn.keras")
    simplified = simplify(loaded, None)
    assert not {"BatchNormalization", "Dropout"} & set(kinds(simplified))
    assert_same_predictions(loaded, simplified)


def test_a_functional_chain_is_folded():
    features = keras.Input((6, 4))
    model = randomised(keras.Model(features, layers.Dense(3)(layers.BatchNormalization()(features))))
    simplified = simplify(model, None)
    assert "BatchNormalization" not in kinds(simplified)
    assert_same_predictions(model, simplified)


def test_a_batch_norm_that_two_layers_read_stays():
    features = keras.Input((6, 4))
    normed = layers.BatchNormalization()(features)
    model = randomised(keras.Model(features, layers.Add()([layers.Dense(3)(normed), layers.Dense(3)(normed)])))
    simplified = simplify(model, None)
    assert chain(simplified) is None
    assert any(isinstance(layer, layers.BatchNormalization) for layer in simplified.layers)
    assert_same_predictions(model, simplified)


def test_the_original_is_left_alone(models):
    model = models("cnn")
    before = [weight.copy() for weight in model.get_weights()]
    names = [layer.name for layer in model.layers]
    simplify(model, None)
    assert [layer.name for layer in model.layers] == names
    assert all(np.array_equal(old, new) for old, new in zip(before, model.get_weights(), strict=True))


def test_the_batch_can_be_fixed(models):
    assert simplify(models("mlp"), 1).input_shape == (1, 130, 13)
    assert simplify(models("mlp"), None).input_shape == (None, 130, 13)


def subclassed():
    class Own(keras.Model):
        def call(self, inputs):
            return inputs

    model = Own()
    model(np.zeros((1, 3), np.float32))
    return model


def nested():
    return keras.Sequential([keras.Input((4,)), keras.Sequential([layers.Dense(2)], name="inner")])


def two_inputs():
    inputs = [keras.Input((4,)), keras.Input((4,))]
    return keras.Model(inputs, layers.Add()(inputs))


def not_finite():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2, name="broken")])
    model.set_weights([np.full((4, 2), np.nan), np.zeros(2)])
    return model


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (subclassed, "received a Own"),
        (nested, "layer inner: expected a plain layer"),
        (two_inputs, "received 2 and 1"),
        (not_finite, "layer broken: expected finite weights"),
    ],
)
def test_what_cannot_be_restated_is_refused(make, message):
    with pytest.raises(UnsupportedModelError, match=message):
        simplify(make(), None)
