"""The figures that genrekit promises, each a ratio of two things measured in one run, beside its target."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genrekit.bench.measure.jsonable import as_json
from genrekit.bench.measure.machine import describe_machine
from genrekit.bench.measure.timing import timed
from genrekit.bench.results import store
from genrekit.converters.attach import attach
from genrekit.converters.export import export_model
from genrekit.converters.export_c import export_c
from genrekit.converters.trained_model import TrainedModel
from genrekit.toolkit.exporting.demo_sound import demo_sound
from genrekit.toolkit.exporting.export_run import Variant, source_of
from genrekit.toolkit.training.run_folder import load_run

from .audio_promises import audio_figures
from .baselines import keras_onnx, plain_tflite
from .c_promises import MODELS, c_figures
from .paired_timing import measure_pair
from .streaming_promises import clip_of_noise, streaming_figures
from .training import training_figures

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
        other: what it is compared with: a file of ours, or a baseline (format, conversion).
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
    runs: Path,
    calls: int = 500,
    *,
    training: bool = True,
    progress: Progress | None = None,
    save_to: Path | None = None,
) -> dict[str, Any]:
    """Convert, stream, compile and train, and measure it; one thread, but for training.

    Ctrl-C ends it early: what was measured is in the result, "interrupted" is true and "complete" is false.

    Args:
        runs: folder with the runs of the four models, as `genrekit train all` and the quickstart leave it.
        calls: timed calls of each file.
        training: whether to measure that too, which takes a quarter of an hour.
        progress: called before each figure.
        save_to: JSON file; until the end, figures are saved one by one beside it (`store.partial_path`).

    Returns:
        {"schema", "created", "machine", "complete", "interrupted",
        "figures": [{"name", "at_most", "ratio", "low", "high", ...}] of files beside files,
        "streaming": [{"name", "at_most" or "at_least" or neither, "value", ...}], "audio", "c", "training": the same,
        "exports": [{"file", "seconds", "at_most"}], the time of each export with its parity gate}.

    Raises:
        MissingFileError, ModelFileError: a run that is not there, or cannot be used.
        ParityError: a file that does not agree with Keras.
        OutputError: `save_to` cannot be written; checked before anything is measured.
    """
    save = store.saver(save_to)
    found = {
        "schema": SCHEMA,
        "created": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "machine": as_json(describe_machine()),
        "complete": False,
        "interrupted": False,
        "figures": [],
        "streaming": [],
        "audio": [],
        "c": [],
        "training": [],
        "exports": [],
    }
    try:
        for kind, row in _measured(runs, calls, training, progress or (lambda done, total, what: None), found):
            found[kind].append(row)
            save(found)
        found["complete"] = True
    except KeyboardInterrupt:
        found["interrupted"] = True
    save(found)
    return found


def _measured(
    runs: Path, calls: int, training: bool, report: Progress, found: dict[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Kind of figure and row, as they are measured; the exports are noted in `found`."""
    names = dict.fromkeys([*(figure.model for figure in FIGURES), *MODELS])
    loaded = {name: load_run(runs / name) for name in names}
    sources = {name: source_of(run, run.export_features()) for name, run in loaded.items()}
    with tempfile.TemporaryDirectory(prefix="genrekit-figures-") as name:
        folder = Path(name)

        @functools.cache
        def export(model: str, variant: Variant) -> Path:
            source = sources[model]
            if variant.format == "c":
                sound = demo_sound(source.description.front_end)
                return export_c(source, folder, variant.precision, sound).path
            arguments = (source, folder, variant.format, variant.precision)
            result, milliseconds = timed(time.perf_counter_ns, export_model, *arguments)
            row = {"file": result.path.name, "seconds": milliseconds / 1000, "at_most": EXPORT_TARGET_S}
            found["exports"].append(row)
            return result.path

        for done, figure in enumerate(FIGURES):
            report(done, len(FIGURES), figure.name)
            ours, other = export(figure.model, figure.ours), figure.other
            if isinstance(other, Variant):
                other_path = export(figure.model, other)
            else:
                other_path = _baseline(sources[figure.model], *other, folder)
            measured = measure_pair(ours, other_path, sources[figure.model].windows.features, calls)
            yield "figures", {"name": figure.name, "at_most": figure.at_most, **measured}
        report(len(FIGURES), len(FIGURES), "streaming")
        for row in streaming_figures(runs, export, folder, calls):
            yield "streaming", row
        report(len(FIGURES), len(FIGURES), "files that take audio")
        for row in audio_figures(export, folder, calls):
            yield "audio", row
        report(len(FIGURES), len(FIGURES), "folders of C")
        for row in c_figures(export, clip_of_noise(folder), folder, calls):
            yield "c", row
    if training:
        for row in training_figures(report):
            yield "training", row


def _baseline(source: TrainedModel, file_format: str, convert: Callable[[keras.Model], bytes], folder: Path) -> Path:
    path = folder / f"baseline.{file_format}"
    described = dataclasses.replace(source.description, format=file_format)
    path.write_bytes(attach(convert(source.model), described))
    return path
