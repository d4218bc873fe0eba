"""What is shown of results: terminal, Markdown and page."""

import io
import itertools
import re
import sys
from html.parser import HTMLParser

import pytest
from rich.console import Console

from genrekit.bench import report
from genrekit.bench.columns import milliseconds, size
from genrekit.runtime.errors import MissingPackageError

from .conftest import bench_of, row_of

MODELS = {"mlp": 0.6, "mlp-regularized": 0.65, "cnn": 0.7, "lstm": 0.64}
PRECISIONS = {"tflite": ("float32", "float16", "dynamic", "int8"), "onnx": ("float32", "int8")}


def all_24():
    return [
        row_of(f"{model}-{precision}.{suffix}", accuracy=accuracy, clip_ms=1.5 + accuracy, model_ms=0.1234)
        for model, accuracy in MODELS.items()
        for suffix, precisions in PRECISIONS.items()
        for precision in precisions
    ]


@pytest.fixture
def bench():
    training = [{"model": model, "seconds_per_epoch": 1.25 + place, "source": ""} for place, model in enumerate(MODELS)]
    failed = {**row_of("odd-int8.tflite", error="the process was ended by SIGSEGV"), "clip_ms": None, "accuracy": None}
    failed.update(front_end_ms=None, model_ms=None, agreement=None)
    rows = all_24()
    rows[0]["warnings"] = [{"kind": "spread", "text": "wide by 20%"}]
    for row in rows:
        row["warnings"] = [*row["warnings"], {"kind": "demo-corpus", "text": "not music"}]
    return bench_of(*rows, failed, clips={"demo": True}, training=training)


def printed(renderable, width):
    console = Console(width=width, file=io.StringIO())
    console.print(renderable)
    return console.file.getvalue()


def test_24_rows_fit_120_columns_with_every_figure(bench):
    text = printed(report.results_table(bench), 120)
    assert "…" not in text
    for row in bench["results"][:24]:
        (line,) = [line for line in text.splitlines() if line.startswith(f"{row['file']} ")]
        cells = line.split()
        assert cells[1:3] == [row["format"], row["precision"]]
        assert {"kB", f"{row['accuracy']:.3f}", f"{row['agreement']:.3f}"} <= set(cells)
        assert {"0.123", "0.125", f"{row['clip_ms']['p50']:.2f}", f"{row['clip_ms']['p90']:.2f}"} <= set(cells)
        assert cells[-1] == f"{1.25 + list(MODELS).index(row['model']):.2f}"


def test_the_terminal_says_that_the_demo_corpus_is_no_music(bench):
    assert "demo corpus (synthetic, not music)" in printed(report.results_table(bench), 120)


def test_rows_of_one_model_stand_together(bench):
    bench["results"].insert(0, bench["results"].pop(7))
    text = printed(report.results_table(bench), 120)
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
    assert name in printed(report.results_table(bench_of(row_of(**changes))), 120)


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
def test_times(value, shown):
    assert milliseconds(value) == shown


def test_markdown_is_one_table_with_machine_and_date(bench):
    text = report.markdown_table(bench)
    lines = text.splitlines()
    assert len({line.count("|") for line in lines[:27]}) == 1
    assert lines[1].startswith("| --- | --- | --- | ---: |")
    assert "| cnn-int8.tflite | tflite | int8 | 190 kB | 0.700 |" in text
    assert "Some CPU" in lines[-1]
    assert "2026-01-02" in lines[-1]


def test_notes_name_failures_and_each_kind_of_warning_once(bench):
    failure, spread, demo = report.notes(bench)
    assert failure == "odd-int8.tflite: the process was ended by SIGSEGV"
    assert spread == "spread (mlp-float32.tflite): wide by 20%"
    assert demo == "demo-corpus (every row): not music"


class Page(HTMLParser):
    """The cells, links and text of a page; fails on tags that do not close."""

    def __init__(self, text):
        super().__init__()
        self.links, self.open, self.tables, self.texts = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.links += [value for name, value in attributes if name in ("src", "href", "xlink:href", "action")]
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.links += [value for name, value in attributes if name in ("src", "href", "xlink:href", "action")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)
        if self.open and self.open[-1] in ("td", "th"):
            self.tables[-1][-1][-1] += data

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


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
    "ops": {"CONV_2D": 3, "SOFTMAX": 1},
}
FAILED = {**PARITY, "bytes": None, "max_abs_error": None, "top1_agreement": None, "ops": {}, "error": "not convertible"}


@pytest.fixture
def page(bench, tmp_path):
    report.write_html(bench, tmp_path / "report.html", training=[METRICS], parity=[PARITY, FAILED])
    return (tmp_path / "report.html").read_text("utf-8")


def test_the_page_needs_nothing_but_itself(page):
    assert "http" not in page
    assert "//" not in re.sub(r"/\*.*?\*/", "", page)
    assert all(link.startswith("#") for link in Page(page).links)
    assert not re.search(r"url\((?!['\"]?#)", page)
    assert "<script" not in page
    assert "@import" not in page


def test_the_page_holds_every_row(page, bench):
    results = Page(page).tables[0]
    assert [row[0] for row in results[1:]] == [row["file"] for row in bench["results"]]
    assert len({len(row) for row in results}) == 1
    heading = [" ".join(title.split()) for title in results[0]]
    first = dict(zip(heading, results[1], strict=True))
    assert first["model p50, ms"] == "0.123"
    assert first["seconds an epoch"] == "1.25"
    assert first["peak memory"] == "60.0 MB"


def test_the_page_names_machine_date_corpus_and_split(page):
    text = Page(page).text
    for part in ("Some CPU, 4 cores, 8.00 GB", "2026-01-02", "onnx 1.32.0", "track, test part", "jazz, rock"):
        assert part in text


def test_the_page_says_that_the_demo_corpus_is_synthetic(page, bench, tmp_path):
    assert "Demo corpus." in Page(page).text
    bench["clips"]["demo"] = False
    report.write_html(bench, tmp_path / "real.html")
    assert "Demo corpus." not in Page((tmp_path / "real.html").read_text("utf-8")).text


def test_the_page_shows_warnings_and_failures(page):
    text = Page(page).text
    assert "spread : wide by 20% (mlp-float32.tflite)" in text
    assert "demo-corpus : not music (every row)" in text
    assert "odd-int8.tflite : the process was ended by SIGSEGV" in text


def test_the_page_shows_training_and_parity(page):
    _, training, parity = Page(page).tables
    assert training[1] == ["cnn", "edge", "track", "45,514", "31", "2.35", "0.910", "0.810", "0.710", "0.610"]
    assert parity[1] == ["cnn-int8.tflite", "no", "0.012", "0.984", "68.0 kB", "CONV_2D × 3, SOFTMAX"]
    assert parity[2] == ["cnn-int8.tflite", "no", "–", "–", "–", "not convertible"]


def test_the_pictures_are_in_the_text_colour_and_name_the_front(page):
    assert page.count("<svg") == 2
    assert "currentColor" in page
    assert "#010203" not in page
    text = Page(page).text
    assert "1 mlp-float32.tflite (0.600, 2.10 ms)" in text
    assert "cnn-float32.tflite (0.700, 2.20 ms)" in text


def test_ids_of_the_pictures_do_not_clash(page):
    ids = re.findall(r' id="([^"]+)"', page)
    assert {name for name in ids if ids.count(name) > 1 and "url(#" + name in page} == set()


def test_names_are_escaped(tmp_path):
    row = row_of(warnings=[{"kind": "spread", "text": "<script>alert(1)</script>"}], model="<b>")
    report.write_html(bench_of(row), tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text("utf-8")
    assert "<script" not in text
    assert "<b>" not in text


@pytest.mark.parametrize("rows", [[], [{**row_of(), "accuracy": None, "clip_ms": None, "model_ms": None}]])
def test_results_without_figures_make_a_page_without_pictures(tmp_path, rows):
    report.write_html(bench_of(*rows), tmp_path / "report.html")
    assert "<svg" not in (tmp_path / "report.html").read_text("utf-8")
    printed(report.results_table(bench_of(*rows)), 120)


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_a_missing_package_names_the_command(bench, tmp_path, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, "genrekit.bench.pictures", raising=False)
    monkeypatch.delattr("genrekit.bench.pictures", raising=False)
    with pytest.raises(MissingPackageError, match=rf'needs {package}.*pip install "genrekit\[bench\]"'):
        report.write_html(bench, tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []
