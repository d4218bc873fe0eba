"""The paper's tables on a small corpus: trained once, shown beside the printed figures, and resumed."""

import dataclasses
import json
import re

import pytest

from genrekit.toolkit.experiments.paper import report
from genrekit.toolkit.experiments.paper.published import PUBLISHED
from genrekit.toolkit.experiments.paper.report import ROWS, tables, with_std
from genrekit.toolkit.experiments.paper.reproduction import SMOKE_EPOCHS, Spread, reproduce


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("paper")


@pytest.fixture(scope="module")
def result(segments, folder):
    return reproduce(segments, folder, seeds=1, smoke=True)


def test_runs_are_kept_and_not_trained_again(result, segments, folder):
    trained = []
    again = reproduce(segments, folder, seeds=1, smoke=True, on_epoch=lambda name, *_: trained.append(name))
    assert trained == []
    assert again == result


@pytest.mark.slow
def test_another_seed_trains_only_what_is_new(result, segments, folder):
    trained = []
    both = reproduce(segments, folder, seeds=2, smoke=True, on_epoch=lambda name, *_: trained.append(name))
    assert all("seed 1" in name for name in trained)
    one, two = (found.columns[0].ours["test_accuracy"] for found in (result, both))
    assert two.all[:1] == one.all
    assert one.std is None
    assert two.std is not None


def test_ours_are_the_figures_of_the_runs(result, folder):
    for column, printed in zip(result.columns, PUBLISHED, strict=True):
        run = folder / "runs" / "segment" / "seed-0" / printed.name
        metrics = json.loads((run / "metrics.json").read_text())
        last = (run / "history.csv").read_text().splitlines()[-1].split(",")
        assert column.epochs == metrics["epochs"] == SMOKE_EPOCHS[printed.epochs]
        assert column.ours["validation_accuracy"].mean == metrics["validation"]["accuracy"]
        assert column.ours["test_accuracy"].mean == metrics["test"]["accuracy"]
        assert column.ours["training_error"].mean == pytest.approx(float(last[1]))
        assert metrics["recipe"] == "paper"


def test_only_the_penalty_parts_keras_loss_from_cross_entropy(result, folder):
    """The validation's own loss is known both ways; the test part gets the same penalty."""
    for column in result.columns:
        metrics = json.loads(
            (folder / "runs" / "segment" / "seed-0" / column.published.name / "metrics.json").read_text()
        )
        penalties = [column.ours[f"{part}_error"].mean - metrics[part]["loss"] for part in ("validation", "test")]
        assert penalties[0] == pytest.approx(penalties[1])
        assert (penalties[0] > 0.1) == (column.published.model == "mlp-regularized")


def test_every_printed_figure_stands_beside_ours(result):
    shown = tables(result)
    assert [table.title.partition(":")[0] for table in shown[:3]] == ["Tables 1 to 3", "Table 4", "Table 5"]
    assert [len(table.rows) for table in shown[:3]] == [2 * len(ROWS), len(ROWS), 4 * len(ROWS)]
    for table in shown[:3]:
        for _, printed, ours, difference in table.rows:
            assert float(difference) == pytest.approx(float(ours) - float(printed), abs=1.1e-4)
    cells = {cell for table in shown[:3] for row in table.rows for cell in row}
    assert {"0.7455", "0.6844", "0.7253", "0.8919", "0.8374", "0.7400", "0.4715", "0.7658", "2.8012"} <= cells


def test_splits_that_leak_say_so_and_those_that_cannot_serve_say_why(result):
    text = report.markdown(result)
    assert "| segment (leaks): cnn |" in text
    assert "| track: lstm |" in text
    assert "Not possible: split=fault-filtered: expected tracks of" in text
    assert "Measured on the corpus" in text
    assert "A smoke run" in text


def test_copies_on_two_sides_are_reported(result):
    pairs = {"track": (("a", "b"),)}
    splits = [dataclasses.replace(split, duplicates_apart=pairs.get(split.split, ())) for split in result.splits]
    shown = report.markdown(dataclasses.replace(result, splits=splits))
    assert "track: a and b hold the same audio but stand on two sides" in shown
    assert "hold the same audio" not in report.markdown(result)


def test_the_page_stands_alone_with_the_curves_of_three_figures(result):
    page = report.html(result)
    assert page.count("<svg") == 6
    assert "Figure 3: RNN, LSTM, error" in page
    assert not re.search(r"(?:src|href)=[\"'](?!#)|url\((?!#)|<script", page)


def test_a_spread_is_that_of_a_sample():
    assert Spread.of([1.0, 3.0]) == Spread(2.0, pytest.approx(2**0.5), [1.0, 3.0])
    assert with_std(Spread.of([0.5])) == "0.5000"
    assert with_std(Spread.of([0.5, 0.5])) == "0.5000 ± 0.0000"


@pytest.mark.slow
def test_the_command_writes_the_tables_and_the_page(genrekit_process, corpus_folder, tmp_path):
    out = tmp_path / "out"
    process = genrekit_process("paper", "--data", corpus_folder, "--out", out, "--seeds", 1, "--smoke")
    assert process.returncode == 0, process.stderr
    assert "0.7455" in process.stdout  # printed
    assert {path.name for path in (out / "smoke").iterdir()} == {"runs", "paper.json", "paper.md", "paper.html"}


def test_less_than_one_seed_is_refused(genrekit, corpus_folder, tmp_path):
    process = genrekit("paper", "--data", corpus_folder, "--out", tmp_path / "out", "--seeds", 0)
    assert process.returncode == 2
    assert "seeds=0" in process.stderr
    assert not (tmp_path / "out").exists()
