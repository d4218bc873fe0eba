"""The command `genrekit report`, and what it makes of the results that are committed."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from genrekit.bench import report
from genrekit.bench.results import store
from genrekit.bench.results.reader import read_json

from .pages import Page
from .shown import bench_of_24

ROOT = Path(__file__).parents[3]
RESULTS = ROOT / "results" / "quickstart.json"


def genrekit(*arguments):
    command = [sys.executable, "-m", "genrekit.toolkit.cli.app", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture
def saved(tmp_path):
    """The path of saved results."""
    path = tmp_path / "saved.json"
    store.write_json(bench_of_24().to_json(), path)
    return path


def test_saved_results_make_every_output(saved, tmp_path):
    (tmp_path / "doc.md").write_text("<!-- genrekit results -->\n<!-- end of genrekit results -->\n")
    outputs = ("--html", tmp_path / "a.html", "--csv", tmp_path / "a.csv", "--markdown", tmp_path / "a.md")
    process = genrekit("report", saved, *outputs, "--into", tmp_path / "doc.md")
    assert process.returncode == 0, process.stderr
    for part in ("mlp-int8.tflite", "Beside the fastest, mlp-float32.tflite", "The smallest is mlp-float32.tflite"):
        assert part in process.stdout
    assert "demo-corpus (every row): not music" in process.stderr
    bench = read_json(saved)
    assert bench == bench_of_24()
    assert "What is taken for what" in Page((tmp_path / "a.html").read_text("utf-8")).text
    with (tmp_path / "a.csv").open() as file:
        assert [row["file"] for row in csv.DictReader(file)] == [row.file for row in bench.results]
    assert (tmp_path / "a.md").read_text() == report.markdown_report(bench)
    assert report.readme_table(bench) in (tmp_path / "doc.md").read_text()


@pytest.mark.parametrize(
    ("document", "said"), [(None, "cannot be read"), ("# Title\n", "expected the lines <!-- genrekit results -->")]
)
def test_nothing_is_written_where_the_document_cannot_take_it(saved, tmp_path, document, said):
    if document:
        (tmp_path / "doc.md").write_text(document)
    before = sorted(tmp_path.iterdir())
    process = genrekit("report", saved, "--into", tmp_path / "doc.md", "--markdown", tmp_path / "a.md")
    assert process.returncode == 2
    assert said in process.stderr
    assert "Traceback" not in process.stderr
    assert sorted(tmp_path.iterdir()) == before
    assert not document or (tmp_path / "doc.md").read_text() == document


def test_a_file_that_is_no_bench_is_refused(tmp_path):
    (tmp_path / "x.json").write_text("{}")
    process = genrekit("report", tmp_path / "x.json", "--markdown", tmp_path / "a.md")
    assert process.returncode == 2
    assert "measure again with `genrekit bench --out`" in process.stderr
    assert not (tmp_path / "a.md").exists()


@pytest.mark.parametrize(("rows", "part"), [([], "results=0"), (None, "results[0].clip_ms.p50=nan")])
def test_a_gate_that_can_compare_nothing_does_not_pass(saved, tmp_path, rows, part):
    content = json.loads(saved.read_text())
    if rows is None:
        content["results"][0]["clip_ms"]["p50"] = float("nan")
    else:
        content.update(results=rows, ratios={}, recommendations=[])
    (tmp_path / "other.json").write_text(json.dumps(content))
    process = genrekit("compare", tmp_path / "other.json", saved, "--fail-over", 2)
    assert process.returncode == 2
    assert process.stdout == ""
    for words in ("other.json", part, "measure again"):
        assert words in process.stderr


def test_the_table_of_the_readme_is_what_the_command_makes(tmp_path):
    """To mend it: genrekit report results/quickstart.json --into README.md."""
    (tmp_path / "README.md").write_bytes((ROOT / "README.md").read_bytes())
    process = genrekit("report", RESULTS, "--into", tmp_path / "README.md")
    assert process.returncode == 0, process.stderr
    assert (tmp_path / "README.md").read_text("utf-8") == (ROOT / "README.md").read_text("utf-8")
