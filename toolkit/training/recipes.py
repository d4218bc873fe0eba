"""How a model is trained, as plain values."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import TypedDict

import numpy as np

from ...runtime.errors import ParameterError
from ..models import MODELS, model_spec

WARM_UP = 0.1  # fraction of all steps in which a scheduled learning rate rises


@dataclasses.dataclass(frozen=True)
class Recipe:
    """The settings of one training.

    Attributes:
        name: what users call it.
        learning_rate: Adam's; the largest where it follows a schedule.
        batch_size: segments a step.
        epochs: at most.
        min_steps: the fewest steps of an epoch: one over a corpus too small for them goes through it more than once, so
            that the weights settle on it too; 0: no such bound.
        normalization: how far the MFCC coefficients are brought to one standard deviation, after their means over the
            training subset are taken off: 1 divides each by its own, 0 all by the same (the root of the mean of their
            squares), 0.5 by the geometric mean of the two; None: raw MFCC.
        schedule: whether the learning rate rises over the first tenth of the steps and falls to 0 along a half cosine
            over the others.
        best_epoch: whether the weights of the epoch with the lowest validation loss are kept, instead of the last.
        batch_norm_momentum: how much of the moving statistics a step keeps. Keras' 0.99 lags behind the weights for
            hundreds of steps, which a small corpus does not have.
        label_smoothing: fraction of the targets' probability that goes to all classes alike.
        mixup: alpha of the Beta distribution by which windows are mixed; 0: none.
        masked_frames: the longest run of frames that is hidden from a step, as a fraction of the window; 0: none.
        masked_coefficients: the same of coefficients, as a number; 0: none.
        time_shift: how far the frames of a window are moved at most, as a fraction of it, which also serves clips that
            are no longer than a window; 0: none.
        timbre: standard deviation of the constant that is added to each coefficient of a window; 0: none.
        shifts: windows that each segment's is drawn from, each starting 1/shifts of a window later; 1: its own.
        rooms: in how many other rooms each segment is heard, through small loudspeakers and with noise; every other
            window of an epoch is one of these; 0: none.
        balance: whether an epoch holds as many segments of each class.
        without: options that were switched off.
        added: options that were switched on, where the architecture has them off.
    """

    name: str
    learning_rate: float
    batch_size: int = 32
    epochs: int = 50
    min_steps: int = 0
    normalization: float | None = None
    schedule: bool = False
    best_epoch: bool = False
    batch_norm_momentum: float = 0.99
    label_smoothing: float = 0.0
    mixup: float = 0.0
    masked_frames: float = 0.0
    masked_coefficients: int = 0
    time_shift: float = 0.0
    timbre: float = 0.0
    shifts: int = 1
    rooms: int = 0
    balance: bool = False
    without: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    def windows(self, segments: int) -> int:
        """How many windows an epoch learns from where there are so many segments."""
        return max(segments, self.min_steps * self.batch_size)

    def rates(self, epoch: int, steps: int) -> np.ndarray:
        """The learning rate of each of the `steps` steps of an epoch, counted from 0. [shape=(steps,)]"""
        if not self.schedule:
            return np.full(steps, self.learning_rate)
        done = (epoch * steps + np.arange(steps)) / (self.epochs * steps)
        rise = np.minimum(1, (done + 1 / (self.epochs * steps)) / WARM_UP)
        fall = 0.5 * (1 + np.cos(np.pi * np.clip((done - WARM_UP) / (1 - WARM_UP), 0, 1)))
        return self.learning_rate * rise * fall

    @property
    def title(self) -> str:
        """The name with the options that are on or off: ``edge with room without mixup, masking``."""
        words = (("with", self.added), ("without", self.without))
        return " ".join([self.name, *(f"{word} {', '.join(options)}" for word, options in words if options)])


# To the paper's letter.
PAPER = Recipe("paper", 1e-4)

ROOMS = 2
# For tracks that are not in the corpus, in a fraction of the time.
_EDGE = Recipe(
    "edge",
    1e-3,
    min_steps=20,
    normalization=0.5,
    schedule=True,
    best_epoch=True,
    batch_norm_momentum=0.9,
    label_smoothing=0.1,
    mixup=0.2,
    time_shift=0.2,
    timbre=0.3,
    shifts=4,
    balance=True,
)
EDGE = {
    "mlp": dataclasses.replace(_EDGE, learning_rate=3e-4),
    "mlp-regularized": _EDGE,
    "cnn": dataclasses.replace(_EDGE, learning_rate=3e-3, masked_frames=20 / 130, masked_coefficients=1, rooms=ROOMS),
    # One scale for all coefficients: raw MFCC would learn better still, but keep no float16 file within its bounds.
    "lstm": dataclasses.replace(
        _EDGE,
        learning_rate=3e-3,
        batch_size=64,
        normalization=0.0,
        timbre=0.0,
        masked_frames=20 / 130,
        masked_coefficients=1,
    ),
}

# Options of edge, and the settings that are the paper's again where one is off.
OPTIONS = {
    "normalization": ("normalization",),
    "schedule": ("schedule",),
    "best-weights": ("best_epoch",),
    "label-smoothing": ("label_smoothing",),
    "mixup": ("mixup",),
    "masking": ("masked_frames", "masked_coefficients"),
    "time-shift": ("time_shift",),
    "timbre": ("timbre",),
    "offsets": ("shifts",),
    "room": ("rooms",),
    "balancing": ("balance",),
}

# Those that some architectures have off, since clean audio suffers there, and a recipe that has them on.
ADDABLE = ("room",)
_WITH_THEM = dataclasses.replace(PAPER, rooms=ROOMS)

NAMES = (PAPER.name, _EDGE.name)


def recipe(
    name: str, model: str, epochs: int | None = None, without: Sequence[str] = (), adding: Sequence[str] = ()
) -> Recipe:
    """The recipe `name` for `model`.

    Args:
        name: one of `NAMES`.
        model: one of `models.MODELS`.
        epochs: instead of the recipe's own.
        without: options of edge to switch off, from `OPTIONS`; their order does not matter.
        adding: options of edge to switch on, from `ADDABLE`; those that are on stay so.

    Raises:
        ParameterError: no such recipe or option, an option where there is none, or `epochs` below 1.
    """
    if name not in NAMES:
        raise ParameterError(f"recipe={name}: expected one of {', '.join(NAMES)}")
    if epochs is not None and epochs < 1:
        raise ParameterError(f"epochs={epochs}: expected at least 1")
    for word, options, known in (("without", without, OPTIONS), ("with", adding, ADDABLE)):
        if options and name == PAPER.name:
            raise ParameterError(f"{word}={options[0]}: the recipe {name} has no options; expected the recipe edge")
        for option in options:
            if option not in known:
                raise ParameterError(f"{word}={option}: expected one of {', '.join(known)}")
    if both := set(without) & set(adding):
        raise ParameterError(f"with={min(both)}: expected no option that is switched off, too; leave one of them out")
    chosen = PAPER if name == PAPER.name else _changed(EDGE[model], without, adding)
    return dataclasses.replace(chosen, epochs=epochs or chosen.epochs)


def _changed(edge: Recipe, without: Sequence[str], adding: Sequence[str]) -> Recipe:
    off = tuple(option for option in OPTIONS if option in without)
    on = tuple(option for option in ADDABLE if option in adding and not uses(edge, option))
    settings = {setting: getattr(PAPER, setting) for option in off for setting in OPTIONS[option]}
    settings |= {setting: getattr(_WITH_THEM, setting) for option in on for setting in OPTIONS[option]}
    return dataclasses.replace(edge, **settings, without=off, added=on)


def uses(recipe: Recipe, option: str) -> bool:
    """Whether an option of edge, from `OPTIONS`, is on."""
    return any(getattr(recipe, setting) != getattr(PAPER, setting) for setting in OPTIONS[option])


def recipes(
    name: str, model: str, epochs: int | None = None, without: Sequence[str] = (), adding: Sequence[str] = ()
) -> dict[str, Recipe]:
    """The recipe `name` for `model`, or where that is ``all`` for each model there is; raises as `recipe`."""
    names = list(MODELS) if model == "all" else [model_spec(model).name]
    return {model: recipe(name, model, epochs, without, adding) for model in names}


class WindowsWanted(TypedDict):
    """Arguments of `extraction.extract`."""

    shifts: int
    rooms: int


def windows_wanted(recipes: Iterable[Recipe]) -> WindowsWanted:
    """What windows of each segment the recipes draw from."""
    chosen = list(recipes)
    return {"shifts": max(recipe.shifts for recipe in chosen), "rooms": max(recipe.rooms for recipe in chosen)}
