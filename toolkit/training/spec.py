"""What a training is: which model, on what, how."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np

from ..corpus.segments import Segments
from ..models import ModelSpec
from ..splits.assign import subsets_digest
from .recipes import Recipe


@dataclasses.dataclass(frozen=True)
class Training:
    """One training: which model, on what, how.

    Attributes:
        spec: the architecture.
        recipe: its settings.
        segments: the corpus.
        subsets: of each segment, from `assign` [shape=(segments,)].
        split: its name.
        seed: of the weights, the order of segments, augmentation and dropout.
    """

    spec: ModelSpec
    recipe: Recipe
    segments: Segments
    subsets: np.ndarray
    split: str
    seed: int

    @property
    def settings(self) -> dict[str, Any]:
        """What distinguishes this training from others, as JSON keeps it."""
        settings = {
            "model": self.spec.name,
            "recipe": dataclasses.asdict(self.recipe),
            "split": self.split,
            "parts": subsets_digest(self.subsets),
            "seed": self.seed,
            "front_end": self.segments.config.to_dict(),
            "corpus": self.segments.corpus.fingerprint,
        }
        as_json: dict[str, Any] = json.loads(json.dumps(settings))
        return as_json
