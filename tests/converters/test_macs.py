import keras
import pytest

from genrekit.converters.keras_graph.macs import count_macs, macs_notes
from genrekit.toolkit.models import MODELS

# Written out from the layer tables: (130, 13) features, 10 classes.
MLP = 1690 * 512 + 512 * 256 + 256 * 64 + 64 * 10
CNN = (128 * 11) * (3 * 3 * 32) + (62 * 4) * (3 * 3 * 32 * 32) + (30 * 1) * (2 * 2 * 32 * 32) + 480 * 64 + 64 * 10
LSTM = 130 * 4 * 64 * (13 + 64) + 130 * 4 * 64 * (64 + 64) + 64 * 64 + 64 * 10


@pytest.mark.parametrize(("name", "macs"), [("mlp", MLP), ("mlp-regularized", MLP), ("cnn", CNN), ("lstm", LSTM)])
def test_macs_of_the_four_models(name, macs):
    assert count_macs(MODELS[name].build((130, 13), 10)) == macs


def test_a_dense_layer_over_a_sequence_counts_each_frame():
    model = keras.Sequential([keras.Input((7, 3)), keras.layers.Dense(5)])
    assert count_macs(model) == 7 * 3 * 5


# For each kind: the layers behind an input of (20, 6) or (20, 6, 4), and its products written out.
KINDS = {
    "gru": ((20, 6), [keras.layers.GRU(5)], 20 * 3 * 5 * (6 + 5)),
    "simple rnn": ((20, 6), [keras.layers.SimpleRNN(5)], 20 * 5 * (6 + 5)),
    "convolution in groups": ((20, 6, 4), [keras.layers.Conv2D(8, 3, groups=2)], 18 * 4 * (3 * 3 * 2 * 8)),
    "depthwise": ((20, 6, 4), [keras.layers.DepthwiseConv2D(3, depth_multiplier=2)], 18 * 4 * (3 * 3 * 4 * 2)),
    "separable": ((20, 6), [keras.layers.SeparableConv1D(5, 3)], 18 * (3 * 6 + 6 * 5)),
    "transposed": ((20, 6, 4), [keras.layers.Conv2DTranspose(5, 3, strides=2)], 20 * 6 * (3 * 3 * 4 * 5)),
    "nothing to multiply": ((20, 6), [keras.layers.MaxPooling1D(2), keras.layers.Flatten(), keras.layers.ReLU()], 0),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_layer_is_counted(kind):
    shape, layers, macs = KINDS[kind]
    model = keras.Sequential([keras.Input(shape), *layers])
    assert count_macs(model) == macs
    assert macs_notes(model) == ()


class Homemade(keras.layers.Dense):
    """May do anything."""


def used_twice():
    features = keras.Input((20, 6))
    dense = keras.layers.Dense(6, name="again")
    return keras.Model(features, dense(dense(features)))


@pytest.mark.parametrize(
    ("model", "layer"),
    [
        (keras.Sequential([keras.Input((20, 6)), keras.layers.Bidirectional(keras.layers.LSTM(4))]), "Bidirectional"),
        (keras.Sequential([keras.Input((20, 6)), Homemade(4, name="mine")]), "mine (Homemade)"),
        (keras.Sequential([keras.Input((20, 6)), keras.Sequential([keras.layers.Dense(4)])]), "Sequential"),
        (used_twice(), "again (Dense)"),
    ],
)
def test_what_cannot_be_counted_is_none_and_named(model, layer):
    assert count_macs(model) is None
    (note,) = macs_notes(model)
    assert layer in note
    assert note.count("(") == 1
