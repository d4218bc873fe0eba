"""Each doubt is raised by its cause, with the numbers, and by nothing else."""

import pytest

from genrekit.bench.checks import findings
from genrekit.bench.stats import summary

from .conftest import bench_of, row_of


def test_a_sound_row_raises_no_doubt():
    row = row_of()
    assert findings(row, bench_of(row)) == []


def test_a_failed_row_has_its_error_and_no_doubts():
    row = row_of(clip_ms=2.0, error="no engine")
    assert findings(row, bench_of(row, clips={"demo": True})) == []


WIDE = [1.0] * 40 + [2.0] * 60


@pytest.mark.parametrize(
    ("kind", "row", "context", "numbers"),
    [
        ("few-runs", {"n": 99}, {}, ["99 timed calls", "--runs 100"]),
        ("spread", {"clip_ms_raw": WIDE}, {}, ["50% of the median", "at most 10%"]),
        ("first-call", {"first_call_ms": 40.2}, {}, ["40.2 ms", "20 times"]),
        ("cold-start", {"cold_start_error": "code 2: no such option"}, {}, ["code 2: no such option"]),
        ("governor", {}, {"machine": {"governor": "powersave"}}, ["powersave", "cpupower"]),
        ("demo-corpus", {}, {"clips": {"demo": True}}, ["synthetic", "--data"]),
        ("demo-corpus", {"trained_on_demo": True}, {}, ["synthetic"]),
        ("tracks-in-training", {}, {"clips": {"tracks_in_training": True}}, ["track, test part", "--split track"]),
        ("no-reference", {"agreement": None}, {}, ["model.keras of cnn", "genrekit train"]),
        (
            "no-reference",
            {"agreement": None, "reference_error": "tensorflow is missing"},
            {},
            ["tensorflow is missing"],
        ),
        ("low-agreement", {"agreement": 0.9}, {}, ["20 of 200 clips", "90.0%"]),
    ],
)
def test_a_doubt_is_raised_by_its_cause_alone(kind, row, context, numbers):
    raw = row.pop("clip_ms_raw", None)
    row = row_of(**row)
    if raw:
        row["clip_ms"] = summary(raw)
    (finding,) = findings(row, bench_of(row, **context))
    assert finding.kind == kind
    for number in numbers:
        assert number in finding.text


@pytest.mark.parametrize(
    "row", [{"n": 100}, {"first_call_ms": 19.9}, {"agreement": 0.95}, {"clip_ms": 2.0, "model_ms": 0.5}]
)
def test_what_lies_on_the_limit_is_trusted(row):
    row = row_of(**row)
    assert findings(row, bench_of(row, machine={"governor": "performance"})) == []


def test_a_quantised_file_slower_than_its_float_twin_is_named():
    floating, slow = row_of(model_ms=0.1), row_of("cnn-int8.onnx", model_ms=0.2)
    (finding,) = findings(slow, bench_of(slow, floating))
    assert finding.kind == "quantised-slower"
    assert "2.0 times as long as cnn-float32.onnx" in finding.text
    assert "0.200 against 0.100 ms" in finding.text
    assert findings(floating, bench_of(slow, floating)) == []


@pytest.mark.parametrize(
    "other",
    [
        row_of("mlp-float32.onnx", model_ms=0.1),
        row_of("cnn-float32.tflite", model_ms=0.1),
        row_of(model_ms=0.1, threads=2),
        row_of("cnn-float16.onnx", model_ms=0.1),
        row_of(model_ms=0.19),
        row_of(front_end_ms=None, model_ms=0.1) | {"model_ms": None, "error": "crashed"},
    ],
)
def test_only_a_float_twin_of_the_same_model_format_and_threads_counts(other):
    row = row_of("cnn-int8.onnx", model_ms=0.19)
    assert findings(row, bench_of(row, other)) == []


def test_a_front_end_alone_is_not_doubted_for_its_accuracy():
    row = row_of(accuracy=None, agreement=None, clip_ms=2.0) | {"clip_ms": None, "model_ms": None, "first_call_ms": 3.0}
    assert findings(row, bench_of(row, clips={"demo": True, "tracks_in_training": True})) == []
