"""The page of results."""

import dataclasses
import re
import sys

import pytest

from genrekit.bench import report
from genrekit.bench.report.html import html_page
from genrekit.bench.report.lines import machine_line
from genrekit.bench.report.markdown import markdown_report, readme_table
from genrekit.bench.results.recommend import recommendations
from genrekit.bench.results.stats import pairwise
from genrekit.bench.results.values import BenchWarning
from genrekit.runtime.errors import MissingPackageError

from ..conftest import bench_of, front_end_row, in_c, row_of, steady
from .pages import Page
from .shown import bench_of_24


@pytest.fixture
def bench():
    return bench_of_24()


@pytest.fixture(scope="module")
def page():
    return report.html_page(bench_of_24(), training=[METRICS], parity=[PARITY, DOUBTFUL, FAILED])


METRICS = {
    "model": "cnn",
    "recipe": "edge",
    "split": "track",
    "parameters": 45514,
    "epochs": 31,
    "train": {"accuracy": 0.91},
    "validation": {"accuracy": 0.81},
    "test": {"accuracy": 0.71},
    "test_tracks": {"accuracy": 0.61},
    "seconds_per_epoch": {"median": 2.345, "all": [2.345]},
}
PARITY = {
    "file": "cnn-int8.tflite",
    "format": "tflite",
    "precision": "int8",
    "bytes": 68_000,
    "max_abs_error": 0.0123,
    "top1_agreement": 0.984,
    "passed": False,
    "reasons": ["agreement 98.4%, at least 99.5% expected"],
    "ops": {"CONV_2D": 3, "SOFTMAX": 1},
}
DOUBTFUL = {**PARITY, "file": "lstm-int8.tflite", "passed": True, "reasons": ["181 windows are too few"]}
FAILED = {
    **PARITY,
    "bytes": None,
    "max_abs_error": None,
    "top1_agreement": None,
    "ops": {},
    "reasons": ["not convertible"],
}


def test_the_page_needs_nothing_but_itself(page):
    assert "http" not in page
    assert "//" not in re.sub(r"/\*.*?\*/", "", page)
    assert all(link.startswith("#") for link in Page(page).links)
    assert not re.search(r"url\((?!['\"]?#)", page)
    assert "<script" not in page
    assert "@import" not in page


def test_the_page_holds_every_row(page, bench):
    results = Page(page).table("file", "format")
    assert [row[0] for row in results[1:]] == [row.file for row in bench.results]
    assert len({len(row) for row in results}) == 1
    heading = [" ".join(title.split()) for title in results[0]]
    first = dict(zip(heading, results[1], strict=True))
    assert first["model p50, ms"] == "0.123"
    assert first["seconds an epoch"] == "1.25"
    assert first["ms a clip of training"] == "2.50"
    assert first["peak memory"] == "60.0 MB"
    assert first["accuracy, 95 % interval"] == "0.531 to 0.665"
    assert (first["stream p50, ms"], first["paced stream p50, ms"]) == ("1.05", "2.10")


def test_every_figure_of_the_tables_comes_from_the_results(bench):
    """All numbers of the results are changed, each by another factor: then no cell may show what it showed."""
    bench = with_rows(bench, 24, peak_fraction=0.2, gmacs_per_s=12.3, other_load_cores=0.1)
    before, after = (Page(report.html_page(results)).tables for results in (bench, _changed(bench)))
    constant = re.compile(r"1|18|28|0\.156|2\.81|4\.38|15 epochs|.*(tflite|onnx).*")  # the paper's, and names
    figures = [
        (first, second)
        for rows, others in zip(before, after, strict=True)
        for row, other in zip(rows[1:], others[1:], strict=True)
        for first, second in zip(row, other, strict=True)
        if re.search(r"\d", first) and not constant.fullmatch(first)
    ]
    assert len(figures) > 1000
    assert [pair for pair in figures if pair[0] == pair[1] and pair[0] not in ("float32", "float16", "int8")] == []


def with_rows(bench, count, **changes):
    """`bench` with the first rows of its results changed."""
    rows = [dataclasses.replace(row, **changes) for row in bench.results[:count]]
    return dataclasses.replace(bench, results=(*rows, *bench.results[count:]))


def _changed(bench):
    """`bench` with all measured numbers changed, and what is computed of them computed again."""
    rows = [_scaled(row, 1.5 + 0.01 * index) for index, row in enumerate(bench.results)]
    matrix = tuple(tuple(round(1.5 * count) + 1 for count in counts) for counts in bench.results[0].confusion)
    for index, row in enumerate(rows[:24]):
        clip_ms = dataclasses.replace(row.clip_ms, round_n=(*row.clip_ms.round_n, 1))
        # Files that decide alike share a matrix.
        rows[index] = dataclasses.replace(row, clip_ms=clip_ms, confusion=matrix)
    training = tuple(dataclasses.replace(_scaled(row, 1.7), segments=777) for row in bench.training)
    ratios = {kind: pairwise(rows, kind) for kind in bench.ratios}
    changed = dataclasses.replace(bench, results=tuple(rows), training=training, ratios=ratios)
    return dataclasses.replace(changed, recommendations=recommendations(changed))


def _scaled(value, factor):
    if dataclasses.is_dataclass(value):
        fields = {field.name: _scaled(getattr(value, field.name), factor) for field in dataclasses.fields(value)}
        return type(value)(**fields)
    if isinstance(value, tuple):
        return tuple(_scaled(one, factor) for one in value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    return value * factor if isinstance(value, float) else round(value * factor) + 1


def test_the_page_names_machine_date_corpus_and_split(page):
    text = Page(page).text
    for part in ("Some CPU, 4 cores, 8.00 GB", "2026-01-02", "onnx 1.32.0", "track, test part", "jazz, rock"):
        assert part in text


def test_every_report_says_which_front_end_computed():
    native, unknown = (bench_of(row_of(), machine={"front_end": name}) for name in ("native", None))
    for text in (machine_line(native), readme_table(native), html_page(native)):
        assert "Linux, front end native" in text
    assert "- Front end: native" in markdown_report(native)
    assert "- Front end: not known" in markdown_report(unknown)
    assert "front end" not in machine_line(unknown)


def test_the_page_says_that_the_demo_corpus_is_synthetic(page, bench, tmp_path):
    assert "Demo corpus." in Page(page).text
    real = dataclasses.replace(bench, clips=dataclasses.replace(bench.clips, demo=False))
    report.write_html(real, tmp_path / "real.html")
    assert "Demo corpus." not in Page((tmp_path / "real.html").read_text("utf-8")).text


def test_the_page_shows_warnings_and_failures(page):
    text = Page(page).text
    assert "spread : wide by 20% (mlp-float32.tflite)" in text
    assert "demo-corpus : not music (every row)" in text
    assert "odd-int8.tflite : the process was ended by SIGSEGV" in text


def test_the_page_shows_training_and_parity(page):
    training, parity = Page(page).table("model", "recipe"), Page(page).table("file", "passed")
    assert training[1] == ["cnn", "edge", "track", "45,514", "31", "2.35", "0.910", "0.810", "0.710", "0.610"]
    figures, ops = ["0.012", "0.984", "68.0 kB"], "CONV_2D × 3, SOFTMAX"
    assert parity[1] == ["cnn-int8.tflite", "no", *figures, f"agreement 98.4%, at least 99.5% expected: {ops}"]
    assert parity[2] == ["lstm-int8.tflite", "too few windows to tell", *figures, f"181 windows are too few: {ops}"]
    assert parity[3] == ["cnn-int8.tflite", "no", "–", "–", "–", "not convertible"]


def test_the_pictures_are_in_the_text_colour_and_name_the_front(page):
    assert page.count("<svg") == 6
    assert "currentColor" in page
    assert "#010203" not in page
    text = Page(page).text
    assert "1 mlp-float32.tflite (0.600, 2.10 ms)" in text
    assert "cnn-float32.tflite (0.700, 2.20 ms)" in text


def test_the_page_says_which_file_to_take(page, bench):
    text = Page(page).text
    goals = ["smallest", "fastest", "most accurate", "best on the front"]
    assert [found.goal for found in bench.recommendations] == goals
    for line in report.recommendation_lines(bench):
        assert line in text


def test_folders_of_c_are_told_of_and_hide_nothing_of_other_files():
    rows = in_c(row_of("cnn-float32.c", clip_ms=2.0)), in_c(row_of("cnn-int8.c", clip_ms=1.0)), row_of()
    text = Page(report.html_page(bench_of(*rows))).text
    assert "cnn-int8.c beside cnn-float32.c: 2.00 times as fast" in text
    assert "Front end and model" in text  # of the file, whose steps were measured


def test_every_call_is_a_dot_and_every_round_a_line(bench):
    """The dots of a file are one path of as many strokes; its rounds are lines that are uprights."""
    bench = with_rows(bench, 24, clip_ms=steady(2.0, 40, 4))
    figure = report.html_page(bench).partition('aria-label="Every call"')[2].partition("</figure>")[0]
    strokes = [path.count("M") for path in re.findall(r'<path d="([^"]*)"', figure)]
    assert strokes.count(40) == 24
    lines = re.findall(r'<g id="LineCollection_\d+">(.*?)</g>', figure, re.DOTALL)
    assert [line.count("<path") for line in lines] == [4] * 24


def test_ratios_are_in_words_where_there_is_no_difference(page, bench):
    beside = Page(page).table("file", "clip, ratio")
    assert beside[1] == [
        *("mlp-float16.tflite", "1.00", "1.00 to 1.00", "no difference", "1.00", "1.00 to 1.00", "no difference")
    ]
    matrix = Page(page).table("file", "mlp-float32.tflite")
    assert len(matrix) == len(matrix[0]) == 25
    assert [row[index + 1] for index, row in enumerate(matrix[1:])] == ["–"] * 24
    assert matrix[1][13] == "1.05 times as fast"  # mlp beside cnn: 2.1 and 2.2 ms
    assert matrix[13][1] == "1.05 times as slow"


def test_training_stands_beside_the_paper(page):
    rows = Page(page).table("model", "seconds an epoch")[1:]
    assert [row[:6] for row in rows] == [
        ["mlp", "1.25", "500", "2.50", "1", "0.156"],
        ["mlp-regularized", "2.25", "500", "4.50", "–", "–"],
        ["cnn", "3.25", "500", "6.50", "18", "2.81"],
        ["lstm", "4.25", "500", "8.50", "28", "4.38"],
    ]


def test_the_machine_is_described_whole(page):
    text = Page(page).text
    for part in ("40.0 GMAC/s on 1 thread,", "none seen", "up to 0.01 cores busy", "numpy 2.4.6, genrekit 0.1.0"):
        assert part in text
    assert "5 rounds in random order" in text


def test_each_matrix_names_its_files_and_the_most_accurate_is_in_sight(bench):
    rows = list(bench.results)
    rows[3] = dataclasses.replace(rows[3], confusion=((90, 10), (20, 80)), accuracy=0.85)
    text = report.html_page(dataclasses.replace(bench, results=tuple(rows)))
    shown, _, hidden = text.partition("What is taken for what")[2].partition("<details>")
    assert "<strong>mlp-int8.tflite</strong>" in shown
    assert '--fraction: 0.90">90<' in shown
    assert "mlp-float32.tflite, mlp-float16.tflite, mlp-dynamic.tflite, mlp-float32.onnx, mlp-int8.onnx" in hidden
    first = Page(text).tables[3]
    assert first == [["", "jazz", "rock"], ["jazz", "90", "10"], ["rock", "20", "80"]]


def test_a_warning_of_many_texts_is_folded(bench):
    warned = [
        dataclasses.replace(row, warnings=(BenchWarning("spread", f"wide by {index}%"),))
        for index, row in enumerate(bench.results[:3])
    ]
    rows = (*warned, *bench.results[3:])
    text = Page(report.html_page(dataclasses.replace(bench, results=rows))).text
    assert "spread , for example: wide by 0% (all 3) wide by 0% (mlp-float32.tflite) wide by 1%" in text


def test_an_incomplete_bench_says_so(page, bench):
    assert "Incomplete." in report.html_page(dataclasses.replace(bench, complete=False))
    assert "Incomplete." not in page


def test_ids_of_the_pictures_do_not_clash(page):
    ids = re.findall(r' id="([^"]+)"', page)
    assert {name for name in ids if ids.count(name) > 1 and "url(#" + name in page} == set()


def test_names_are_escaped(tmp_path):
    row = row_of(warnings=(BenchWarning("spread", "<script>alert(1)</script>"),), model="<b>")
    report.write_html(bench_of(row), tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text("utf-8")
    assert "<script" not in text
    assert "<b>" not in text


@pytest.mark.parametrize("rows", [[], [front_end_row(accuracy=None)]])
def test_results_without_figures_make_a_page_without_pictures(tmp_path, rows):
    report.write_html(bench_of(*rows), tmp_path / "report.html")
    assert "<svg" not in (tmp_path / "report.html").read_text("utf-8")
    assert report.results_tables(bench_of(*rows), 120)
    assert report.markdown_report(bench_of(*rows)).startswith("# genrekit bench, 2026-01-02")


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_a_missing_package_names_the_command(bench, tmp_path, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    for name in [name for name in sys.modules if name.startswith("genrekit.bench.report.plots")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("genrekit.bench.report.plots", raising=False)
    with pytest.raises(MissingPackageError, match=rf'needs {package}.*pip install "genrekit\[bench\]"'):
        report.write_html(bench, tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("leaks", [True, False])
def test_accuracies_of_a_split_that_leaks_say_so(bench, tmp_path, leaks):
    report.write_html(
        bench, tmp_path / "report.html", training=[{**METRICS, "split": "segment", "segments_leak": leaks}]
    )
    page = (tmp_path / "report.html").read_text("utf-8")
    assert ("segment (leaks)" in page) == ("flatters the accuracies" in page) == leaks
