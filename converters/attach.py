"""Descriptions, sealed by a checksum, into model files: a zip behind a .tflite, ``metadata_props`` of an .onnx."""

from __future__ import annotations

import io
import zipfile

from ..runtime.modelfile.description import DESCRIPTION_NAME, LABELS_NAME, ONNX_KEY, ModelDescription


def attach(data: bytes, description: ModelDescription) -> bytes:
    """The model `data` with `description` inside, as its ``format`` (tflite or onnx) carries it.

    The same input gives the same bytes. A description that `data` already carries is replaced.
    """
    return _attach_tflite(data, description) if description.format == "tflite" else _attach_onnx(data, description)


def _attach_tflite(data: bytes, description: ModelDescription) -> bytes:
    model = without_description(data)
    buffer = io.BytesIO(model)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_STORED) as archive:
        labels = "".join(f"{label}\n" for label in description.labels)
        for name, text in ((DESCRIPTION_NAME, description.sealed_json([model])), (LABELS_NAME, labels)):
            # A fixed date, so that the same export gives the same bytes.
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text)
    return buffer.getvalue()


def without_description(data: bytes) -> bytes:
    """The bare flatbuffer in the bytes of a .tflite: without associated files, if there are any."""
    buffer = io.BytesIO(data)
    if not zipfile.is_zipfile(buffer):
        return data
    with zipfile.ZipFile(buffer) as archive:
        return data[: min(entry.header_offset for entry in archive.infolist())]


def _attach_onnx(data: bytes, description: ModelDescription) -> bytes:
    import onnx

    model = onnx.load_model_from_string(data)
    onnx.helper.set_model_props(model, {"labels": "\n".join(description.labels)})
    # Protocol buffers are joined by joining their bytes; nothing else tells what bytes a library writes.
    bare = model.SerializeToString(deterministic=True)
    entry = onnx.StringStringEntryProto(key=ONNX_KEY, value=description.sealed_json([bare]))
    behind: bytes = onnx.ModelProto(metadata_props=[entry]).SerializeToString()
    return bytes(bare) + behind
