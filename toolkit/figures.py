"""The figures that genrekit promises, each a ratio of two things measured in one run, beside its target."""

from __future__ import annotations

import dataclasses
import datetime
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..bench.machine import describe_machine
from ..bench.measure import timed
from ..bench.pairs import measure_pair
from ..converters.export import export_model
from ..converters.peers import keras_onnx, plain_tflite
from ..converters.source import Source
from ..runtime.modelfile import attach
from .exporting import Variant, source_of
from .runs import load_run
from .streaming_figures import streaming_figures
from .training_figures import training_figures

if TYPE_CHECKING:
    import keras

SCHEMA = 1
EXPORT_TARGET_S = 20.0

Progress = Callable[[int, int, str], None]


@dataclasses.dataclass(frozen=True)
class Figure:
    """A promise.

    Attributes:
        name: for the reader.
        model: whose run is converted.
        ours: the file that is promised to be fast.
        other: what it is compared with: a file of ours, or a peer (format, conversion).
        at_most: the largest ratio of their medians.
    """

    name: str
    model: str
    ours: Variant
    other: Variant | tuple[str, Callable[[keras.Model], bytes]]
    at_most: float


FIGURES = (
    Figure(
        "LSTM TFLite float32 / converted the plain way",
        "lstm",
        Variant("tflite", "float32"),
        ("tflite", plain_tflite),
        0.35,
    ),
    Figure("LSTM ONNX dynamic / float32", "lstm", Variant("onnx", "dynamic"), Variant("onnx", "float32"), 0.65),
    Figure("CNN ONNX float32 / Keras' own export", "cnn", Variant("onnx", "float32"), ("onnx", keras_onnx), 0.6),
    Figure("MLP TFLite int8 / float32", "mlp", Variant("tflite", "int8"), Variant("tflite", "float32"), 0.35),
)


def measure_figures(
    runs: Path, calls: int = 500, *, training: bool = True, progress: Progress | None = None
) -> dict[str, Any]:
    """Convert, stream and train, and measure it; one thread, but for training.

    Args:
        runs: folder with the runs of mlp, cnn and lstm, as `genrekit train all` and the quickstart leave it.
        calls: timed calls of each file.
        training: whether to measure that too, which takes some minutes.
        progress: called before each figure.

    Returns:
        {"schema", "created", "machine", "figures": [{"name", "at_most", "ratio", "low", "high", ...}] of files beside
        files, "streaming": [{"name", "at_most" or "at_least", "value", ...}], "training": the same,
        "exports": [{"file", "seconds", "at_most"}], the time of each export with its parity gate}.

    Raises:
        MissingFileError, ModelFileError: a run that is not there, or cannot be used.
        ParityError: a file that does not agree with Keras.
    """
    report = progress or (lambda done, total, what: None)
    loaded = {name: load_run(runs / name) for name in dict.fromkeys(figure.model for figure in FIGURES)}
    sources = {name: source_of(run, run.export_features()) for name, run in loaded.items()}
    figures, exports = [], []
    with tempfile.TemporaryDirectory(prefix="genrekit-figures-") as folder:
        for done, figure in enumerate(FIGURES):
            report(done, len(FIGURES), figure.name)
            measured = _measure(figure, sources[figure.model], Path(folder), calls, exports)
            figures.append({"name": figure.name, "at_most": figure.at_most, **measured})
        report(len(FIGURES), len(FIGURES), "streaming")
        streaming = streaming_figures(runs, sources, Path(folder), calls)
    return {
        "schema": SCHEMA,
        "created": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "machine": describe_machine(),
        "figures": figures,
        "streaming": streaming,
        "training": training_figures(progress) if training else [],
        "exports": exports,
    }


def _measure(figure: Figure, source: Source, folder: Path, calls: int, exports: list[dict[str, Any]]) -> dict[str, Any]:
    def export(variant: Variant) -> Path:
        arguments = (source, folder, variant.format, variant.precision)
        result, milliseconds = timed(time.perf_counter_ns, export_model, *arguments)
        exports.append({"file": result.path.name, "seconds": milliseconds / 1000, "at_most": EXPORT_TARGET_S})
        return result.path

    ours = export(figure.ours)
    if isinstance(figure.other, Variant):
        return measure_pair(ours, export(figure.other), source.windows.features, calls)
    file_format, convert = figure.other
    other = folder / f"peer.{file_format}"
    described = dataclasses.replace(source.description, format=file_format)
    other.write_bytes(attach(convert(source.model), described))
    return measure_pair(ours, other, source.windows.features, calls)
