"""What files are made from: a trained model with its description and the segments to quantise and compare with."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING

from ..runtime.modelfile import ModelDescription
from .calibration import Calibration
from .parity import ParityWindows

if TYPE_CHECKING:
    import keras

QUANTISED = ("dynamic", "int8")


@dataclasses.dataclass(frozen=True)
class Source:
    """A trained model, ready to be converted.

    Attributes:
        model: for normalised features.
        description: what the Keras model says of itself; files carry it with what their conversion adds.
        calibration: segments of the training part.
        windows: what files are compared on.
    """

    model: keras.Model
    description: ModelDescription
    calibration: Calibration
    windows: ParityWindows

    def at(self, precision: str) -> Source:
        """The same, restated for scaled features where it takes raw ones and `precision` is one of whole numbers."""
        return self._scaled if precision in QUANTISED and self.description.normalization is None else self

    @functools.cached_property
    def _scaled(self) -> Source:
        """For scaled features; the same for every precision of whole numbers. The source itself where none is exact."""
        from .normalization import NOTE, balancing, for_normalised

        scaling = balancing(self.calibration.features)
        restated = for_normalised(self.model, scaling)
        if restated is None:
            return self
        notes = (*self.description.notes, NOTE)
        return Source(
            restated,
            dataclasses.replace(self.description, normalization=scaling, notes=notes),
            dataclasses.replace(self.calibration, features=scaling.apply(self.calibration.features)),
            dataclasses.replace(self.windows, features=scaling.apply(self.windows.features)),
        )
