"""TFLite Metadata, by which MediaPipe and the Task Library know what a model of sound takes and gives.

Source: metadata_schema.fbs of TFLite Support (v1.5), which numbers the fields used below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from ...runtime.modelfile.description import LABELS_NAME, ModelDescription
from ..tflite.finish import packed

BUFFER_NAME, IDENTIFIER = b"TFLITE_METADATA", b"M001"
PARSER_VERSION = "1.3.0"  # of the readers: the first that knows AudioProperties
_AUDIO_PROPERTIES = 4  # in the union ContentProperties
_AXIS_LABELS = 2  # in the enumeration AssociatedFileType
AUTHOR = "genrekit"


def with_metadata(data: bytes, description: ModelDescription) -> bytes:
    """The TFLite model `data`, which takes sound, with the metadata that follow from its `description`.

    The labels themselves stand in `LABELS_NAME`, which is a file behind the model (see `attach`).
    """
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data))
    model.buffers.append(schema.BufferT(data=np.frombuffer(_metadata(description), np.uint8)))
    entry = schema.MetadataT(name=BUFFER_NAME, buffer=len(model.buffers) - 1)
    model.metadata = [*(model.metadata or ()), entry]
    return packed(model)


def _metadata(description: ModelDescription) -> bytes:
    """The flatbuffer ModelMetadata."""
    builder = flatbuffers.Builder(1024)
    config, classes = description.front_end, len(description.labels)
    properties = _table(builder, {0: ("Uint32", config.sample_rate), 1: ("Uint32", 1)})
    content = _table(builder, {0: ("Uint8", _AUDIO_PROPERTIES), 1: properties})
    told = f"{config.window_s:g} s of one channel at {config.sample_rate} Hz, in [-1, 1]"
    taken = _table(builder, {0: _text(builder, "samples"), 1: _text(builder, told), 3: content})
    labels = _table(builder, {0: _text(builder, LABELS_NAME), 2: ("Int8", _AXIS_LABELS)})
    text = _text(builder, f"probabilities of {classes} classes")
    given = _table(builder, {0: _text(builder, "probabilities"), 1: text, 6: _tables(builder, [labels])})
    graph = _table(builder, {2: _tables(builder, [taken]), 3: _tables(builder, [given])})
    told = f"{description.model} ({description.precision}): {classes} classes of sound, from {config.window_s:g} s"
    model = _table(
        builder,
        {
            0: _text(builder, description.model),
            1: _text(builder, told),
            2: _text(builder, description.toolkit_version or "unknown"),
            3: _tables(builder, [graph]),
            4: _text(builder, AUTHOR),
            7: _text(builder, PARSER_VERSION),
        },
    )
    builder.Finish(model, IDENTIFIER)
    return bytes(builder.Output())


def _text(builder: flatbuffers.Builder, text: str) -> int:
    return int(builder.CreateString(text))


def _tables(builder: flatbuffers.Builder, offsets: Sequence[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def _table(builder: flatbuffers.Builder, fields: Mapping[int, int | tuple[str, int]]) -> int:
    """A table with `fields` by number: the offset of a text, vector or table, or (type, number)."""
    builder.StartObject(max(fields) + 1)
    for number, value in fields.items():
        if isinstance(value, tuple):
            getattr(builder, f"Prepend{value[0]}Slot")(number, value[1], 0)
        else:
            builder.PrependUOffsetTRelativeSlot(number, value, 0)
    return int(builder.EndObject())
