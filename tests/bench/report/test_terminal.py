"""What is shown of results on a terminal."""

import dataclasses
import io
import itertools
import re

import pytest
from rich.console import Console

from genrekit.bench import report
from genrekit.bench.report.format import size, three_digits

from ..conftest import bench_of, row_of
from .shown import MODELS, bench_of_24


@pytest.fixture
def bench():
    return bench_of_24()


def changed(bench, **changes):
    return dataclasses.replace(bench, results=tuple(dataclasses.replace(row, **changes) for row in bench.results))


def printed(renderable, width):
    console = Console(width=width, file=io.StringIO())
    console.print(renderable)
    return console.file.getvalue()


def test_an_agreement_that_is_not_proven_is_marked(bench):
    row = dataclasses.replace(bench.results[0], agreement=0.983, parity_reasons=("181 windows are too few",))
    (table,) = report.results_tables(dataclasses.replace(bench, results=(row, *bench.results[1:])), 120)
    marked = [line.split()[0] for line in printed(table, 120).splitlines() if "0.983?" in line]
    assert marked == [row.file]


def test_24_rows_fit_120_columns_with_every_figure(bench):
    (table,) = report.results_tables(bench, 120)
    text = printed(table, 120)
    assert "…" not in text
    for row in bench.results[:24]:
        (line,) = [line for line in text.splitlines() if line.startswith(f"{row.file} ")]
        cells = line.split()
        assert cells[1:3] == [row.format, row.precision]
        assert {"kB", f"{row.accuracy:.3f}", f"{row.agreement:.3f}"} <= set(cells)
        assert {"0.123", "0.125", f"{row.clip_ms.p50:.2f}", f"{row.clip_ms.p90:.2f}"} <= set(cells)
        assert f"{1.25 + list(MODELS).index(row.model):.2f}" in cells


@pytest.mark.parametrize("width", [80, 100, 120, 200])
@pytest.mark.parametrize("unusual", [False, True])
def test_tables_fit_the_terminal(bench, width, unusual):
    if unusual:
        bench = changed(bench, threads=16, engine="tflite-runtime")
    for table in report.results_tables(bench, width):
        text = printed(table, 1000)
        assert "…" not in printed(table, width)
        assert max(len(line.rstrip()) for line in text.splitlines() if "kB" in line or "0.123" in line) <= width
    for table in report.beside_tables(bench, width):
        text = printed(table, width)
        assert "…" not in text
        assert text.count(" times as ") + text.count("no difference") == 23 * (len(table.columns) // 3)


def test_a_narrow_terminal_gets_two_tables_with_the_same_rows(bench):
    first, second = report.results_tables(bench, 80)
    assert first.row_count == second.row_count == 25


def test_wide_terminals_show_more(bench):
    (usual,), (wide,) = (report.results_tables(bench, width) for width in (120, 250))
    shown = " ".join(str(column.header) for column in wide.columns)
    assert len(wide.columns) > len(usual.columns)
    for part in ("stream", "paced", "cold", "cali-", "of peak"):
        assert part in shown


def test_columns_without_any_figure_are_left_out(bench):
    bench = changed(bench, agreement=None, paced_ms=None)
    (table,) = report.results_tables(bench, 250)
    headers = " ".join(str(column.header) for column in table.columns)
    assert "agree-" not in headers
    assert "paced" not in headers
    assert "stream" in headers


def test_the_terminal_says_that_the_demo_corpus_is_no_music(bench):
    assert "demo corpus (synthetic, not music)" in printed(report.results_tables(bench, 120)[0], 120)


def test_rows_of_one_model_stand_together(bench):
    rows = list(bench.results)
    rows.insert(0, rows.pop(7))
    bench = dataclasses.replace(bench, results=tuple(rows))
    text = printed(report.results_tables(bench, 120)[0], 120)
    models = [re.match(r"[a-z-]+(?=-[fid])", line).group() for line in text.splitlines() if ".tflite" in line]
    changes = sum(first != second for first, second in itertools.pairwise(models))
    assert changes == len(set(models)) - 1


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "cnn-float32.onnx"),
        ({"threads": 2}, "cnn-float32.onnx, 2 threads"),
        ({"engine": "micro"}, "cnn-float32.onnx on micro"),
        ({"file": "cnn-float32.keras"}, "cnn.keras"),
        ({"file": "cnn-float32.keras", "front_end": "librosa"}, "cnn.keras + librosa"),
    ],
)
def test_a_row_is_called_by_what_is_unusual_about_it(changes, name):
    assert name in printed(report.results_tables(bench_of(row_of(**changes)), 120)[0], 120)


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        *((None, "–"), (0, "0 B"), (999, "999 B"), (1000, "1.00 kB"), (49_440, "49.4 kB"), (190_000, "190 kB")),
        *((4_057_312, "4.06 MB"), (25_276_502_016, "25.3 GB")),
    ],
)
def test_sizes(count, shown):
    assert size(count) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "–"), (0.0254, "0.025"), (1.526, "1.53"), (12.34, "12.3"), (1234.5, "1,234")]
)
def test_figures_have_three_digits(value, shown):
    assert three_digits(value) == shown


def test_every_file_stands_beside_the_fastest(bench):
    (table,) = report.beside_tables(bench, 120)
    text = printed(table, 120)
    assert "Beside the fastest, mlp-float32.tflite" in text
    same, slower = (line_of(text, name) for name in ("mlp-int8.tflite", "cnn-int8.tflite"))
    assert same == "mlp-int8.tflite 1.00 1.00 to 1.00 no difference 1.00 1.00 to 1.00 no difference"
    assert slower.startswith("cnn-int8.tflite 1.05 1.05 to 1.05 1.05 times as slow")  # 2.2 against 2.1 ms
    assert "odd-int8.tflite" not in text


def line_of(text, name):
    (line,) = [line for line in text.splitlines() if line.startswith(f"{name} ")]
    return " ".join(line.split())


def test_what_is_faster_in_the_model_is_called_so():
    rows = row_of("cnn-int8.tflite", clip_ms=2.0, model_ms=1.0), row_of("cnn-float32.tflite", clip_ms=3.0, model_ms=0.5)
    (table,) = report.beside_tables(bench_of(*rows), 120)
    assert line_of(printed(table, 120), "cnn-float32.tflite").endswith("0.500 0.500 to 0.500 2.00 times as fast")


def test_there_is_nothing_beside_a_single_file():
    assert report.beside_tables(bench_of(row_of()), 120) == []
    assert report.beside_tables(bench_of(), 120) == []


def test_notes_name_failures_and_each_kind_of_warning_once(bench):
    failure, spread, demo = report.notes(bench)
    assert failure == "odd-int8.tflite: the process was ended by SIGSEGV"
    assert spread == "spread (mlp-float32.tflite): wide by 20%"
    assert demo == "demo-corpus (every row): not music"


def test_an_incomplete_bench_is_called_so(bench):
    bench = dataclasses.replace(bench, complete=False)
    assert "Bench, incomplete: 200 clips" in printed(report.results_tables(bench, 120)[0], 120)
    assert report.notes(bench)[0].startswith("Incomplete: ")


def test_one_is_not_many():
    bench = bench_of(row_of(), machine={"peak_gmacs_per_s": {"1": 40.0, "2": 70.0}})
    assert "Peak: 40.0 GMAC/s on 1 thread, 70.0 GMAC/s on 2 threads" in report.markdown_report(bench)
