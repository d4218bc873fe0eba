"""The main job, run as a user would: one command from audio to a table, a page and 24 files."""

from __future__ import annotations

import json
import re

import pytest

from genrekit.toolkit.models import MODELS

from .conftest import QUICK_CALLS, QUICK_EPOCHS

FILES = sorted(
    f"{model}-{variant}"
    for model in MODELS
    for variant in ("float32.tflite", "float16.tflite", "dynamic.tflite", "int8.tflite", "float32.onnx", "int8.onnx")
)
ROW_KEYS = {
    "model", "format", "precision", "engine", "threads", "bytes", "accuracy", "agreement", "front_end_ms", "model_ms",
    "clip_ms", "real_time_factor", "cold_start_ms", "peak_rss_bytes", "macs", "gmacs_per_s", "warnings",
}  # fmt: skip


@pytest.fixture(scope="module")
def out(quickstart):
    process, out = quickstart
    assert process.returncode == 0, process.stderr
    return out


def test_all_files_are_made_and_agree_with_keras(out):
    rows = json.loads((out / "models" / "parity.json").read_text())
    assert sorted(row["file"] for row in rows) == FILES
    assert all(row["passed"] for row in rows)
    assert sorted(path.name for path in (out / "models").iterdir()) == sorted([*FILES, "parity.json"])


def test_the_bench_measures_every_file(out):
    bench = json.loads((out / "bench.json").read_text())
    assert {"schema", "created", "machine", "results", "baseline", "training"} <= set(bench)
    assert len(bench["results"]) == len(FILES)
    for row in bench["results"]:
        assert set(row) >= ROW_KEYS
        assert "error" not in row
        assert {"p50", "p90", "p99", "mean", "n", "raw"} <= set(row["clip_ms"])
        assert row["clip_ms"]["n"] == QUICK_CALLS
        assert 0 <= row["accuracy"] <= 1
        assert row["agreement"] >= 0.97
    assert {row["model"] for row in bench["training"]} == set(MODELS)


@pytest.mark.slow
def test_with_the_usual_effort_every_file_is_measured_for_a_second_in_three_rounds(
    genrekit_process, corpus_folder, tmp_path
):
    process = genrekit_process("quickstart", "--data", corpus_folder, "--out", tmp_path / "out")
    assert process.returncode == 0, process.stderr
    bench = json.loads((tmp_path / "out" / "bench.json").read_text())
    assert len(bench["results"]) == len(FILES)
    assert bench["effort"] == {"calls": 100, "seconds": 1, "rounds": 3, "paced_calls": 0}
    for row in bench["results"]:
        assert row["clip_ms"]["n"] >= 100
        assert len(row["clip_ms"]["round_n"]) == 3
        assert row["agreement"] >= 0.97


def test_the_accuracy_of_float32_files_is_that_of_training(out):
    bench = json.loads((out / "bench.json").read_text())
    for row in bench["results"]:
        if row["precision"] == "float32":
            metrics = json.loads((out / "runs" / row["model"] / "metrics.json").read_text())
            assert row["accuracy"] == pytest.approx(metrics["test"]["accuracy"])


def test_the_models_learned_the_tones(out):
    for model in MODELS:
        metrics = json.loads((out / "runs" / model / "metrics.json").read_text())
        assert metrics["recipe"] == "edge"
        assert metrics["split"] == "track"
        assert metrics["test"]["accuracy"] > 0.6, model  # a third by chance


def test_the_table_names_every_model_and_ends_with_the_paths(quickstart, out):
    process, _ = quickstart
    for model in MODELS:
        assert re.search(rf"\b{model}\b.*tflite.*int8", process.stdout)
        assert re.search(rf"\b{model}\b.*onnx.*int8", process.stdout)
    assert process.stdout.rstrip().endswith(str(out / "report.html"))


def test_the_page_stands_alone(out):
    page = (out / "report.html").read_text()
    assert "<svg" in page
    assert not re.search(r"(?:src|href)=[\"']https?:", page)
    assert all(model in page for model in MODELS)


def test_nothing_half_written_is_left(out):
    assert not [path for path in out.rglob(".*")]


def test_progress_is_silent_without_a_terminal(quickstart):
    process, _ = quickstart
    assert "\x1b[" not in process.stdout + process.stderr
    assert "WARNING" not in process.stderr


def test_a_second_call_keeps_the_trained_models(genrekit, quickstart, corpus_folder, out):
    before = (out / "runs" / "cnn" / "model.keras").stat().st_mtime_ns
    again = genrekit("train", "cnn", "--data", corpus_folder, "--out", out / "runs", "--epochs", QUICK_EPOCHS)
    assert again.returncode == 0, again.stderr
    assert (out / "runs" / "cnn" / "model.keras").stat().st_mtime_ns == before


def test_a_genre_with_one_track_is_named(genrekit, corpus_folder, tmp_path):
    import shutil

    shutil.copytree(corpus_folder, tmp_path / "corpus")
    for path in sorted((tmp_path / "corpus" / "flutes").iterdir())[1:]:
        path.unlink()
    process = genrekit("quickstart", "--data", tmp_path / "corpus", "--out", tmp_path / "out")
    assert process.returncode == 2
    assert "flutes: expected at least 3" in process.stderr
    assert "Traceback" not in process.stderr
    assert not (tmp_path / "out").exists()


def test_real_music_goes_the_same_way(genrekit, shared_data, tmp_path):
    """Two epochs: what is checked is the path from real GTZAN tracks to files, not an accuracy."""
    data = shared_data / "gtzan-mini" / "genres_original"
    trained = genrekit("train", "mlp", "--data", data, "--out", tmp_path / "runs", "--epochs", 2)
    assert trained.returncode == 0, trained.stderr
    files = ("--format", "tflite", "--precision", "float32")
    exported = genrekit("export", tmp_path / "runs" / "mlp", "--out", tmp_path / "models", *files)
    assert exported.returncode == 0, exported.stderr
    measured = genrekit("evaluate", tmp_path / "models" / "mlp-float32.tflite", "--data", data, "--json")
    metrics = json.loads((tmp_path / "runs" / "mlp" / "metrics.json").read_text())
    assert json.loads(measured.stdout)["test"]["accuracy"] == pytest.approx(metrics["test"]["accuracy"])
    assert metrics["test"]["segments"] > 100
