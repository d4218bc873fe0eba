"""Each warning is raised by its cause, with the numbers, and by nothing else."""

import dataclasses

import numpy as np
import pytest

from genrekit.bench.results.stats import summary
from genrekit.bench.results.warnings import findings

from ..conftest import bench_of, failed_row, front_end_row, in_c, row_of


def test_a_sound_row_raises_no_warning():
    row = row_of()
    assert findings(row, bench_of(row)) == ()


def test_a_failed_row_has_its_error_and_no_warnings():
    row = failed_row()
    assert findings(row, bench_of(row, clips={"demo": True})) == ()


WIDE = [np.geomspace(1.4, 2.8, 300).tolist()] * 5
ROUNDS_APART = [[2.0] * 60] * 4 + [[2.22] * 14]


@pytest.mark.parametrize(
    ("kind", "row", "context", "numbers"),
    [
        ("few-calls", {"n": 99}, {}, ["99 timed calls", "--calls 100"]),
        ("few-calls", {"n": 110}, {}, ["0.77 s", "--seconds 1"]),
        ("few-rounds", {"rounds": 2}, {}, ["2 processes", "--rounds 3"]),
        ("spread", {"clip_ms": WIDE}, {}, ["35% of the median", "at most 10%"]),
        ("rounds-differ", {"clip_ms": ROUNDS_APART}, {}, ["from 2 to 2.22 ms", "--rounds"]),
        ("other-load", {"other_load_cores": 1.26}, {}, ["1.3 of 4 cores", "at most 0.2"]),
        ("throttling", {}, {"machine": {"throttling": ("under-voltage now",)}}, ["under-voltage now", "power supply"]),
        ("functional-engine", {"engine": "micro"}, {}, ["reference kernels", "on the board"]),
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
        ("too-few-windows", {"parity_reasons": ("181 windows are too few",)}, {}, ["181 windows are too few"]),
        ("low-agreement", {"agreement": 0.9}, {}, ["20 of 200 clips", "90.0%"]),
    ],
)
def test_a_warning_is_raised_by_its_cause_alone(kind, row, context, numbers):
    rounds = row.pop("clip_ms", None)
    row = row_of(**row)
    if rounds:
        row = dataclasses.replace(row, clip_ms=summary(rounds))
    (finding,) = findings(row, bench_of(row, **context))
    assert finding.kind == kind
    for number in numbers:
        assert number in finding.text


@pytest.mark.parametrize(
    "row",
    [
        {"n": 170, "rounds": 3},
        {"first_call_ms": 19.9},
        {"agreement": 0.95},
        {"other_load_cores": 0.2},
        {"other_load_cores": None},
        {"clip_ms": 2.0, "model_ms": 0.5},
    ],
)
def test_what_lies_on_the_limit_is_trusted(row):
    row = row_of(**row)
    assert findings(row, bench_of(row, machine={"governor": "performance"})) == ()


def test_a_quantised_file_slower_than_its_float_twin_is_named():
    floating, slow = row_of(model_ms=0.1), row_of("cnn-int8.onnx", model_ms=0.2)
    (finding,) = findings(slow, bench_of(slow, floating))
    assert finding.kind == "quantised-slower"
    assert "2.00 times as long as cnn-float32.onnx" in finding.text
    assert "0.200 against 0.100 ms" in finding.text
    assert findings(floating, bench_of(slow, floating)) == ()


def test_of_folders_of_c_whole_clips_are_compared():
    floating, slow = in_c(row_of("cnn-float32.c", clip_ms=1.0)), in_c(row_of("cnn-int8.c", clip_ms=3.0))
    (finding,) = findings(slow, bench_of(slow, floating))
    assert finding.kind == "quantised-slower"
    assert "3.00 times as long as cnn-float32.c" in finding.text


# Faster on the whole, but not in every round.
NOISY = summary([[value] * 60 for value in (0.1, 0.1, 0.25, 0.1, 0.2)])


@pytest.mark.parametrize(
    "other",
    [
        row_of("mlp-float32.onnx", model_ms=0.1),
        row_of("cnn-float32.tflite", model_ms=0.1),
        row_of(model_ms=0.1, threads=2),
        row_of("cnn-float16.onnx", model_ms=0.1),
        row_of(model_ms=0.19),
        dataclasses.replace(row_of(), model_ms=NOISY),
        dataclasses.replace(row_of(), front_end_ms=None, model_ms=None, error="crashed"),
    ],
)
def test_only_a_float_twin_of_the_same_model_format_and_threads_counts(other):
    row = row_of("cnn-int8.onnx", model_ms=0.19)
    assert findings(row, bench_of(row, other)) == ()


def test_a_front_end_alone_is_not_doubted_for_its_accuracy():
    row = front_end_row(accuracy=None, agreement=None, first_call_ms=3.0)
    assert findings(row, bench_of(row, clips={"demo": True, "tracks_in_training": True})) == ()
