"""How a model is trained, as plain values."""

from __future__ import annotations

import dataclasses

from ..runtime.errors import ParameterError


@dataclasses.dataclass(frozen=True)
class Recipe:
    """The settings of one training.

    Attributes:
        name: what users call it.
        learning_rate: Adam's, at the start.
        batch_size: segments a step.
        epochs: at most.
        normalize: whether each MFCC coefficient is normalised by the training part.
        best_epoch: whether the weights of the epoch with the lowest validation loss are kept, instead of the last.
        patience: epochs without a lower validation loss after which training stops; None: never.
        batch_norm_momentum: how much of the moving statistics a step keeps. Keras' 0.99 lags behind the weights for
            hundreds of steps, which a small corpus does not have.
    """

    name: str
    learning_rate: float
    batch_size: int
    epochs: int
    normalize: bool
    best_epoch: bool
    patience: int | None
    batch_norm_momentum: float


RECIPES = {
    recipe.name: recipe
    for recipe in (
        # To the paper's letter.
        Recipe(
            "paper", 1e-4, 32, epochs=50, normalize=False, best_epoch=False, patience=None, batch_norm_momentum=0.99
        ),
        # For tracks never heard, in a fraction of the time.
        Recipe("edge", 1e-3, 32, epochs=50, normalize=True, best_epoch=True, patience=15, batch_norm_momentum=0.9),
    )
}


def recipe(name: str, epochs: int | None = None) -> Recipe:
    """The recipe `name`, with `epochs` instead of its own where given.

    Raises:
        ParameterError: no such recipe, or `epochs` below 1.
    """
    if name not in RECIPES:
        raise ParameterError(f"recipe={name}: expected one of {', '.join(RECIPES)}")
    if epochs is None:
        return RECIPES[name]
    if epochs < 1:
        raise ParameterError(f"epochs={epochs}: expected at least 1")
    return dataclasses.replace(RECIPES[name], epochs=epochs)
