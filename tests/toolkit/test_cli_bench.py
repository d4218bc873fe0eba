"""genrekit bench and genrekit compare as users type them."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import shutil
import signal
import subprocess
import sys
import time

import pytest

from genrekit.bench import read_json
from genrekit.bench.results import store
from genrekit.converters.attach import attach
from genrekit.runtime import read_description

from ..runtime.test_c_sources import write_described

QUICK = ("--calls", 10, "--seconds", 0, "--rounds", 2, "--paced-calls", 0)


@pytest.fixture(scope="module")
def model(exported):
    return exported / "cnn-int8.tflite"


@pytest.fixture(scope="module")
def alone(model, tmp_path_factory):
    """The same away from its run, so that no Keras is asked for its labels."""
    return shutil.copy(model, tmp_path_factory.mktemp("alone"))


def refused(process, *parts):
    """Ended with 2 and a sentence with `parts`, without a traceback or results."""
    assert process.returncode == 2
    assert process.stdout == ""
    assert "Traceback" not in process.stderr
    for part in parts:
        assert part in process.stderr


def test_bench_goes_on_after_a_file_that_is_no_model(genrekit, genrekit_process, model, corpus_folder, tmp_path):
    (tmp_path / "no-model.tflite").write_text("no model")
    outputs = ("--out", tmp_path / "bench.json", "--csv", tmp_path / "bench.csv", "--html", tmp_path / "bench.html")
    process = genrekit_process("bench", tmp_path / "no-model.tflite", model, "--data", corpus_folder, *outputs, *QUICK)
    rows = json.loads((tmp_path / "bench.json").read_text())["results"]
    assert process.returncode == 2
    assert ["error" in row for row in rows] == [True, False]
    assert rows[1]["agreement"] is not None  # the run was found beside the models
    assert len((tmp_path / "bench.csv").read_text().splitlines()) >= 2
    same = genrekit("compare", tmp_path / "bench.json", tmp_path / "bench.json")
    assert "no difference" in same.stdout


def test_bench_refuses_an_unwritable_output_before_it_measures(genrekit, model, corpus_folder, tmp_path):
    (tmp_path / "file").write_text("")
    process = genrekit("bench", model, "--data", corpus_folder, "--out", tmp_path / "file" / "bench.json")
    assert process.returncode == 2
    assert f"{tmp_path / 'file'}" in process.stderr


def test_files_are_measured_on_every_engine(genrekit, alone, corpus_folder, tmp_path):
    engines = ("--engine", "litert", "--engine", "micro")
    out = ("--out", tmp_path / "b.json", "--markdown", tmp_path / "b.md")
    process = genrekit("bench", alone, "--data", corpus_folder, *engines, *QUICK, *out)
    assert process.returncode == 0, process.stderr
    bench = read_json(tmp_path / "b.json")
    cases = {(row.engine, row.threads) for row in bench.results}
    assert cases == {("litert", 1), ("micro", 1)}
    assert all(row.clip_ms.round_n == (5, 5) for row in bench.results)
    assert set(bench.machine.peak_gmacs_per_s) == {"1"}
    names = ["cnn-int8.tflite", "cnn-int8.tflite on micro"]
    assert all(name in text for name in names for text in (process.stdout, (tmp_path / "b.md").read_text()))
    assert "functional-engine" in process.stderr


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (("--engine", "torch"), "'torch' is not one of 'litert'"),
        (("--engine", "onnx"), "engine=onnx: expected a onnx file"),
        (("--threads", "1,2"), "'--threads'"),
        (("--engine", "micro", "--threads", "2"), "threads=2: expected 1 for engine micro"),
        (("--threads", "0"), "threads=0: expected at least 1"),
        (("--rounds", "0"), "rounds=0"),
        (("--seconds", "-1"), "seconds=-1"),
    ],
)
def test_what_cannot_be_measured_is_refused_first(genrekit, model, corpus_folder, options, part):
    refused(genrekit("bench", model, "--data", corpus_folder, *options), part)


@pytest.mark.skipif(importlib.util.find_spec("tflite_runtime") is not None, reason="tflite-runtime is installed")
def test_an_engine_that_is_not_installed_is_a_row_with_the_command(genrekit, alone, corpus_folder, tmp_path):
    engines = ("--engine", "tflite-runtime", "--engine", "litert")
    process = genrekit("bench", alone, "--data", corpus_folder, *engines, *QUICK, "--out", tmp_path / "b.json")
    assert process.returncode == 1
    missing, present = read_json(tmp_path / "b.json").results
    assert 'pip install "genrekit[tflite-runtime]"' in missing.error
    assert missing.error in process.stderr
    assert present.clip_ms.n == 10


def test_an_interrupt_keeps_what_was_measured(alone, corpus_folder, tmp_path):
    out = tmp_path / "b.json"
    command = [sys.executable, "-m", "genrekit.toolkit.cli.app", "bench", alone, "--data", corpus_folder]
    endless = ["--calls", "3", "--seconds", "0", "--rounds", "1000", "--paced-calls", "0", "--out", out]
    with subprocess.Popen(
        list(map(str, [*command, *endless])), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        partial = store.partial_path(out)
        while not (partial.exists() and read_json(partial).results[0].clip_ms):
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        printed, said = process.communicate()
    assert process.returncode == 130
    assert "cnn-int8.tflite" in printed
    assert "interrupted" in said
    assert "Traceback" not in said
    bench = read_json(out)
    assert bench.interrupted
    assert not bench.complete
    assert not partial.exists()
    assert bench.results[0].clip_ms.n >= 1


def test_a_bench_that_is_killed_leaves_an_earlier_result_and_what_it_measured(genrekit, model, corpus_folder, tmp_path):
    out = tmp_path / "b.json"
    out.write_text("earlier")
    partial = store.partial_path(out)
    command = [sys.executable, "-m", "genrekit.toolkit.cli.app", "bench", model, "--data", corpus_folder]
    endless = ["--calls", "3", "--seconds", "0", "--rounds", "1000", "--paced-calls", "0", "--out", out]
    with subprocess.Popen(
        list(map(str, [*command, *endless])), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        while not (partial.exists() and read_json(partial).results[0].clip_ms):
            assert process.poll() is None
            time.sleep(0.1)
        process.kill()
    assert out.read_text() == "earlier"
    shown = genrekit("report", partial)
    assert shown.returncode == 0, shown.stderr
    assert "incomplete" in shown.stdout
    assert "Incomplete" in shown.stderr
    again = genrekit("bench", model, "--data", corpus_folder, *QUICK, "--out", out)
    assert f"{partial}: what a bench that did not come to its end" in again.stderr
    assert read_json(out).complete
    assert not partial.exists()


def test_two_trainings_of_one_name_are_benched_apart(genrekit, exported, corpus_folder, tmp_path):
    for file in ("mlp-float32.onnx", "mlp-int8.onnx"):
        shutil.copy(exported / file, tmp_path)
    path = tmp_path / "mlp-int8.onnx"
    path.write_bytes(attach(path.read_bytes(), dataclasses.replace(read_description(path), seed=1)))
    process = genrekit("bench", *tmp_path.glob("*.onnx"), "--data", corpus_folder)
    refused(process, "bench them apart")


def test_a_damaged_result_is_no_result(genrekit, tmp_path):
    (tmp_path / "a.json").write_text('{"schema": 1, "results": [{}]}')
    refused(genrekit("compare", tmp_path / "a.json", tmp_path / "a.json"), "a.json")


def rewritten(path, factor):
    """The results at `path` with all clip times multiplied."""
    bench = json.loads(path.read_text())
    for row in bench["results"]:
        for key in ("p50", "p90", "p99", "mean", "iqr"):
            row["clip_ms"][key] *= factor
        for key in ("raw", "round_p50"):
            row["clip_ms"][key] = [factor * value for value in row["clip_ms"][key]]
    return json.dumps(bench)


def test_compare_is_a_gate(genrekit, exported, tmp_path):
    before, after = exported.parent / "bench.json", tmp_path / "after.json"
    assert genrekit("compare", before, before, "--fail-over", 1.1).returncode == 0
    after.write_text(rewritten(before, 1.5))
    process = genrekit("compare", before, after, "--fail-over", 1.1)
    assert process.returncode == 1
    assert "1.500" in process.stderr
    assert genrekit("compare", before, after).returncode == 0
    assert genrekit("compare", before, after, "--fail-over", 1.6).returncode == 0


def test_compare_prints_markdown_or_json(genrekit, exported):
    path = exported.parent / "bench.json"
    markdown = genrekit("compare", path, path, path, "--markdown").stdout
    assert markdown.startswith("## Times")
    assert "| cnn-int8.tflite | C |" in markdown
    comparison = json.loads(genrekit("compare", path, path, "--json").stdout)
    assert {row["verdict"].partition(" (")[0] for row in comparison["cases"]} == {"no difference"}


@pytest.mark.parametrize(
    ("options", "part"),
    [((), "files=1"), (("--fail-over", "0"), "fail_over=0"), (("--json", "--markdown"), "leave the other out")],
)
def test_compare_refuses_what_makes_no_sense(genrekit, exported, options, part):
    path = exported.parent / "bench.json"
    refused(genrekit("compare", path, *([path] if options else []), *options), part)


def test_a_folder_of_c_is_shown_and_what_cannot_run_it_says_so(genrekit, tmp_path):
    folder = write_described(tmp_path / "hard-float32-c")
    shown = genrekit("inspect", folder)
    assert shown.returncode == 0, shown.stderr
    assert "Č */ é" in shown.stdout
    for command in ("classify", "stream"):
        refused(genrekit(command, folder, tmp_path / "clip.wav"), "a folder of C", "./classify")
    threads = genrekit("bench", folder, "--data", tmp_path, "--threads", 2)
    refused(threads, "threads=2: expected 1 for engine c")
