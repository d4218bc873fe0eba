"""The figures that files which take audio promise, beside files for features and the DFT as one matrix."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from genrekit.bench.measure.processes import run_process
from genrekit.converters.attach import attach, without_description
from genrekit.converters.audio_input.join import for_audio, mfcc_model
from genrekit.converters.formats import Conversion
from genrekit.runtime import read_description
from genrekit.toolkit.exporting.export_run import Variant

from .baselines import one_matrix_onnx, one_matrix_tflite

FORMATS = {"tflite": ("LiteRT", "litert", one_matrix_tflite), "onnx": ("onnxruntime", "onnx", one_matrix_onnx)}
MOST_BYTES = 150_000


def audio_figures(export: Callable[[str, Variant], Path], folder: Path, calls: int) -> Iterator[dict[str, Any]]:
    """Measure them; one thread.

    Args:
        export: makes a file of a model.
        folder: for what else is made.
        calls: timed calls of each.

    Yields:
        Rows {"name", "at_most", "value"}; those of ratios also as `paired_timing.measure_calls`.
    """
    for file_format, (library, engine, one_matrix) in FORMATS.items():
        plain = export("cnn", Variant(file_format, "float32"))
        description = read_description(plain)
        conversion, says = for_audio(Conversion(without_description(plain.read_bytes())), description, 1)
        files = {
            "audio": attach(conversion.data, says),
            "two_stages": attach(mfcc_model(description), description),
            "one_matrix": attach(one_matrix(description.front_end), description),
        }
        paths = {name: folder / f"{name}.{file_format}" for name in files}
        for name, data in files.items():
            paths[name].write_bytes(data)
        job = {"plain": str(plain), "engine": engine, "calls": calls, **{key: str(path) for key, path in paths.items()}}
        lines = run_process("tests.ratios.audio_files", text=json.dumps(job)).splitlines()
        found = json.loads(lines[-1])
        yield _ratio(f"clip, CNN float32 in {library}: audio file / numpy and features file", found["clip"], 1.6)
        yield _ratio(f"front end in {library}: two stages / one DFT matrix", found["front_end"], 0.35)
        added = paths["audio"].stat().st_size - plain.stat().st_size
        yield {"name": f"bytes of the front end, {file_format}", "value": added, "at_most": MOST_BYTES}


def _ratio(name: str, measured: dict[str, Any], at_most: float) -> dict[str, Any]:
    return {"name": name, "value": measured["ratio"], "at_most": at_most, **measured}
