"""Results that the tests of what is shown share."""

import dataclasses
from pathlib import Path

from genrekit.bench.measure.plan import Case, TrainingReference, TrainingRow
from genrekit.bench.results.build import blank_row
from genrekit.bench.results.recommend import recommendations
from genrekit.bench.results.values import BenchWarning
from genrekit.runtime.util.proportions import wilson_interval

from ..conftest import bench_of, row_of

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


REFERENCE = TrainingReference("the paper", "i7-8550U", 6400, {"mlp": 1, "cnn": 18, "lstm": 28})


def bench_of_24():
    training = [TrainingRow(model, 1.25 + index, "15 epochs", 500) for index, model in enumerate(MODELS)]
    failed = dataclasses.replace(blank_row(Case(Path("odd-int8.tflite"))), error="the process was ended by SIGSEGV")
    demo = BenchWarning("demo-corpus", "not music")
    rows = [dataclasses.replace(row, warnings=(demo,)) for row in all_24()]
    rows[0] = dataclasses.replace(rows[0], warnings=(BenchWarning("spread", "wide by 20%"), demo))
    bench = bench_of(*rows, failed, clips={"demo": True}, training=training, training_reference=REFERENCE)
    return dataclasses.replace(bench, recommendations=recommendations(bench))
