"""What a training is: which model, on what, how; and what it measures: a row an epoch, and the metrics of the run."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np

from ..corpus.segments import Segments
from ..evaluation import CorpusFacts, Scores
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


@dataclasses.dataclass(frozen=True)
class Epoch:
    """A row of history.csv.

    Attributes:
        epoch: its number, from 1.
        loss, accuracy: means over the training subset, of the model as it was at each step.
        val_loss, val_accuracy: of the validation subset after the epoch.
        seconds: it took.
    """

    epoch: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    seconds: float


@dataclasses.dataclass(frozen=True)
class EpochSeconds:
    """How long epochs took, in seconds."""

    median: float
    all: list[float]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Metrics(Scores):
    """What metrics.json holds.

    Attributes:
        model: name of the architecture.
        recipe: name of the recipe, `without` some of its options.
        split, seed: how the corpus was divided.
        duplicates_apart: pairs of tracks with the same audio that stand in different subsets.
        epochs: how many were trained.
        best_epoch: the one whose weights were kept, from 1.
        parameters: number of weights, moving statistics included.
        seconds_per_epoch: how long each took.
        labels: class names, in the order of the model's outputs.
        corpus: what it was trained on.
        settings: what distinguishes this training from others, from `Training.settings`.
    """

    model: str
    recipe: str
    without: list[str] = dataclasses.field(default_factory=list)
    split: str
    duplicates_apart: tuple[tuple[str, str], ...] = ()
    seed: int
    epochs: int
    best_epoch: int
    parameters: int
    seconds_per_epoch: EpochSeconds
    labels: tuple[str, ...]
    corpus: CorpusFacts
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)
