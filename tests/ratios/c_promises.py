"""The figures that a folder of C promises: a clip, a cold start and memory, beside those of Python."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from genrekit.bench.measure.c_program import int16, make_program, pcm_file, run, stream
from genrekit.bench.measure.machine import peak_memory_bytes
from genrekit.bench.measure.processes import run_process
from genrekit.runtime import read_description
from genrekit.toolkit.exporting.export_run import Variant

from .streaming import COMMAND, STRIDE_S, measure_starts, peak_of_command
from .streaming_promises import COLD_STARTS

FAST, PLAIN = "-O3 -march=native", "-O2"  # CFLAGS
MODELS = {"mlp": 1.0, "mlp-regularized": 1.0, "cnn": 1.0, "lstm": 0.8}  # the least that the best of Python / C is
NUMPYS = {FAST: 2.5, PLAIN: 1.8}
PUSHES = 50  # into the stream whose memory is read


def c_figures(
    export: Callable[[str, Variant], Path], audio: Path, folder: Path, calls: int
) -> Iterator[dict[str, Any]]:
    """Measure them, model by model; one thread.

    Args:
        export: makes a file of a model, or of format "c" a folder.
        audio: a clip that `genrekit classify` and `genrekit stream` read.
        folder: for the programs.
        calls: timed calls of each.

    Yields:
        Rows {"name", "at_least" or nothing, "value"}; those of ratios also as `paired_timing.measure_calls`.
    """
    for model, target in MODELS.items():
        floating, quantised = (export(model, Variant("c", precision)) for precision in ("float32", "int8"))
        programs = {flags: _made(floating, folder, flags) for flags in (FAST, PLAIN)}
        found = _measured(
            files=[str(export(model, Variant(file_format, "float32"))) for file_format in ("tflite", "onnx")],
            programs={flags: str(program) for flags, program in programs.items()},
            quantised=str(_made(quantised, folder, FAST)),
            calls=calls,
        )
        if model == "cnn":
            for flags, least in NUMPYS.items():
                yield _ratio(f"{model} float32: LiteRT with numpy / C, {flags}", found["numpy"][flags], at_least=least)
            yield from _process_figures(export(model, Variant("tflite", "float32")), floating, programs[FAST], audio)
        yield _ratio(f"{model} float32: best of Python / C, {FAST}", found["best"][FAST], at_least=target)
        yield _ratio(f"{model} float32: best of Python / C, {PLAIN}", found["best"][PLAIN])
        yield _ratio(f"{model} in C: int8 / float32, {FAST}", found["int8"])


def _made(source: Path, folder: Path, flags: str) -> Path:
    return make_program(source, folder / f"{source.name} {flags}", flags=flags)


def _process_figures(file: Path, source: Path, program: Path, audio: Path) -> Iterator[dict[str, Any]]:
    config = read_description(source).front_end
    noise = int16(np.random.default_rng(0).normal(0, 0.1, config.window_samples).astype(np.float32))
    with pcm_file([noise]) as pcm:
        python = functools.partial(run_process, COMMAND, ["classify", str(file), str(audio)])
        starts = measure_starts(python, functools.partial(run, program, pcm=pcm), COLD_STARTS)
    yield _ratio("cold start, cnn float32: genrekit classify / classify", starts, at_least=50.0)
    with stream(program, config, STRIDE_S) as (process, push):
        for _ in range(PUSHES):
            push(noise)
        ours = peak_memory_bytes(process) or 0
    pythons = peak_of_command(["stream", str(file), str(audio)])
    memory = {"python_bytes": pythons, "c_bytes": ours}
    name = "resident memory, cnn float32: genrekit stream / classify"
    yield {"name": name, "value": pythons / ours if ours else None, "at_least": 20.0, **memory}


def _measured(**job: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run_process("tests.ratios.c_folder", text=json.dumps(job)).splitlines()[-1])
    return found


def _ratio(name: str, measured: Mapping[str, Any], **target: float) -> dict[str, Any]:
    return {"name": name, "value": measured["ratio"], **target, **measured}
