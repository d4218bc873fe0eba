"""What a training is: which model, on what, how; and what it measures: a row an epoch, and the metrics of the run."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np

from ..corpus.segments import Segments
from ..evaluation.scores import CorpusFacts, Scores
from ..models import ModelSpec
from ..splits.assign import subsets_digest
from .recipes import Recipe


@dataclasses.dataclass(frozen=True)
class Training:
    """One training: which model, on what, how.

    Attributes:
        subsets: of each segment, from `assign` under `split` [shape=(segments,)].
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
    """A row of history.csv, counted from 1.

    `loss` and `accuracy` are means over the training subset, of the model as it was at each step; `val_loss` and
    `val_accuracy` those of the validation subset after the epoch.
    """

    epoch: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    seconds: float


@dataclasses.dataclass(frozen=True)
class EpochSeconds:
    """How long epochs took, in seconds.

    Attributes:
        windows: how many an epoch learnt from; None in older runs: the segments of the training subset.
    """

    median: float
    all: list[float]
    windows: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Metrics(Scores):
    """What metrics.json holds.

    Attributes:
        duplicates_apart: pairs of tracks with the same audio that stand in different subsets.
        best_epoch: the one whose weights were kept, from 1.
        parameters: number of weights, moving statistics included.
        settings: what distinguishes this training from others, from `Training.settings`.
    """

    model: str
    recipe: str
    without: list[str] = dataclasses.field(default_factory=list)
    added: list[str] = dataclasses.field(default_factory=list)
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
