"""The options of the commands that train: which front end makes the features."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Annotated

import typer

from ...runtime.errors import ParameterError
from ...runtime.mfcc import MfccConfig

FrontEnd = Annotated[
    str,
    typer.Option(
        metavar="NAME|FILE",
        help="Make features as for music (the paper's) or speech (16 kHz, windows of 1 s), or by a JSON file with the "
        "fields of MfccConfig that differ from the defaults. The options below change single fields of it; corpus "
        "check suggests what fits a corpus.",
    ),
]
SampleRate = Annotated[int | None, typer.Option(metavar="HZ", help="Read audio at so many samples a second.")]
Window = Annotated[float | None, typer.Option(metavar="SECONDS", help="Classify windows of this length.")]
NFft = Annotated[int | None, typer.Option(metavar="N", help="Make frames, and their FFT, of so many samples.")]
Hop = Annotated[int | None, typer.Option(metavar="N", help="Begin a frame every so many samples.")]
NMels = Annotated[int | None, typer.Option(metavar="N", help="Sum each frame's spectrum in so many mel bands.")]
NMfcc = Annotated[int | None, typer.Option(metavar="N", help="Keep so many coefficients of each frame.")]
TopDb = Annotated[
    str | None,
    typer.Option(metavar="DB|none", help="Raise what is further below a window's maximum to that; none leaves it."),
]


def chosen_front_end(context: typer.Context, models: Iterable[str]) -> MfccConfig:
    """The front end that a command's options mean, for these `models`.

    Raises:
        ParameterError: a value or their combination cannot work, or is too small for one of the models.
        MissingFileError, ModelFileError: the file cannot be read or used.
    """
    from ..corpus.front_ends import OPTIONS, front_end_named, require_workable
    from ..models import model_spec

    values = {field: context.params[option.strip("-").replace("-", "_")] for field, option in OPTIONS.items()}
    given = {field: value for field, value in values.items() if value is not None}
    if "top_db" in given:
        given["top_db"] = _decibels(given["top_db"])
    config = dataclasses.replace(front_end_named(context.params["front_end"]), **given)
    require_workable(config)
    for name in models:
        model_spec(name).require_fits(config)
    return config


def _decibels(text: str) -> float | None:
    if text == "none":
        return None
    try:
        return float(text)
    except ValueError:
        raise ParameterError(f"top-db={text}: expected decibels above 0, or none; correct the value") from None
