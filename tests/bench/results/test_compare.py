"""Bench files beside one another."""

import dataclasses
import io

import numpy as np
import pytest
from rich.console import Console

from genrekit.bench.report.comparison import comparison_markdown, comparison_tables, legend, verdict_line
from genrekit.bench.results.compare import compare, is_measured, regressions
from genrekit.bench.results.stats import summary
from genrekit.bench.results.values import BenchWarning

from ..conftest import bench_of, failed_row, front_end_row, row_of


def noisy(milliseconds, seed, rounds=5, **changes):
    """A row whose clip times and rounds wander by 5 and 2 %."""
    generator = np.random.default_rng(seed)
    middles = milliseconds * generator.normal(1, 0.02, rounds)
    values = [(middle * generator.normal(1, 0.05, 40)).tolist() for middle in middles]
    return dataclasses.replace(row_of(**changes), clip_ms=summary(values))


def cases(*benches):
    return compare(benches).cases


def test_the_same_results_do_not_differ():
    bench = bench_of(noisy(2, 0))
    comparison = compare([bench, bench])
    (row,) = comparison.cases
    assert row.times["clip_ms"].ratio == 1
    assert row.verdict == "no difference"
    assert comparison.changes == comparison.versions == ()
    assert regressions(comparison, 1.01) == []


def test_chance_is_no_difference():
    (row,) = cases(bench_of(noisy(2, 1)), bench_of(noisy(2, 2)))
    assert row.verdict == "no difference"


@pytest.mark.parametrize("rounds", [1, 5])
@pytest.mark.parametrize("factor", [2, 0.5])
def test_a_difference_is_reported_with_its_direction(factor, rounds):
    (row,) = cases(bench_of(noisy(2, 1, rounds)), bench_of(noisy(2 * factor, 2, rounds)))
    ratio = row.times["clip_ms"]
    assert ratio.ratio == pytest.approx(factor, rel=0.08)
    assert ratio.low < ratio.ratio < ratio.high
    assert not ratio.low <= 1 <= ratio.high
    assert row.verdict == ("slower" if factor > 1 else "faster")
    assert verdict_line(row).endswith("times as slow" if factor > 1 else "times as fast")


def test_every_kind_of_time_that_both_have_is_compared():
    (row,) = cases(bench_of(row_of()), bench_of(row_of(model_ms=1.0, clip_ms=2.5, paced_ms=None)))
    assert row.times.keys() == {"clip_ms", "model_ms", "front_end_ms", "stream_ms"}
    assert row.times["model_ms"].ratio == pytest.approx(2)
    assert row.times["clip_ms"].ratio == pytest.approx(1.25)


def test_cases_are_matched_by_what_they_are():
    a = bench_of(noisy(1, 1), noisy(2, 2, file="cnn-int8.onnx"), noisy(4, 3, threads=2))
    b = bench_of(noisy(4, 4, threads=2), noisy(1, 5), noisy(3, 6, file="lstm-int8.onnx"))
    rows = {row.case: row for row in cases(a, b)}
    assert rows["cnn-float32.onnx"].times["clip_ms"].ratio == pytest.approx(1, rel=0.05)
    assert rows["cnn-float32.onnx, 2 threads"].times["clip_ms"].ratio == pytest.approx(1, rel=0.05)
    assert rows["cnn-int8.onnx"].verdict == "missing in B"
    assert rows["lstm-int8.onnx"].verdict == "missing in A"
    assert rows["lstm-int8.onnx"].times == {}
    assert len(rows) == 4


def test_a_second_file_of_the_same_kind_is_compared_with_a_second_one():
    rows = cases(bench_of(noisy(1, 1), noisy(5, 2)), bench_of(noisy(1, 3), noisy(5, 4)))
    assert [row.times["clip_ms"].ratio for row in rows] == [pytest.approx(1, rel=0.05)] * 2


def test_every_file_is_compared_with_the_first():
    rows = cases(bench_of(noisy(1, 1)), bench_of(noisy(2, 2)), bench_of(noisy(4, 3)))
    assert [row.letter for row in rows] == ["B", "C"]
    assert [row.times["clip_ms"].ratio for row in rows] == [pytest.approx(2, rel=0.1), pytest.approx(4, rel=0.1)]
    assert verdict_line(rows[1]).startswith("C is ")


def test_failures_are_named_by_their_side():
    failed = failed_row()
    assert cases(bench_of(row_of()), bench_of(failed))[0].verdict == "failed in B"
    assert cases(bench_of(failed), bench_of(failed))[0].verdict == "failed in A; failed in B"
    assert cases(bench_of(failed), bench_of())[0].verdict == "failed in A; missing in B"


def test_unsteady_times_are_doubted():
    unsteady = dataclasses.replace(noisy(4, 2), warnings=(BenchWarning("spread", ""),))
    (row,) = cases(bench_of(noisy(2, 1)), bench_of(unsteady))
    assert verdict_line(row).endswith("times as slow (B unsteady)")
    (row,) = cases(bench_of(unsteady), bench_of(unsteady))
    assert verdict_line(row) == "no difference (A and B unsteady)"


def test_baselines_and_front_ends_alone_are_compared_too():
    alone = front_end_row()
    bench = bench_of(alone, baselines=[row_of("cnn-float32.keras", front_end="librosa")])
    assert [row.verdict for row in cases(bench, bench)] == ["no difference"] * 2


def test_sizes_scores_and_memory_that_changed_are_reported():
    changed = row_of(bytes=200_000, accuracy=0.71, peak_rss_bytes=62_000_000, agreement=0.9)
    changes = compare([bench_of(row_of()), bench_of(changed)]).changes
    assert [(change.what, change.a, change.b) for change in changes] == [
        ("bytes", 190_000, 200_000),
        ("accuracy", 0.7, 0.71),
        ("agreement", 1.0, 0.9),
    ]  # memory wanders by some per cent by itself


def test_machines_and_versions_that_differ_are_reported():
    other = bench_of(row_of(), machine={"cpu": "Cortex-A76", "engines": {"onnx": "1.33.0", "litert": "2.3.0"}})
    versions = compare([bench_of(row_of()), other]).versions
    assert {(change.what, change.a, change.b) for change in versions} == {
        ("cpu", "Some CPU", "Cortex-A76"),
        ("engine onnx", "1.32.0", "1.33.0"),
        ("engine litert", None, "2.3.0"),
    }


@pytest.mark.parametrize("before", ["numpy", None])
def test_another_front_end_is_reported(before):
    benches = [bench_of(row_of(), machine={"front_end": name}) for name in (before, "native")]
    (change,) = compare(benches).versions
    assert (change.what, change.a, change.b) == ("front_end", before, "native")


def test_other_clips_are_reported():
    (change,) = compare([bench_of(row_of()), bench_of(row_of(), clips={"count": 100})]).versions
    assert change.what == "clips"
    assert change.b.startswith("100 clips")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (row_of(clip_ms=2.3), "clip takes 1.150 times as long as in A"),
        (row_of(model_ms=0.6, clip_ms=2.1), "model takes 1.200 times"),
        (failed_row(), "failed in B"),
        (row_of("mlp-float32.onnx"), "missing in B"),
    ],
)
def test_the_gate_names_what_got_worse(row, reason):
    comparison = compare([bench_of(row_of()), bench_of(row)])
    (sentence,) = regressions(comparison, 1.1)
    assert sentence.startswith("cnn-float32.onnx in B: ")
    assert reason in sentence


def test_the_gate_holds_for_front_ends_alone():
    faster = front_end_row()
    slower = dataclasses.replace(row_of(clip_ms=4), clip_ms=None, model_ms=None)
    (sentence,) = regressions(compare([bench_of(faster), bench_of(slower)]), 1.1)
    assert "front_end takes" in sentence


def test_nothing_can_be_compared_with_what_was_not_measured():
    assert is_measured(bench_of(failed_row(), row_of()))
    assert not is_measured(bench_of(failed_row()))
    assert not is_measured(bench_of())


def test_an_incomplete_file_is_called_so():
    bench = bench_of(row_of())
    assert legend(compare([bench, dataclasses.replace(bench, complete=False)]))[1].endswith(", incomplete")


def test_the_gate_lets_through_what_is_better_new_or_uncertain():
    a = bench_of(row_of(), noisy(2, 1, file="mlp-int8.onnx"))
    wild = dataclasses.replace(
        row_of("mlp-int8.onnx"), clip_ms=summary([[value] * 40 for value in (1.5, 2, 3, 3.5, 2)])
    )
    b = bench_of(row_of(clip_ms=1.5), wild, row_of("lstm-int8.onnx"))
    assert regressions(compare([a, b]), 1.1) == []


def test_both_renderings_hold_every_row():
    b = bench_of(noisy(4, 2, bytes=200_000), noisy(1, 3, file="mlp-int8.onnx"), machine={"os": "BSD"})
    comparison = compare([bench_of(noisy(2, 1)), b])
    console = Console(width=120, file=io.StringIO())
    for table in comparison_tables(comparison):
        console.print(table.to_rich())
    ratio = comparison.cases[0].times["clip_ms"]
    for shown in (console.file.getvalue(), comparison_markdown(comparison)):
        for part in ("cnn-float32.onnx", "times as slow", "missing in A", "190 kB", "200 kB", "BSD"):
            assert part in shown
        assert f"{ratio.ratio:.3f}" in shown
        assert f"{ratio.low:.3f} to {ratio.high:.3f}" in shown
    assert "## Times" in comparison_markdown(comparison)


def test_incomplete_results_are_told():
    a, b = bench_of(row_of()), dataclasses.replace(bench_of(row_of()), complete=False)
    comparison = compare([a, b])
    assert [line.endswith(", incomplete") for line in legend(comparison)[:2]] == [False, True]
    assert [file.complete for file in comparison.files] == [True, False]


def test_the_legend_says_what_the_intervals_hold():
    of_rounds = legend(compare([bench_of(noisy(2, 1))] * 2))
    assert of_rounds[0] == "A: 2026-01-02T03:04, Some CPU"
    assert "from rounds" in of_rounds[-1]
    of_calls = legend(compare([bench_of(noisy(2, 1, rounds=1, stream_ms=None, paced_ms=None))] * 2))
    assert "within one process" in of_calls[-1]
