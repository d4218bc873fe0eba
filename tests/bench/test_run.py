"""Real files measured in rounds of fresh processes: what comes out, and what becomes of files that fail."""

import dataclasses
import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest

from genrekit.bench.measure import rounds as measure_rounds
from genrekit.bench.measure.plan import BenchPlan, Case, Effort, TrainingRow, front_end_plan
from genrekit.bench.measure.processes import run_worker
from genrekit.bench.measure.timing import measure_peak
from genrekit.bench.results import store
from genrekit.bench.results.build import NOT_MEASURED
from genrekit.bench.results.reader import read_json
from genrekit.bench.run import baseline_cases, keras_labels, run_bench
from genrekit.runtime import load
from genrekit.runtime.errors import Failure, OutputError
from genrekit.runtime.modelfile.reader import read_description

from .conftest import CONFIG

CLASSIFY = "genrekit.toolkit.cli.app"
CALLS, ROUNDS = 7, 2
EFFORT = Effort(CALLS, seconds=0, rounds=ROUNDS, paced_calls=2)
ONCE = Effort(1, seconds=0, rounds=1, paced_calls=0)
ROW_KEYS = {
    *("model", "format", "precision", "engine", "threads", "bytes", "accuracy", "agreement"),
    *("front_end_ms", "model_ms", "clip_ms", "real_time_factor", "cold_start_ms", "peak_rss_bytes"),
    *("macs", "gmacs_per_s", "warnings"),
}
TIME_KEYS = {"p50", "p90", "p99", "mean", "n", "raw"}
MACHINE_KEYS = {"cpu", "cores", "memory_bytes", "governor", "os", "python", "front_end", "engines"}
ALWAYS_LOW = """
import sys, keras, numpy as np
layers = [keras.Input((130, 13)), keras.layers.GlobalAveragePooling1D(), keras.layers.Dense(3, activation="softmax")]
model = keras.Sequential(layers)
model.layers[-1].set_weights([np.zeros((13, 3)), np.array([5.0, 0, 0])])
model.save(sys.argv[1])
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return tmp_path_factory.mktemp("results") / "bench.json"


@pytest.fixture(scope="module")
def steps():
    return []


@pytest.fixture(scope="module")
def bench(tiny_onnx, crashing, clips, saved, steps):
    """One bench: a case that crashes, one that is not there, and one that is sound."""
    cases = (Case(crashing, engine="micro"), Case(crashing.with_name("gone.tflite")), Case(tiny_onnx))
    training = (TrainingRow("tiny", 1.5, "metrics.json"),)
    plan = BenchPlan(cases, clips, effort=EFFORT, training=training, cold_start=CLASSIFY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(crashing.parent))
        return run_bench(plan, progress=lambda *step: steps.append(step), save_to=saved)


@pytest.fixture(scope="module")
def row(bench):
    return bench.results[2]


def test_the_json_has_the_keys_of_the_contract(saved, bench):
    content = json.loads(saved.read_text())
    assert {"schema", "created", "machine", "results", "complete", "baseline", "training"} <= content.keys()
    assert content["schema"] == 1
    assert content["complete"] is True
    assert content["machine"].keys() >= MACHINE_KEYS
    assert all(row.keys() >= ROW_KEYS for row in content["results"])
    (row,) = content["training"]
    assert row == {"model": "tiny", "seconds_per_epoch": 1.5, "source": "metrics.json", "segments": None}
    assert content["baseline"] is None
    assert ["error" in row for row in content["results"]] == [True, True, False]


def test_the_saved_file_is_what_is_returned(bench, saved):
    assert read_json(saved) == bench


def test_each_round_measures_every_case_once_in_an_order_of_its_own(steps):
    names = ["peak of the machine", "fragile-int8.tflite", "gone.tflite", "tiny-float32.onnx"]
    assert [step[:2] for step in steps] == [(done, len(names) * ROUNDS) for done in range(len(names) * ROUNDS + 1)]
    rounds = [[step[2] for step in steps][start : start + len(names)] for start in (0, len(names))]
    assert [sorted(order) for order in rounds] == [sorted(names)] * ROUNDS
    assert rounds[0] != rounds[1]


def test_a_sound_case_says_what_it_is(row, tiny_onnx):
    assert row.error is None
    assert (row.model, row.format, row.precision, row.engine) == ("tiny", "onnx", "float32", "onnx")
    assert (row.threads, row.macs, row.bytes) == (1, 39, tiny_onnx.stat().st_size)


def test_each_time_has_the_raw_values_of_each_round(row):
    for name in ("front_end_ms", "model_ms", "clip_ms", "stream_ms"):
        times = row.times(name)
        assert vars(times).keys() >= TIME_KEYS
        assert times.n == len(times.raw) == 8  # seven in two rounds, rounded up
        assert times.round_n == (4, 4)
        assert min(times.raw) > 0
    assert row.paced_ms.round_n == (1, 1)


def test_what_a_process_reports_once_is_kept_for_each_round(row):
    for name in ("load_ms", "first_call_ms", "cold_start_ms", "peak_rss_bytes"):
        assert len(row.per_round[name]) == ROUNDS
        assert min(row.per_round[name]) <= getattr(row, name) <= max(row.per_round[name])


def test_derived_figures_follow_from_the_times(row):
    assert row.real_time_factor == pytest.approx(row.clip_ms.p50 / 3000)
    assert row.gmacs_per_s == pytest.approx(39 / (row.model_ms.p50 / 1000) / 1e9)
    assert row.cold_start_ms > 0
    assert row.cold_start_of == "genrekit classify"
    assert row.peak_rss_bytes > 1_000_000


def test_the_fraction_of_the_peak_is_of_the_machines_own_matrix_product(row, bench):
    peak = bench.machine.peak_gmacs_per_s["1"]
    assert peak > 0.1
    assert row.peak_fraction == pytest.approx(row.gmacs_per_s / peak)


def test_a_peak_that_cannot_be_measured_is_left_out(tiny_onnx, clips, monkeypatch):
    def without_peak(job, **options):
        if job is measure_peak:
            raise Failure("killed by SIGKILL")
        return run_worker(job, **options)

    monkeypatch.setattr(measure_rounds, "run_worker", without_peak)
    bench = run_bench(BenchPlan((Case(tiny_onnx),), clips, effort=ONCE))
    assert bench.results[0].peak_fraction is None
    assert bench.results[0].clip_ms.n >= 1


def test_ratios_are_of_pairs_that_were_measured(bench):
    assert bench.ratios == {"clip_ms": (), "model_ms": (), "front_end_ms": ()}


def test_accuracy_is_over_all_clips(row, tiny_onnx, clips):
    model = load(tiny_onnx)
    right = [
        model.classify(window).label == label for window, label in zip(clips.samples, clips.true_labels, strict=True)
    ]
    assert row.accuracy == pytest.approx(np.mean(right))
    assert row.accuracy_interval[0] < row.accuracy <= row.accuracy_interval[1]
    assert np.trace(row.confusion) == sum(right)
    assert np.sum(row.confusion) == len(right)


def test_the_calibration_error_is_of_the_scores_of_the_chosen_labels(row, tiny_onnx, clips):
    scores = [load(tiny_onnx).classify(window).score for window in clips.samples]
    assert row.accuracy == 1  # so that the error is how far the scores stay below 1
    assert row.calibration_error == pytest.approx(1 - np.mean(scores), abs=1e-4)


def test_without_a_reference_there_is_no_agreement_but_a_warning(row):
    assert row.agreement is None
    assert {"no-reference", "few-calls", "demo-corpus"} <= {warning.kind for warning in row.warnings}


def test_a_crash_is_a_row_with_the_signal(bench):
    crashed = bench.results[0]
    assert "SIGSEGV" in crashed.error
    assert (crashed.model, crashed.precision, crashed.file) == ("fragile", "int8", "fragile-int8.tflite")
    assert crashed.clip_ms is None


def test_a_missing_file_is_a_row_with_its_sentence(bench):
    assert "gone.tflite: expected a model file, found none" in bench.results[1].error


@pytest.mark.skipif(importlib.util.find_spec("tflite_runtime") is not None, reason="tflite-runtime is installed")
def test_a_missing_engine_is_a_row_with_the_pip_command(crashing, clips):
    bench = run_bench(BenchPlan((Case(crashing, engine="tflite-runtime"),), clips, effort=ONCE))
    assert 'pip install "genrekit[tflite-runtime]"' in bench.results[0].error


def test_an_unwritable_output_is_refused_before_anything_is_measured(tiny_onnx, clips, tmp_path):
    def never(*step):
        raise AssertionError(step)

    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "bench.json"):
        with pytest.raises(OutputError, match="cannot write"):
            run_bench(BenchPlan((Case(tiny_onnx),), clips), progress=never, save_to=path)


def test_what_was_measured_is_kept_when_interrupted(tiny_onnx, clips, tmp_path):
    def interrupt(done, total, what):
        if done == 4:  # two cases and the peak make a round
            raise KeyboardInterrupt

    two_rounds = Effort(2, seconds=0, rounds=2, paced_calls=0)
    plan = BenchPlan((Case(tiny_onnx),) * 2, clips, effort=two_rounds)
    bench = run_bench(plan, progress=interrupt, save_to=tmp_path / "b.json")
    assert bench.interrupted
    assert not bench.complete
    assert [row.accuracy for row in bench.results] == [1, 1]
    assert sorted(row.clip_ms.n for row in bench.results) in ([1, 1], [1, 2])
    assert bench.ratios["clip_ms"][0].basis == "calls"
    assert read_json(tmp_path / "b.json") == bench


def test_until_the_end_results_stand_beside_their_file(tiny_onnx, clips, tmp_path):
    out, seen = tmp_path / "b.json", []

    def look(done, total, what):
        if 0 < done < total:
            seen.append((out.exists(), read_json(store.partial_path(out)).complete))

    bench = run_bench(BenchPlan((Case(tiny_onnx),), clips, effort=EFFORT), progress=look, save_to=out)
    assert set(seen) == {(False, False)}
    assert bench.complete
    assert read_json(out) == bench
    assert list(tmp_path.iterdir()) == [out]


def test_an_interrupt_before_the_first_round_leaves_rows_that_say_so(tiny_onnx, clips):
    def interrupt(done, total, what):
        if done == 0:
            raise KeyboardInterrupt

    (row,) = run_bench(BenchPlan((Case(tiny_onnx),), clips, effort=ONCE), progress=interrupt).results
    assert row.error == NOT_MEASURED
    assert row.warnings == ()


def test_a_case_that_fails_in_a_later_round_keeps_its_figures_and_says_when(tiny_onnx, clips, tmp_path):
    path = tmp_path / "tiny-float32.onnx"
    path.write_bytes(tiny_onnx.read_bytes())

    def break_it(done, total, what):
        if done == 2:  # the peak and the case make a round
            path.write_bytes(b"no model")

    effort = Effort(2, seconds=0, rounds=2, paced_calls=0)
    (row,) = run_bench(BenchPlan((Case(path),), clips, effort=effort), progress=break_it).results
    assert row.error.startswith("in round 2: ")
    assert row.clip_ms.round_n == (1,)


@pytest.fixture(scope="module")
def keras_that_always_says_low(tmp_path_factory, tiny_onnx):
    """A run folder with a Keras model of the name "tiny" that gives every clip the first label."""
    path = tmp_path_factory.mktemp("run") / "model.keras"
    subprocess.run([sys.executable, "-c", ALWAYS_LOW, str(path)], check=True, capture_output=True)
    description = dataclasses.replace(read_description(tiny_onnx), format="keras")
    (path.parent / "description.json").write_text(description.to_json())
    return path


@pytest.mark.slow
def test_agreement_is_with_keras_and_the_baseline_is_keras_with_librosa(tiny_onnx, clips, keras_that_always_says_low):
    pytest.importorskip("librosa")
    references = {"tiny": keras_that_always_says_low}
    labels, baselines = keras_labels(references, clips), baseline_cases(references)
    bench = run_bench(BenchPlan((Case(tiny_onnx),), clips, labels, baselines=baselines, effort=ONCE))
    (row,) = bench.results
    assert row.accuracy == 1
    assert row.agreement == pytest.approx(1 / 3)
    assert "low-agreement" in {warning.kind for warning in row.warnings}
    (baseline,) = bench.baselines
    assert bench.to_json()["baseline"].keys() >= ROW_KEYS
    assert (baseline.engine, baseline.front_end, baseline.format) == ("keras", "librosa", "keras")
    assert baseline.accuracy == pytest.approx(1 / 3)
    assert baseline.agreement == 1
    assert baseline.clip_ms.n == 1
    assert baseline.paced_ms is None
    (pair,) = bench.ratios["clip_ms"]
    assert (pair.first, pair.second) == (0, 1)
    assert pair.verdict == "faster"


def test_keras_is_measured_with_the_threads_of_its_process(clips, keras_that_always_says_low):
    case = Case(keras_that_always_says_low, engine="keras", threads=2)
    (row,) = run_bench(BenchPlan((case,), clips, effort=ONCE)).results
    assert row.error is None
    assert row.threads == 2


def test_a_reference_that_cannot_be_used_is_named_in_the_warning(tiny_onnx, clips, tmp_path):
    labels = keras_labels({"tiny": tmp_path / "lost.keras"}, clips)
    (row,) = run_bench(BenchPlan((Case(tiny_onnx),), clips, labels, effort=ONCE)).results
    (warning,) = [warning for warning in row.warnings if warning.kind == "no-reference"]
    assert "lost.keras" in warning.text


@pytest.mark.slow
def test_front_ends_alone(clips, tmp_path):
    pytest.importorskip("librosa")
    bench = run_bench(front_end_plan(clips, CONFIG, effort=EFFORT), save_to=tmp_path / "bench.json")
    assert [row.front_end for row in bench.rows] == ["genrekit", "librosa"]
    for row in bench.rows:
        assert row.front_end_ms.round_n == (4, 4)
        assert row.accuracy is None
        assert row.clip_ms is None
    assert read_json(tmp_path / "bench.json") == bench
