"""The choices of the command line are those that the modules behind it know."""

from __future__ import annotations

import pytest

from genrekit.converters.formats import PRECISIONS, TARGETS
from genrekit.runtime.engines import MEASURED
from genrekit.runtime.modelfile.description import INPUTS
from genrekit.toolkit.cli import options as choices
from genrekit.toolkit.models import MODELS
from genrekit.toolkit.training.recipes import ADDABLE, NAMES, OPTIONS


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        (choices.Model, MODELS),
        (choices.Models, [*MODELS, "all"]),
        (choices.Recipe, NAMES),
        (choices.EdgeOption, OPTIONS),
        (choices.AddableOption, ADDABLE),
        (choices.Format, PRECISIONS),
        (choices.Precision, PRECISIONS["tflite"]),
        (choices.Target, TARGETS),
        (choices.Engine, MEASURED),
        (choices.Input, INPUTS),
    ],
)
def test_choices_are_complete(choice, names):
    assert [member.value for member in choice] == list(names)
