"""A run -> files for devices: every requested format and precision, each checked against Keras."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ...converters.audio_input.constants import require_graph
from ...converters.export import export_model, file_name, write_parity
from ...converters.formats import FROM_C, PRECISIONS, require_supported
from ...converters.trained_model import ParityWindows, TrainedModel, in_double_precision
from ...runtime.errors import CorpusError, Failure, GenrekitError, ParityError, UnsupportedModelError
from ...runtime.modelfile.description import AUDIO, FEATURES, C
from ...runtime.util.lock import sole_writer
from ..compute import Processes
from ..corpus.extraction import extract
from ..corpus.feature_cache import FeatureCache
from ..corpus.scan import scan
from ..splits.assign import assign
from ..training.run_folder import ExportFeatures, Run
from .parity_audio import parity_audio


@dataclasses.dataclass(frozen=True)
class Variant:
    """One file to make: its format and precision, and whether it takes features or audio."""

    format: str
    precision: str
    input: str = FEATURES


@dataclasses.dataclass(frozen=True)
class ExportPlan:
    """Which files to make of a run.

    Attributes:
        target: the engine family of TFLite files: litert, tflite-runtime or micro, which also gets C sources; or c, or
            web.
        batch: windows per call, 1, or None for any number (onnx only).
        keep: whether a file that fails is kept under a name that says so.
        max_ram: bytes that a folder of C may take on a board, or None for any number.
        float_io: whether an int8 file takes and gives floats (tflite for litert).
    """

    variants: tuple[Variant, ...]
    target: str = "litert"
    batch: int | None = 1
    keep: bool = False
    max_ram: int | None = None
    float_io: bool = False

    @classmethod
    def of(
        cls,
        formats: Sequence[str] = (),
        precisions: Sequence[str] = (),
        target: str = "litert",
        batch: int | None = 1,
        keep: bool = False,
        max_ram: int | None = None,
        taken: str = FEATURES,
        float_io: bool = False,
    ) -> ExportPlan:
        """The files that `formats` and `precisions` mean; what was named must exist, what was left open is filled in.

        Raises:
            ParameterError: no such format, precision, target or input (`taken`).
            UnsupportedModelError: a format and a precision were both named that do not go together, with the reason.
        """
        requested = [
            Variant(file_format, precision, taken)
            for file_format in formats or (("tflite",) if target in FROM_C else PRECISIONS)
            for precision in precisions or PRECISIONS.get(file_format, ("float32",))
        ]
        possible, errors = [], []
        for variant in requested:
            try:
                require_supported(variant.format, variant.precision, target, batch, variant.input, float_io)
                possible.append(variant)
            except UnsupportedModelError as error:
                errors.append(error)
        if errors and ((formats and precisions) or not possible):
            raise errors[0]
        return cls(tuple(possible), target, batch, keep, max_ram, float_io)


def export_run(
    run: Run,
    folder: Path,
    plan: ExportPlan | None = None,
    features: ExportFeatures | None = None,
    on_file: Callable[[dict[str, Any]], None] | None = None,
) -> list[dict[str, Any]]:
    """Make the files in `folder` and note them in its parity.json; a file that fails is not left there.

    Args:
        plan: which files; None: every format and precision.
        features: for calibration and parity, from `features_of`; None: the segments that the run kept.
        on_file: called with each row of parity.json.

    Returns:
        The rows of parity.json; those of failed files have ``passed`` false and an ``error``.

    Raises OutputError where the folder cannot be written, or another process exports into it.
    """
    with sole_writer(folder, folder=True):
        return _export_run(run, folder, plan or ExportPlan.of(), features, on_file)


def _export_run(
    run: Run,
    folder: Path,
    plan: ExportPlan,
    features: ExportFeatures | None,
    on_file: Callable[[dict[str, Any]], None] | None,
) -> list[dict[str, Any]]:
    features = features or run.export_features()
    with tempfile.TemporaryDirectory() as audio:
        source = source_of(run, features)
        if any(variant.input == AUDIO for variant in plan.variants):
            require_graph(run.description.front_end)  # before the audio is read
            source = source.with_samples(parity_audio(features, run.description.front_end, Path(audio)))
        return _export_all(run, source, folder, plan, on_file)


def _export_all(
    run: Run, source: TrainedModel, folder: Path, plan: ExportPlan, on_file: Callable[[dict[str, Any]], None] | None
) -> list[dict[str, Any]]:
    rows = []
    for variant in plan.variants:
        try:
            row = _export(source, folder, variant, plan)
        except (Failure, UnsupportedModelError) as error:
            row = failed_row(run, variant, error, plan.target)
        rows.append(row)
        write_parity(folder, rows)
        if on_file:
            on_file(row)
    return rows


def _export(source: TrainedModel, folder: Path, variant: Variant, plan: ExportPlan) -> dict[str, Any]:
    """Make one file, or what its target has instead; returns its row of parity.json."""
    if plan.target == C:
        from ...converters.export_c import export_c
        from .demo_sound import demo_sound

        sound = demo_sound(source.description.front_end)
        return export_c(source, folder, variant.precision, sound, plan.keep, plan.max_ram).row
    if plan.target == "web":
        from ..live.web_page import export_web
        from .demo_sound import demo_example, demo_sound

        config = source.description.front_end
        return export_web(source, folder, variant.precision, demo_sound(config), demo_example(config))
    result = export_model(
        source,
        folder,
        variant.format,
        variant.precision,
        plan.target,
        plan.keep,
        plan.batch,
        variant.input,
        plan.float_io,
    )
    if plan.target == "micro":
        from ...converters.tflite.micro_sources import write_sources

        return {**result.row, "sources": [source.name for source in write_sources(result.path)]}
    return result.row


def source_of(run: Run, features: ExportFeatures) -> TrainedModel:
    """What the files of `run` are made from and compared with."""
    model, held_out = run.keras_model(), run.normalised(features.parity)
    windows = ParityWindows(held_out, features.parity_labels, in_double_precision(model, held_out))
    return TrainedModel(model, run.description, run.calibration(features), windows)


def features_of(run: Run, data: Path, cache: FeatureCache | None = None) -> ExportFeatures:
    """The segments of the corpus in `data` that an export of `run` needs, divided as its training was.

    Raises CorpusError where the corpus has genres that the model does not know.
    """
    corpus = scan(data)
    labels = run.description.labels
    unknown_labels = [label for label in corpus.labels if label not in labels]
    if unknown_labels:
        raise CorpusError(
            f"{data}: expected genres among the model's labels {', '.join(labels)}, found "
            f"{', '.join(unknown_labels)}; name the corpus that fits the model"
        )
    segments = extract(corpus, run.description.front_end, Processes(-1), cache=cache)
    seed = run.description.seed or 0
    subsets = assign(segments, run.description.split or "track", seed)
    return ExportFeatures.choose(segments, subsets, seed).relabelled([labels.index(label) for label in corpus.labels])


def failed_row(run: Run, variant: Variant, error: GenrekitError, target: str = "litert") -> dict[str, Any]:
    """The row of parity.json of a file that was not kept."""
    file_format = target if target in FROM_C else variant.format
    return {
        "file": file_name(run.description.model, variant.precision, file_format, variant.input),
        "format": file_format,
        "precision": variant.precision,
        "input": variant.input,
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
