"""Which file is recommended, and what is said of how sure that is."""

import pytest

from genrekit.bench.report.advice import precision_lines, recommendation_lines, recommendation_text
from genrekit.bench.results.recommend import recommendations
from genrekit.runtime.util.proportions import wilson_interval

from ..conftest import bench_of, failed_row, front_end_row, in_c, row_of


def row(file, clip_ms, accuracy, size=190_000, count=200, **changes):
    interval = wilson_interval(accuracy, count)
    return row_of(file, clip_ms=clip_ms, accuracy=accuracy, accuracy_interval=interval, bytes=size, **changes)


def advice(*rows, **kinds):
    return {found.goal: found for found in recommendations(bench_of(*rows, **kinds))}


def sentences(*rows, **kinds):
    bench = bench_of(*rows, **kinds)
    return {found.goal: recommendation_text(bench, found) for found in recommendations(bench)}


def test_each_goal_has_its_file():
    small, fast, exact, middle = (
        row("small-int8.tflite", 4.0, 0.5, 50_000),
        row("fast-float32.tflite", 1.0, 0.4),
        row("exact-float32.tflite", 8.0, 0.9),
        row("middle-float32.tflite", 2.0, 0.8),
    )
    found = advice(small, fast, exact, middle)
    assert {goal: one.index for goal, one in found.items()} == {
        "smallest": 0,
        "fastest": 1,
        "most accurate": 2,
        "best on the front": 3,
    }
    assert found["smallest"].case == "small-int8.tflite"
    said = sentences(small, fast, exact, middle)
    assert said["smallest"] == ("The smallest is small-int8.tflite: 50.0 kB on disk, 4.00 ms a clip, accuracy 0.500.")
    assert "3 of 4 files are beaten by none in both" in said["best on the front"]


def test_the_front_is_seen_in_logarithms_and_over_the_range_of_all_files():
    """Costs 1, 10 and 100 with worths 0, 0.6 and 1: scaled, the middle lies at (0.5, 0.6), 0.64 from the corner."""
    rows = [row("a-float32.onnx", 1.0, 0.2), row("b-float32.onnx", 10.0, 0.68), row("c-float32.onnx", 100.0, 1.0)]
    assert advice(*rows)["best on the front"].case == "b-float32.onnx"
    linear = [row("a-float32.onnx", 1.0, 0.2), row("b-float32.onnx", 50.0, 0.36), row("c-float32.onnx", 100.0, 1.0)]
    assert advice(*linear)["best on the front"].case == "a-float32.onnx"  # b: 0.85 of the time, 0.8 short


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ([1.0, 1.0, 2.0], "1 of the other 2 is measurably slower, 1 is not."),
        ([1.0, 1.0, 1.0], "None of the other 2 is measurably slower."),
        ([1.0, 2.0, 3.0], "All other 2 are measurably slower."),
        ([1.0, 2.0], "The other one is measurably slower."),
        ([1.0], "accuracy 0.700."),
    ],
)
def test_the_fastest_says_how_many_are_as_fast(times, said):
    rows = [row(f"m{index}-float32.onnx", time, 0.7) for index, time in enumerate(times)]
    assert sentences(*rows)["fastest"].endswith(said)


def test_ratios_of_single_processes_are_doubted():
    rows = [row(f"m{time}-float32.onnx", time, 0.7, rounds=1) for time in (1.0, 2.0)]
    assert "processes differ: measure with --rounds 3" in sentences(*rows)["fastest"]


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ([0.79, 0.3], "1 of the other 2 overlaps with it. 200 clips are too few to tell it apart from it."),
        ([0.79, 0.78], "all other 2 overlap with it. 200 clips are too few to tell these apart from it."),
        ([0.3, 0.2], "none of the other 2 overlap with it."),
    ],
)
def test_the_most_accurate_says_what_the_clips_can_tell(others, said):
    rows = [row(f"m{accuracy}-float32.onnx", 1.0, accuracy) for accuracy in (0.8, *others)]
    text = sentences(*rows)["most accurate"]
    assert "0.800 of 200 clips (95 % interval 0.739 to 0.850)" in text  # Wilson's, by hand
    assert text.endswith(said)


def test_of_equally_accurate_files_the_faster_is_taken():
    found = advice(row("slow-float32.onnx", 2.0, 0.8), row("quick-float32.onnx", 1.0, 0.8))
    assert found["most accurate"].case == "quick-float32.onnx"


def test_accuracy_on_the_demo_corpus_says_nothing():
    rows = row("a-float32.onnx", 1.0, 0.8), row("b-float32.onnx", 2.0, 0.9)
    for goal, text in sentences(*rows, clips={"demo": True}).items():
        assert ("says nothing about music" in text) is (goal in ("most accurate", "best on the front"))
    assert "music" not in "".join(sentences(*rows).values())


def test_only_measured_results_on_real_engines_take_part():
    rows = [
        failed_row("failed-int8.tflite"),
        row("micro-int8.tflite", 0.7, 0.99, 2, engine="micro"),
        row("real-int8.tflite", 2.0, 0.5),
    ]
    baseline = row("keras-float32.keras", 0.6, 0.99, 1, front_end="librosa")
    assert {found.index for found in advice(*rows, baselines=[baseline]).values()} == {2}


@pytest.mark.parametrize("rows", [[], [front_end_row()]])
def test_without_times_of_clips_there_is_no_advice(rows):
    assert recommendations(bench_of(*rows)) == ()


def test_what_int8_takes_in_c_is_told_whichever_is_faster():
    floating, slow, fast, alone = (
        in_c(row("cnn-float32.c", 2.0, 0.8, 300_000)),
        in_c(row("cnn-int8.c", 4.0, 0.8, 150_000)),
        in_c(row("cnn-int8.c", 1.0, 0.8, 150_000)),
        in_c(row("mlp-int8.c", 1.0, 0.8, 90_000)),
    )
    rows = floating, slow, alone, row("cnn-float32.tflite", 1.5, 0.8)
    (line,) = precision_lines(bench_of(*rows))
    assert line.startswith(
        "In C on this machine, cnn-int8.c beside cnn-float32.c: 2.00 times as slow (95 % interval of"
    )
    assert line.endswith("150 kB of code and constants against 300 kB.")
    assert "mlp-int8.c: 90.0 kB of code and constants" in sentences(*rows)["smallest"]
    bench = bench_of(floating, fast)
    (line,) = precision_lines(bench)
    assert "2.00 times as fast" in line
    assert recommendation_lines(bench)[-1] == line
