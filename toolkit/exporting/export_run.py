"""A run -> files for devices: every wanted format and precision, each checked against Keras."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from ...converters.export import PRECISIONS, export_model, require_supported, write_parity
from ...converters.trained_model import ParityWindows, Source, in_double_precision
from ...runtime.errors import CorpusError, Failure, GenrekitError, ParameterError, ParityError, UnsupportedModelError
from ..compute import Processes
from ..corpus import scan as corpus
from ..corpus.extraction import extract
from ..corpus.feature_cache import FeatureCache
from ..splits import assign as splits
from ..training.run_folder import ExportFeatures, Run


@dataclasses.dataclass(frozen=True)
class Variant:
    """One file to make: its format and precision."""

    format: str
    precision: str


def parse_batch(text: str) -> int | None:
    """1, or None for "dynamic"; raises ParameterError otherwise."""
    if text not in ("1", "dynamic"):
        raise ParameterError(f"batch={text}: expected 1 or dynamic")
    return 1 if text == "1" else None


def variants(formats: Sequence[str], precisions: Sequence[str], target: str, batch: int | None = 1) -> list[Variant]:
    """The files that `formats` and `precisions` mean; what was named must exist, what was left open is filled in.

    Raises:
        ParameterError: no such format, precision or target.
        UnsupportedModelError: a format and a precision were both named that do not go together, with the reason.
    """
    wanted = [
        Variant(file_format, precision)
        for file_format in formats or PRECISIONS
        for precision in precisions or PRECISIONS.get(file_format, ("float32",))
    ]
    possible = [variant for variant in wanted if _possible(variant, target, batch)]
    if (formats and precisions) or not possible:
        for variant in wanted:
            require_supported(variant.format, variant.precision, target, batch)
    return possible


def _possible(variant: Variant, target: str, batch: int | None) -> bool:
    try:
        require_supported(variant.format, variant.precision, target, batch)
    except UnsupportedModelError:
        return False
    return True


def export_run(
    run: Run,
    folder: Path,
    wanted: Iterable[Variant],
    target: str = "litert",
    data: Path | None = None,
    keep: bool = False,
    batch: int | None = 1,
    on_file: Callable[[dict[str, Any]], None] | None = None,
    cache: FeatureCache | None = None,
) -> list[dict[str, Any]]:
    """Make the files in `folder` and note them in its parity.json; a file that fails is not left there.

    Args:
        run: the trained model.
        folder: made where missing.
        wanted: which files.
        target: the engine family: litert, tflite-runtime or micro, which also gets C sources.
        data: the corpus for calibration and parity; None: the segments that the run kept.
        keep: whether a file that fails is kept under a name that says so.
        batch: windows per call, 1, or None for any number (onnx only).
        on_file: called with each row of parity.json.
        cache: of the features of `data`.

    Returns:
        The rows of parity.json; those of failed files have ``passed`` false and an ``error``.
    """
    features = run.export_features() if data is None else _features_of(run, data, cache)
    source = source_of(run, features)
    rows = []
    for variant in wanted:
        try:
            result = export_model(source, folder, variant.format, variant.precision, target, keep, batch)
            row = {**result.row, **_sources(result.path, target)}
        except (Failure, UnsupportedModelError) as error:
            row = failed_row(run, variant, error)
        rows.append(row)
        write_parity(folder, rows)
        if on_file:
            on_file(row)
    return rows


def source_of(run: Run, features: ExportFeatures) -> Source:
    """What the files of `run` are made from and compared with."""
    model, unknown = run.keras_model(), run.normalised(features.parity)
    windows = ParityWindows(unknown, features.parity_labels, in_double_precision(model, unknown))
    return Source(model, run.description, run.calibration(features), windows)


def _sources(path: Path, target: str) -> dict[str, Any]:
    """C sources beside `path` where the target is a microcontroller, and what parity.json says of them."""
    if target != "micro":
        return {}
    from ...converters.tflite.micro_sources import write_sources

    return {"sources": [source.name for source in write_sources(path)]}


def _features_of(run: Run, data: Path, cache: FeatureCache | None) -> ExportFeatures:
    found = corpus.scan(data)
    strangers = [label for label in found.labels if label not in run.description.labels]
    if strangers:
        raise CorpusError(
            f"{data}: expected genres among the model's labels {', '.join(run.description.labels)}, found "
            f"{', '.join(strangers)}; name the corpus that fits the model"
        )
    segments = extract(found, run.description.front_end, Processes(-1), cache=cache)
    seed = run.description.seed or 0
    parts = splits.assign(segments, run.description.split or "track", seed)
    return ExportFeatures.choose(segments, parts, seed).relabelled(
        [run.description.labels.index(label) for label in found.labels]
    )


def failed_row(run: Run, variant: Variant, error: GenrekitError) -> dict[str, Any]:
    """The row of parity.json of a file that was not kept."""
    suffix = {"tflite": ".tflite", "onnx": ".onnx"}[variant.format]
    return {
        "file": f"{run.description.model}-{variant.precision}{suffix}",
        "format": variant.format,
        "precision": variant.precision,
        "bytes": None,
        "max_abs_error": None,
        "top1_agreement": None,
        "windows": None,
        "reasons": [str(error)],
        **(error.figures if isinstance(error, ParityError) else {}),
        "passed": False,
        "ops": {},
        "error": str(error),
        "exit_code": error.exit_code,
    }
