"""A converted model for features -> one for sound: the front end in front of it, its description, its metadata."""

from __future__ import annotations

import dataclasses

from ...runtime.modelfile.description import AUDIO, FORMAT_VERSION, ModelDescription
from ..formats import Conversion
from .constants import graph_constants

NOTE = (
    "Takes sound, and makes MFCC of it itself: answers know silence and unsure scores, but not whether a window is "
    "unlike the training."
)


def for_audio(
    conversion: Conversion, description: ModelDescription, batch: int | None
) -> tuple[Conversion, ModelDescription]:
    """`conversion` behind the front end that its `description` names, and the description of what that gives.

    The model's own graph stays as it is. Raises UnsupportedModelError where the front end cannot be a graph.
    """
    rejection = description.rejection
    if rejection is not None:  # distances are of features, which do not leave the file
        rejection = dataclasses.replace(rejection, max_distance=None, centers="", whitening="")
    notes = (*description.notes, NOTE)
    described = dataclasses.replace(
        description, input=AUDIO, rejection=rejection, notes=notes, format_version=FORMAT_VERSION
    )
    constants = graph_constants(description.front_end, description.normalization)
    if description.format == "tflite":
        from .metadata import with_metadata
        from .tflite_front_end import with_tflite_front_end

        data = with_metadata(with_tflite_front_end(conversion.data, constants), described)
    else:
        from .onnx_front_end import with_onnx_front_end

        data = with_onnx_front_end(conversion.data, constants, batch)
    return dataclasses.replace(conversion, data=data), described


def mfcc_model(description: ModelDescription) -> bytes:
    """The front end alone, in the same format: a model that gives the MFCC, normalised if so."""
    constants = graph_constants(description.front_end, description.normalization)
    if description.format == "tflite":
        from .tflite_front_end import mfcc_tflite

        return mfcc_tflite(constants)
    from .onnx_front_end import mfcc_onnx

    return mfcc_onnx(constants)
