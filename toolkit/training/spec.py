"""What a training is: which model, on what, how."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from ..corpus.segments import Segments
from ..models import ModelSpec
from ..splits import assign as splits
from .recipes import Recipe

if TYPE_CHECKING:
    pass


@dataclasses.dataclass(frozen=True)
class Training:
    """One training: which model, on what, how.

    Attributes:
        spec: the architecture.
        recipe: its settings, with ``epochs`` as wanted.
        segments: the corpus.
        parts: from `splits.assign`.
        split: its name.
        seed: of the weights, the order of segments, augmentation and dropout.
    """

    spec: ModelSpec
    recipe: Recipe
    segments: Segments
    parts: np.ndarray
    split: str
    seed: int

    @property
    def settings(self) -> dict[str, Any]:
        """What tells this training from another, as JSON keeps it."""
        settings = {
            "model": self.spec.name,
            "recipe": dataclasses.asdict(self.recipe),
            "split": self.split,
            "parts": splits.fingerprint(self.parts),
            "seed": self.seed,
            "front_end": self.segments.config.to_dict(),
            "corpus": self.segments.corpus.fingerprint,
        }
        return json.loads(json.dumps(settings))
