"""The four architectures are those of the paper."""

from __future__ import annotations

import dataclasses
import re

import pytest

from genrekit.runtime import MfccConfig
from genrekit.runtime.errors import ParameterError
from genrekit.toolkit.models import MODELS, model_spec

PARAMETERS = {"mlp": 1_014_218, "mlp-regularized": 1_014_218, "cnn": 45_514, "lstm": 57_802}
LAYERS = {
    "mlp": "Flatten Dense Dense Dense Dense",
    "mlp-regularized": "Flatten Dense Dropout Dense Dropout Dense Dropout Dense",
    "cnn": "Reshape" + 3 * " Conv2D MaxPooling2D BatchNormalization" + " Flatten Dense Dropout Dense",
    "lstm": "LSTM LSTM Dense Dropout Dense",
}


@pytest.fixture(scope="module")
def built():
    return {name: spec.build((130, 13), 10) for name, spec in MODELS.items()}


@pytest.mark.parametrize("name", MODELS)
def test_parameters_are_the_papers(built, name):
    assert built[name].count_params() == PARAMETERS[name]


@pytest.mark.parametrize("name", MODELS)
def test_layers_are_the_papers(built, name):
    assert " ".join(type(layer).__name__ for layer in built[name].layers) == LAYERS[name]


@pytest.mark.parametrize("name", MODELS)
def test_ends_fit_one_window_and_the_classes(built, name):
    assert built[name].input_shape == (None, 130, 13)
    assert built[name].output_shape == (None, 10)


@pytest.mark.parametrize("name", MODELS)
def test_the_smallest_window_is_one_that_the_layers_take(name):
    frames, coefficients = MODELS[name].smallest
    assert MODELS[name].build((frames, coefficients), 3).output_shape == (None, 3)
    for shape in ((frames - 1, coefficients), (frames, coefficients - 1)):
        if 0 not in shape:
            with pytest.raises(ValueError, match=r"negative|Negative"):
                MODELS[name].build(shape, 3)


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize(("n_fft", "hop"), [(512, 256), (512, 160), (2048, 512), (400, 100)])
def test_the_window_that_is_named_is_the_shortest(center, n_fft, hop):
    config = MfccConfig(
        sample_rate=16000, n_fft=n_fft, hop_length=hop, n_mels=40, window_s=n_fft / 16000, center=center
    )
    with pytest.raises(ParameterError, match=r"gives \d frames: expected 11 .* cnn; .* at least") as raised:
        MODELS["cnn"].require_fits(config)
    seconds = float(re.search(r"at least ([\d.]+) s", str(raised.value)).group(1))
    MODELS["cnn"].require_fits(dataclasses.replace(config, window_s=seconds))
    with pytest.raises(ParameterError):
        MODELS["cnn"].require_fits(dataclasses.replace(config, window_s=seconds - 0.0011))
    for name in MODELS.keys() - {"cnn"}:
        MODELS[name].require_fits(config)


def test_the_cnn_flattens_to_480(built):
    flatten = next(layer for layer in built["cnn"].layers if type(layer).__name__ == "Flatten")
    assert flatten.output.shape == (None, 480)


def test_only_the_regularized_perceptron_is_penalised(built):
    penalties = {name: sum(bool(layer.losses) for layer in model.layers) for name, model in built.items()}
    assert penalties == {"mlp": 0, "mlp-regularized": 3, "cnn": 0, "lstm": 0}


def test_an_unknown_model_names_the_known_ones():
    with pytest.raises(ParameterError, match="mlp-regularized"):
        model_spec("transformer")
