"""Recipes: the paper's letter, and options that can be switched off."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from genrekit.runtime.errors import ParameterError
from genrekit.toolkit.models import MODELS
from genrekit.toolkit.training.recipes import ADDABLE, OPTIONS, PAPER, recipe, recipes, uses


def test_paper_is_the_papers_letter():
    off = {"normalization", "schedule", "best_epoch", "label_smoothing", "mixup", "masked_frames"}
    off |= {"masked_coefficients", "time_shift", "timbre", "balance", "min_steps", "without", "added", "rooms"}
    assert (PAPER.learning_rate, PAPER.batch_size, PAPER.epochs, PAPER.shifts) == (1e-4, 32, 50, 1)
    assert not any(getattr(PAPER, name) for name in off)
    assert all(recipe("paper", model) == PAPER for model in MODELS)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_that_is_off_is_the_papers(model, option):
    whole, reduced = recipe("edge", model), recipe("edge", model, without=[option])
    for field in dataclasses.fields(whole):
        source = PAPER if field.name in OPTIONS[option] else whole
        if field.name != "without":
            assert getattr(reduced, field.name) == getattr(source, field.name)
    assert reduced.without == (option,)
    assert reduced.title == f"edge without {option}"


def test_the_order_of_options_does_not_matter():
    assert recipe("edge", "cnn", without=["mixup", "schedule"]) == recipe("edge", "cnn", without=["schedule", "mixup"])


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("option", ADDABLE)
def test_an_option_is_switched_on_where_the_architecture_has_it_off(model, option):
    whole, changed = recipe("edge", model), recipe("edge", model, adding=[option])
    on = recipe("edge", "cnn")
    assert all(getattr(changed, setting) == getattr(on, setting) for setting in OPTIONS[option])
    if uses(whole, option):
        assert changed == whole
    else:
        assert changed.title == f"edge with {option}"
        assert recipe("edge", model, without=["mixup"], adding=[option]).title == f"edge with {option} without mixup"


def test_every_setting_of_edge_can_be_switched_off():
    differing = {
        field.name
        for model in MODELS
        for field in dataclasses.fields(PAPER)
        if getattr(recipe("edge", model), field.name) != getattr(PAPER, field.name)
    }
    options = {setting for settings in OPTIONS.values() for setting in settings}
    assert differing - options <= {"name", "learning_rate", "batch_size", "epochs", "min_steps", "batch_norm_momentum"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("fast", "mlp"), "recipe=fast: expected one of paper, edge"),
        (("edge", "mlp", 0), "epochs=0"),
        (("edge", "mlp", None, ["dropout"]), "without=dropout: expected one of normalization, schedule"),
        (("paper", "mlp", None, ["mixup"]), "without=mixup: the recipe paper has no options"),
        (("paper", "mlp", None, [], ["room"]), "with=room: the recipe paper has no options"),
        (("edge", "mlp", None, [], ["mixup"]), "with=mixup: expected one of room"),
        (("edge", "mlp", None, ["room"], ["room"]), "with=room: expected no option that is switched off"),
    ],
)
def test_what_does_not_exist_is_refused(arguments, words):
    with pytest.raises(ParameterError, match=words):
        recipe(*arguments)


def test_all_stands_for_every_model():
    assert list(recipes("edge", "all")) == list(MODELS)
    with pytest.raises(ParameterError, match="model=transformer"):
        recipes("edge", "transformer")


def test_a_scheduled_rate_rises_and_falls_once_over_the_whole_training():
    edge = dataclasses.replace(recipe("edge", "mlp", epochs=20), schedule=True, learning_rate=2e-3)
    rates = np.concatenate([edge.rates(epoch, 7) for epoch in range(20)])
    assert rates.max() == pytest.approx(2e-3, rel=1e-3)
    assert rates.argmax() in (13, 14)
    assert (np.diff(rates[:14]) > 0).all()
    assert (np.diff(rates[14:]) < 0).all()
    assert 0 < rates[-1] < 2e-6
    assert (PAPER.rates(3, 7) == 1e-4).all()
