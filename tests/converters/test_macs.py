import keras
import pytest

from genrekit.converters.macs import count_macs
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
