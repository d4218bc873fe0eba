"""What each quantisation step is worth: python -m tests.ratios.quantization_steps RUNS... --out ROWS.jsonl.

Converts every model of the folders RUNS with all steps, without each one, and with none, and compares each file with
its Keras model on the windows that the run keeps for that. Rows that the file already holds are not made again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any
from unittest import mock

import numpy as np
import typer

from genrekit.converters.attach import attach
from genrekit.converters.trained_model import TrainedModel
from genrekit.converters.verify.parity import compare
from genrekit.converters.verify.subprocess_engine import predict

FORMATS = {"tflite": "litert", "onnx": "onnx"}
PRECISIONS = ("dynamic", "int8")
# What stands in for each step, where it is looked up.
SKIPPED: dict[str, dict[str, Callable[..., Any]]] = {
    "gptq": {
        "genrekit.converters.tflite.convert.rounded_copy": lambda model, features, rule: model,
        "genrekit.converters.onnx.convert.rounded_copy": lambda model, features, rule: model,
    },
    "narrow logits": {"genrekit.converters.tflite.convert.with_narrow_logits": lambda model, features: model},
    "input scaling": {"genrekit.converters.trained_model.TrainedModel.prepared_for": lambda model, precision: model},
}


def steps_of(trained: TrainedModel, file_format: str, precision: str) -> list[str]:
    """The steps that take part in a conversion."""
    steps = ["gptq"]
    if (file_format, precision) == ("tflite", "int8"):
        steps.append("narrow logits")
    if trained.description.normalization is None:
        steps.append("input scaling")
    return steps


def variants(steps: list[str]) -> dict[str, list[str]]:
    """Name of each variant -> the steps that it leaves out."""
    return {"all": [], **{f"without {step}": [step] for step in steps}, "none": steps}


@contextlib.contextmanager
def without(steps: list[str]) -> Iterator[None]:
    """While the block runs, conversions leave these steps out."""
    with contextlib.ExitStack() as stack:
        for step in steps:
            for target, stand_in in SKIPPED[step].items():
                stack.enter_context(mock.patch(target, stand_in))
        yield


def measure(trained: TrainedModel, file_format: str, precision: str, skipped: list[str]) -> dict[str, Any]:
    """A row: how much the file differs from Keras, and how long its conversion took."""
    from genrekit.converters import convert_onnx, convert_tflite

    convert = convert_tflite if file_format == "tflite" else convert_onnx
    with without(skipped), tempfile.TemporaryDirectory() as folder:
        prepared = trained.prepared_for(precision)
        start = time.perf_counter()
        data = convert(prepared.model, precision, prepared.calibration.features).data
        seconds = time.perf_counter() - start
        path = Path(folder) / f"model.{file_format}"
        path.write_bytes(attach(data, dataclasses.replace(prepared.description, format=file_format)))
        found = predict(path, prepared.windows.features, FORMATS[file_format])
    parity = compare(prepared.windows.reference, found, prepared.windows.labels)
    return {**dataclasses.asdict(parity), "seconds": seconds, "bytes": len(data)}


def main(
    runs: Annotated[list[Path], typer.Argument(metavar="RUNS...", help="Folders with one run a model.")],
    out: Annotated[Path, typer.Option(help="The rows, one JSON object a line.")],
) -> None:
    """Measure, then print the table."""
    from genrekit.toolkit.exporting.export_run import source_of
    from genrekit.toolkit.training.run_folder import load_run

    rows = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    done = {tuple(row["key"]) for row in rows}
    for folder in runs:
        for run_folder in sorted(path for path in folder.iterdir() if (path / "model.keras").is_file()):
            run = load_run(run_folder)
            trained = source_of(run, run.export_features())
            for file_format in FORMATS:
                for precision in PRECISIONS:
                    for name, skipped in variants(steps_of(trained, file_format, precision)).items():
                        key = (str(folder), run.description.model, file_format, precision, name)
                        if key not in done:
                            row = {"key": key, **measure(trained, file_format, precision, skipped)}
                            rows.append(row)
                            with out.open("a") as file:
                                file.write(json.dumps(row) + "\n")
    print(table(rows))


def table(rows: list[dict[str, Any]]) -> str:
    """Means over the models of each folder; the agreement of all their windows; the smallest p of an accuracy loss."""
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        folder, _, file_format, precision, name = row["key"]
        groups[folder, file_format, precision, name].append(row)
    lines = [
        f"{'runs':<28} {'file':<15} {'steps':<22} {'max error':>9} {'mean':>8} {'agreement':>9} {'least p':>8} {'s':>5}"
    ]
    for (folder, file_format, precision, name), group in groups.items():
        windows = [row["windows"] for row in group]
        agreement = np.average([row["top1_agreement"] for row in group], weights=windows)
        largest, mean, seconds = (
            float(np.mean([row[key] for row in group])) for key in ("max_abs_error", "mean_abs_error", "seconds")
        )
        least = min(row["less_accurate_p"] for row in group)
        lines.append(
            f"{folder[-28:]:<28} {file_format + ' ' + precision:<15} {name:<22} {largest:9.4f} {mean:8.5f} "
            f"{agreement:9.2%} {least:8.3f} {seconds:5.1f}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    typer.run(main)
