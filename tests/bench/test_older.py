"""The command `genrekit report`: saved results, of this version and of older ones, shown again."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from genrekit.bench import report
from genrekit.bench.older import completed
from genrekit.bench.results import store
from genrekit.bench.results.stats import median_ratio, summary
from genrekit.runtime.util.proportions import wilson_interval

from .pages import Page
from .shown import bench_of_24

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "results" / "quickstart.json"


def genrekit(*arguments):
    command = [sys.executable, "-m", "genrekit.toolkit.cli.app", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture
def old():
    """As the first version wrote it: no rounds, streams, intervals, ratios, effort."""
    bench = json.loads(json.dumps(bench_of_24()))
    for name in ("effort", "interrupted", "ratios"):
        del bench[name]
    for name in ("genrekit", "peak_gmacs_per_s", "throttling"):
        del bench["machine"][name]
    for row in bench["results"]:
        for name in ("accuracy_interval", "calibration_error", "stream_ms", "paced_ms", "peak_share", "per_round"):
            row.pop(name, None)
        for name in ("confusion", "confusion_labels", "other_load_cores"):
            row.pop(name, None)
        for name in ("front_end_ms", "model_ms", "clip_ms"):
            row[name] = row[name] and one_round(row[name]["raw"][::10])
    for row in bench["training"]:
        del row["segments"]
    return bench


def one_round(values):
    return {key: value for key, value in summary([values]).items() if "round" not in key}


def test_an_older_file_is_completed_from_its_own_figures(old):
    kept = json.loads(json.dumps(old))
    whole = completed(old)
    assert old == kept
    first, cnn = whole["results"][0], whole["results"][13]
    assert first["accuracy_interval"] == wilson_interval(0.6, 200)
    assert first["clip_ms"]["round_p50"] == [first["clip_ms"]["p50"]]
    pair = next(pair for pair in whole["ratios"]["clip_ms"] if (pair["first"], pair["second"]) == (0, 13))
    ratio = median_ratio(first["clip_ms"]["raw"], cnn["clip_ms"]["raw"])
    assert (pair["ratio"], pair["low"], pair["high"], pair["from"]) == (*ratio, "calls")
    assert len(whole["recommendations"]) == 4


def test_a_whole_file_stays_as_it_is():
    bench = completed(bench_of_24())
    bench["recommendations"][0]["text"] = "as it was saved"
    assert completed(bench) == bench


def test_an_older_file_makes_every_output(old, tmp_path):
    store.write_json(old, tmp_path / "old.json")
    (tmp_path / "doc.md").write_text("<!-- genrekit results -->\n<!-- end of genrekit results -->\n")
    outputs = ("--html", tmp_path / "a.html", "--csv", tmp_path / "a.csv", "--markdown", tmp_path / "a.md")
    process = genrekit("report", tmp_path / "old.json", *outputs, "--into", tmp_path / "doc.md")
    assert process.returncode == 0, process.stderr
    for part in ("mlp-int8.tflite", "Beside the fastest, mlp-float32.tflite", "The smallest is mlp-float32.tflite"):
        assert part in process.stdout
    assert "demo-corpus (every row): not music" in process.stderr
    text = Page((tmp_path / "a.html").read_text("utf-8")).text
    assert "every case in one process of its own" in text
    assert "What is taken for what" not in text
    with (tmp_path / "a.csv").open() as file:
        assert [row["file"] for row in csv.DictReader(file)] == [row["file"] for row in old["results"]]
    whole = completed(store.read_json(tmp_path / "old.json"))
    assert (tmp_path / "a.md").read_text() == report.markdown_report(whole)
    assert report.readme_table(whole) in (tmp_path / "doc.md").read_text()


@pytest.mark.parametrize(
    ("document", "said"), [(None, "cannot be read"), ("# Title\n", "expected the lines <!-- genrekit results -->")]
)
def test_nothing_is_written_where_the_document_cannot_take_it(old, tmp_path, document, said):
    store.write_json(old, tmp_path / "old.json")
    if document:
        (tmp_path / "doc.md").write_text(document)
    before = sorted(tmp_path.iterdir())
    process = genrekit("report", tmp_path / "old.json", "--into", tmp_path / "doc.md", "--markdown", tmp_path / "a.md")
    assert process.returncode == 2
    assert said in process.stderr
    assert "Traceback" not in process.stderr
    assert sorted(tmp_path.iterdir()) == before
    assert not document or (tmp_path / "doc.md").read_text() == document


@pytest.mark.parametrize(("rows", "part"), [([], "results=0"), (None, "results[0].clip_ms.p50=nan")])
def test_a_gate_that_can_compare_nothing_does_not_pass(old, tmp_path, rows, part):
    (tmp_path / "whole.json").write_text(json.dumps(old))
    if rows is None:
        old["results"][0]["clip_ms"]["p50"] = float("nan")
    else:
        old["results"] = rows
    (tmp_path / "other.json").write_text(json.dumps(old))
    process = genrekit("compare", tmp_path / "other.json", tmp_path / "whole.json", "--fail-over", 2)
    assert process.returncode == 2
    assert process.stdout == ""
    for words in ("other.json", part, "measure again"):
        assert words in process.stderr


def test_a_file_that_is_no_bench_is_refused(tmp_path):
    (tmp_path / "x.json").write_text("{}")
    process = genrekit("report", tmp_path / "x.json", "--markdown", tmp_path / "a.md")
    assert process.returncode == 2
    assert "measure again with `genrekit bench --out`" in process.stderr
    assert not (tmp_path / "a.md").exists()


def test_the_table_of_the_readme_is_what_the_command_makes(tmp_path):
    """To mend it: genrekit report results/quickstart.json --into README.md."""
    (tmp_path / "README.md").write_bytes((ROOT / "README.md").read_bytes())
    process = genrekit("report", RESULTS, "--into", tmp_path / "README.md")
    assert process.returncode == 0, process.stderr
    assert (tmp_path / "README.md").read_text("utf-8") == (ROOT / "README.md").read_text("utf-8")
