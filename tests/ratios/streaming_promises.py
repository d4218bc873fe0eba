"""The figures that the runtime promises: what MFCC, a clip, a stream, an extraction and a cold start cost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from genrekit.bench.measure.processes import run_process
from genrekit.toolkit.demo_corpus import make_demo_corpus
from genrekit.toolkit.exporting.export_run import Variant
from genrekit.toolkit.training.run_folder import MODEL

from .streaming import measure_cold_start

COLD_STARTS = 5
TRACKS_PER_GENRE = 2
SECOND_MS = 1000.0
MEGABYTE = 1e6


def streaming_figures(
    runs: Path, export: Callable[[str, Variant], Path], folder: Path, calls: int
) -> list[dict[str, Any]]:
    """Measure them; one thread.

    Args:
        runs: folder with the runs.
        export: makes a file of a model.
        folder: for what else is made.
        calls: timed calls of each.

    Returns:
        Rows {"name", "at_most" or "at_least" or neither, "value"}; those of ratios also as
        `paired_timing.measure_calls`.
    """
    files = (("cnn", "float32"), ("cnn", "int8"), ("mlp", "int8"))
    cnn, cnn_int8, mlp_int8 = (export(model, Variant("tflite", precision)) for model, precision in files)
    models = {"stream_model": str(cnn), "clip_model": str(mlp_int8), "keras_model": str(runs / "mlp" / MODEL)}
    found = _measured("tests.ratios.streaming", **models, calls=calls)
    make_demo_corpus(folder / "demo", TRACKS_PER_GENRE, seed=0, jobs=-1)
    tracks = [str(path) for path in sorted((folder / "demo").glob("*/*.wav"))]
    forms = _measured("tests.ratios.front_end_forms", model=str(cnn), tracks=tracks, calls=calls)
    cold = measure_cold_start(cnn_int8, clip_of_noise(folder), COLD_STARTS)
    stream_ms, cold_ms = np.median(found["chunks"]["second_ms"]), np.median(cold["second_ms"])
    return [
        _ratio("MFCC of 3 s: librosa / ours", found["mfcc"], at_least=10.0),
        _ratio("MFCC of 3 s: numpy / C", forms.pop("mfcc"), at_least=3.2),
        _ratio("clip to label, CNN float32: numpy / C", forms.pop("clip"), at_least=2.6),
        _ratio("a second of a stream, CNN float32: numpy / C", forms.pop("stream"), at_least=2.0),
        _ratio("extraction of a demo track: numpy / C", forms.pop("track")),
        *(_ratio(f"MFCC of 3 s: numpy / C with {name.split()[-1]} instructions", row) for name, row in forms.items()),
        {"name": "CNN float32, a second of a stream, of real time", "value": stream_ms / SECOND_MS, "at_most": 0.0004},
        _ratio("the same in chunks of a hop / of a second", found["chunks"], at_most=3.0),
        _ratio("clip to label: librosa and Keras / ours, MLP int8", found["clip"], at_least=90.0),
        {"name": "cold start: classify with CNN int8, s", "value": cold_ms / SECOND_MS, "at_most": 0.4},
        {"name": "cold start: memory, MB", "value": cold["peak_rss_bytes"] / MEGABYTE, "at_most": 75.0},
        _ratio("cold start: importing TensorFlow / classify", cold, at_least=10.0),
    ]


def _measured(program: str, **job: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run_process(program, text=json.dumps(job)).splitlines()[-1])
    return found


def _ratio(name: str, measured: dict[str, Any], **target: float) -> dict[str, Any]:
    return {"name": name, "value": measured["ratio"], **target, **measured}


def clip_of_noise(folder: Path) -> Path:
    """A file of 3 s at 22050 Hz, in `folder`."""
    path = folder / "noise.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 3 * 22050), 22050)
    return path
