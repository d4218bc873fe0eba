"""Whether a model may have heard in training what it is measured on."""

from __future__ import annotations

import numpy as np

from ...runtime import ModelDescription
from ..corpus.segments import Segments
from .assign import fingerprint


def same_corpus(description: ModelDescription, segments: Segments) -> bool:
    """Whether the model was trained on these files."""
    return description.corpus.fingerprint == segments.corpus.fingerprint


def same_parts(description: ModelDescription, parts: np.ndarray) -> bool:
    """Whether its training divided them into these `parts`, however the split was named."""
    return description.corpus.parts == fingerprint(parts)
