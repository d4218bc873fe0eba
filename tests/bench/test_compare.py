"""Two bench files beside each other."""

import io

import numpy as np
import pytest
from rich.console import Console

from genrekit.bench.compare import compare, comparison_markdown, comparison_table
from genrekit.bench.stats import summary

from .conftest import bench_of, row_of


def noisy(milliseconds, seed, **changes):
    raw = milliseconds * np.random.default_rng(seed).normal(1, 0.05, 100)
    return row_of(**changes) | {"clip_ms": summary(list(raw))}


def test_the_same_results_do_not_differ():
    bench = bench_of(noisy(2, 0))
    (row,) = compare(bench, bench)
    assert row["ratio"] == 1
    assert row["low"] <= 1 <= row["high"]
    assert row["verdict"] == "no difference"


def test_chance_is_no_difference():
    (row,) = compare(bench_of(noisy(2, 1)), bench_of(noisy(2, 2)))
    assert row["verdict"] == "no difference"


@pytest.mark.parametrize(("factor", "verdict"), [(2, "B is 2.0"), (0.5, "B is 2.0")])
def test_a_difference_is_told_with_its_direction(factor, verdict):
    (row,) = compare(bench_of(noisy(2, 1)), bench_of(noisy(2 * factor, 2)))
    assert row["ratio"] == pytest.approx(factor, rel=0.03)
    assert row["low"] < row["ratio"] < row["high"]
    assert not row["low"] <= 1 <= row["high"]
    assert row["verdict"].endswith("times as slow" if factor > 1 else "times as fast")


def test_small_differences_are_found_in_steady_values():
    (row,) = compare(bench_of(noisy(2, 1)), bench_of(noisy(2.1, 2)))
    assert row["low"] > 1


def test_cases_are_matched_by_what_they_are():
    a = bench_of(noisy(1, 1), noisy(2, 2, file="cnn-int8.onnx"), noisy(4, 3, threads=2))
    b = bench_of(noisy(4, 4, threads=2), noisy(1, 5), noisy(3, 6, file="lstm-int8.onnx"))
    rows = {row["case"]: row for row in compare(a, b)}
    assert rows["cnn-float32.onnx"]["ratio"] == pytest.approx(1, rel=0.05)
    assert rows["cnn-float32.onnx, 2 threads"]["ratio"] == pytest.approx(1, rel=0.05)
    assert rows["cnn-int8.onnx"]["verdict"] == "missing in B"
    assert rows["lstm-int8.onnx"]["verdict"] == "missing in A"
    assert rows["lstm-int8.onnx"]["ratio"] is None
    assert len(rows) == 4


def test_a_second_file_of_the_same_kind_is_compared_with_a_second_one():
    a, b = bench_of(noisy(1, 1), noisy(5, 2)), bench_of(noisy(1, 3), noisy(5, 4))
    assert [row["ratio"] for row in compare(a, b)] == [pytest.approx(1, rel=0.05)] * 2


def test_failures_are_named_by_their_side():
    failed = {**row_of(error="crashed"), "clip_ms": None, "front_end_ms": None}
    assert compare(bench_of(row_of()), bench_of(failed))[0]["verdict"] == "failed in B"
    assert compare(bench_of(failed), bench_of(failed))[0]["verdict"] == "failed in A; failed in B"
    assert compare(bench_of(failed), bench_of())[0]["verdict"] == "failed in A; missing in B"


def test_unsteady_times_are_doubted():
    unsteady = noisy(4, 2) | {"warnings": [{"kind": "spread", "text": ""}]}
    (row,) = compare(bench_of(noisy(2, 1)), bench_of(unsteady))
    assert row["verdict"].endswith("times as slow, but B unsteady: measure again")
    (row,) = compare(bench_of(unsteady), bench_of(unsteady))
    assert row["verdict"] == "no difference, but A and B unsteady: measure again"


def test_baselines_and_front_ends_alone_are_compared_too():
    alone = {**row_of(), "clip_ms": None, "model_ms": None}
    bench = bench_of(alone, baselines=[row_of("cnn-float32.keras", front_end="librosa")])
    assert [row["verdict"] for row in compare(bench, bench)] == ["no difference"] * 2


def test_both_renderings_hold_every_row():
    rows = compare(bench_of(noisy(2, 1)), bench_of(noisy(4, 2), noisy(1, 3, file="mlp-int8.onnx")))
    console = Console(width=100, file=io.StringIO())
    console.print(comparison_table(rows))
    for shown in (console.file.getvalue(), comparison_markdown(rows)):
        assert "cnn-float32.onnx" in shown
        assert "times as slow" in shown
        assert "missing in A" in shown
        assert f"{rows[0]['ratio']:.3f}" in shown
        assert f"{rows[0]['low']:.3f} to {rows[0]['high']:.3f}" in shown
