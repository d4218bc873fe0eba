"""Makes one model file: converts, describes, runs it in its own engine, and keeps it only if it agrees with Keras."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ..runtime.engines import ENGINES, require_installed
from ..runtime.errors import MissingPackageError, ParameterError, ParityError
from ..runtime.modelfile.description import AUDIO, FEATURES, C, CalibrationRecord, ModelDescription, ParityRecord
from ..runtime.modelfile.reader import read_graph
from ..runtime.util.atomic import replacing, write_bytes, write_text
from ..runtime.util.regular import read_bytes
from .attach import attach
from .audio_input.constants import require_graph
from .formats import Conversion, require_supported
from .trained_model import TrainedModel
from .verify.front_end import check_sound
from .verify.parity import Parity, check, compare
from .verify.subprocess_engine import predict

PARITY_NAME = "parity.json"


@dataclasses.dataclass(frozen=True)
class ExportResult:
    """A file that was kept: where it lies, and its row of parity.json."""

    path: Path
    row: dict[str, Any]


def export_model(
    trained: TrainedModel,
    folder: Path,
    file_format: str,
    precision: str,
    target: str = "litert",
    keep: bool = False,
    batch: int | None = 1,
    taken: str = FEATURES,
    float_io: bool = False,
) -> ExportResult:
    """Write ``<model>-<precision>.tflite`` or ``.onnx`` into `folder` if it agrees with the Keras model.

    A file that takes sound is called ``<model>-<precision>-audio``, and its front end has to be right as well.

    Args:
        trained: the model, with windows to quantise and compare with.
        folder: made where missing.
        file_format: tflite or onnx.
        precision: float32, float16, dynamic or int8.
        target: litert, tflite-runtime or micro.
        keep: whether a file that fails is kept, as ``<model>-<precision>.failed.tflite``.
        batch: windows per call, 1, or None for any number (onnx only).
        taken: what the file is to take of a window, features or audio.
        float_io: whether an int8 file takes and gives floats (tflite for litert); one that takes audio does anyway.

    Raises:
        ParameterError, UnsupportedModelError: a combination, model or front end that cannot be converted.
        ConversionError: a converter failed.
        MissingPackageError: the converter's or the target's package is not installed.
        ParityError: the file does not agree with Keras; nothing stands under its name.
        OutputError: `folder` cannot be written.
    """
    require_supported(file_format, precision, target, batch, taken, float_io)
    if taken == AUDIO:
        require_graph(trained.description.front_end)
    engine = target if file_format == "tflite" else "onnx"
    require_installed(ENGINES[engine])
    trained = trained.prepared_for(precision)
    conversion = convert(trained, file_format, precision, target, batch, float_io)
    description = described(trained, conversion, file_format, precision, target)
    if taken == AUDIO:
        from .audio_input.join import for_audio

        conversion, description = for_audio(conversion, description, batch)
    path = folder / file_name(description.model, precision, file_format, taken)
    with replacing(path) as temporary:
        temporary.write_bytes(attach(conversion.data, description))
        found = _predicted(temporary, trained, engine, taken)
        parity = compare(trained.windows.reference, found, trained.windows.labels)
        added: dict[str, float] = {}
        try:
            reasons = check(parity, precision)
            if taken == AUDIO:
                added["mfcc_error"] = check_sound(temporary, description, engine)
        except ParityError as error:
            path.unlink(missing_ok=True)
            if keep:
                write_bytes(path.with_suffix(f".failed{path.suffix}"), temporary.read_bytes())
            raise ParityError(f"{path.name} was not kept: {error}", error.figures) from error
        record = ParityRecord(parity.windows, parity.max_abs_error, parity.top1_agreement, tuple(reasons))
        description = dataclasses.replace(description, parity=record)
        temporary.write_bytes(attach(conversion.data, description))
    return ExportResult(path, {**_row(path, description, parity), **added})


def file_name(model: str, precision: str, file_format: str, taken: str = FEATURES) -> str:
    """What a file is called; of format c a folder, of format web a page."""
    ending = {C: "-c", "web": ".html"}.get(file_format, f"{'-audio' if taken == AUDIO else ''}.{file_format}")
    return f"{model}-{precision}{ending}"


def _predicted(path: Path, trained: TrainedModel, engine: str, taken: str) -> np.ndarray:
    windows = trained.windows.features if taken == FEATURES else trained.windows.samples
    if windows is None:
        raise ParameterError(
            f"input={taken}: expected the samples of windows that were not trained on, received their features alone; "
            "name the corpus"
        )
    return predict(path, windows, engine)


def convert(
    trained: TrainedModel, file_format: str, precision: str, target: str, batch: int | None, float_io: bool = False
) -> Conversion:
    """The model in another format, without a description; arguments and errors as of `export_model`."""
    features = trained.calibration.features
    try:
        if file_format == "tflite":
            from .tflite.convert import convert_tflite

            return convert_tflite(trained.model, precision, features, target, float_io)
        from .onnx.convert import convert_onnx

        return convert_onnx(trained.model, precision, features, batch)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("genrekit"):  # a fault of ours, which no installation mends
            raise
        raise MissingPackageError(
            f'converting to {file_format} needs {error.name}; run: pip install "genrekit[convert]"'
        ) from error


def described(
    trained: TrainedModel, conversion: Conversion, file_format: str, precision: str, target: str
) -> ModelDescription:
    """What the converted model says of itself, but for what it was compared with."""
    return dataclasses.replace(
        trained.description,
        format=file_format,
        precision=precision,
        target=target if file_format == "tflite" else "onnxruntime",
        notes=(*trained.description.notes, *conversion.notes),
        quantization=conversion.quantization,
        calibration=CalibrationRecord() if precision == "float32" else trained.calibration.record(),
    )


def _row(path: Path, description: ModelDescription, parity: Parity) -> dict[str, Any]:
    return {
        "file": path.name,
        "format": description.format,
        "precision": description.precision,
        "input": description.input,
        "target": description.target,
        "bytes": path.stat().st_size,
        **dataclasses.asdict(parity),
        "passed": True,
        "reasons": list(description.parity.reasons),
        "ops": read_graph(path).ops,
        "notes": list(description.notes),
    }


def write_parity(folder: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Note `rows` in the folder's parity.json; a row replaces the earlier one of the same file. Raises OutputError."""
    path = folder / PARITY_NAME
    merged = {row["file"]: row for row in (*_earlier_rows(path), *rows)}
    write_text(path, json.dumps(list(merged.values()), indent=1, allow_nan=False) + "\n")


def _earlier_rows(path: Path) -> list[dict[str, Any]]:
    """The rows that a parity.json holds; none of one that is not there, was cut short or is no such file."""
    try:
        found = json.loads(read_bytes(path))
        json.dumps(found, allow_nan=False)
    except (OSError, ValueError, RecursionError):
        return []
    rows = found if isinstance(found, list) else []
    return [row for row in rows if isinstance(row, dict) and isinstance(row.get("file"), str)]
