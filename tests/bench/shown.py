"""Results that the tests of what is shown share."""

from pathlib import Path

from genrekit.bench.measure.cases import Case
from genrekit.bench.results.build import empty_row
from genrekit.runtime.util.proportions import wilson_interval

from .conftest import bench_of, row_of

MODELS = {"mlp": 0.6, "mlp-regularized": 0.65, "cnn": 0.7, "lstm": 0.64}
PRECISIONS = {"tflite": ("float32", "float16", "dynamic", "int8"), "onnx": ("float32", "int8")}


def all_24():
    return [
        row_of(
            f"{model}-{precision}.{suffix}",
            accuracy=accuracy,
            accuracy_interval=wilson_interval(accuracy, 200),
            clip_ms=1.5 + accuracy,
            model_ms=0.1234,
        )
        for model, accuracy in MODELS.items()
        for suffix, precisions in PRECISIONS.items()
        for precision in precisions
    ]


def bench_of_24():
    training = [
        {"model": model, "seconds_per_epoch": 1.25 + place, "segments": 500, "source": "15 epochs"}
        for place, model in enumerate(MODELS)
    ]
    failed = {**empty_row(Case(Path("odd-int8.tflite"))), "error": "the process was ended by SIGSEGV"}
    rows = all_24()
    rows[0]["warnings"] = [{"kind": "spread", "text": "wide by 20%"}]
    for row in rows:
        row["warnings"] = [*row["warnings"], {"kind": "demo-corpus", "text": "not music"}]
    return bench_of(*rows, failed, clips={"demo": True}, training=training)
