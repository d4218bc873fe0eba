"""Real files measured in fresh processes: what comes out, and what becomes of files that fail."""

import dataclasses
import importlib.util
import itertools
import subprocess
import sys

import numpy as np
import pytest

from genrekit.bench import store
from genrekit.bench.cases import Case, Clips
from genrekit.bench.front_ends import front_end
from genrekit.bench.measure import TIMED_CLIPS, WARM_UP, _timed_windows, measure_case, run_bench, run_front_end, timed
from genrekit.runtime import Classifier, ModelDescription, load, mfcc
from genrekit.runtime.errors import MissingPackageError, OutputError, ParameterError
from genrekit.runtime.modelfile import attach, read_description

from .conftest import CONFIG, LABELS

RUNS = 7
ROW_KEYS = {
    *("model", "format", "precision", "engine", "threads", "bytes", "accuracy", "agreement"),
    *("front_end_ms", "model_ms", "clip_ms", "real_time_factor", "cold_start_ms", "peak_rss_bytes"),
    *("macs", "gmacs_per_s", "warnings"),
}
TIME_KEYS = {"p50", "p90", "p99", "mean", "n", "raw"}
MACHINE_KEYS = {"cpu", "cores", "memory_bytes", "governor", "os", "python", "engines"}
ALWAYS_LOW = """
import sys, keras, numpy as np
layers = [keras.Input((130, 13)), keras.layers.GlobalAveragePooling1D(), keras.layers.Dense(3, activation="softmax")]
model = keras.Sequential(layers)
model.layers[-1].set_weights([np.zeros((13, 3)), np.array([5.0, 0, 0])])
model.save(sys.argv[1])
"""


@pytest.fixture(scope="module")
def crashing(tmp_path_factory):
    """A .tflite with a description, and a folder whose tflite_micro kills the process that imports it."""
    folder = tmp_path_factory.mktemp("crash")
    description = ModelDescription(model="fragile", labels=LABELS, format="tflite", precision="int8")
    path = folder / "fragile-int8.tflite"
    path.write_bytes(attach(b"\x00\x00\x00\x00TFL3", description))
    (folder / "tflite_micro").mkdir()
    (folder / "tflite_micro" / "__init__.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    return path


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return tmp_path_factory.mktemp("results") / "bench.json"


@pytest.fixture(scope="module")
def steps():
    return []


@pytest.fixture(scope="module")
def bench(tiny_onnx, crashing, clips, saved, steps):
    """One bench: a case that crashes, one that is not there, and one that is sound."""
    cases = [
        Case(crashing, engine="micro", runs=RUNS),
        Case(crashing.with_name("gone.tflite"), runs=RUNS),
        Case(tiny_onnx, runs=RUNS),
    ]
    training = [{"model": "tiny", "seconds_per_epoch": 1.5, "source": "metrics.json"}]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(crashing.parent))
        return run_bench(cases, clips, {}, training=training, progress=lambda *step: steps.append(step), save_to=saved)


@pytest.fixture(scope="module")
def row(bench):
    return bench["results"][2]


def test_the_json_has_the_keys_of_the_contract(bench):
    assert {"schema", "created", "machine", "results", "baseline", "training"} <= bench.keys()
    assert bench["schema"] == 1
    assert bench["machine"].keys() >= MACHINE_KEYS
    assert all(row.keys() >= ROW_KEYS for row in bench["results"])
    assert bench["training"] == [{"model": "tiny", "seconds_per_epoch": 1.5, "source": "metrics.json"}]
    assert bench["baseline"] is None


def test_the_saved_file_is_what_is_returned(bench, saved):
    assert store.read_json(saved) == bench


def test_progress_names_each_step(bench, steps):
    assert [step[:2] for step in steps] == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
    assert [step[2] for step in steps][1:4] == ["fragile-int8.tflite", "gone.tflite", "tiny-float32.onnx"]


def test_a_sound_case_says_what_it_is(row, tiny_onnx):
    assert "error" not in row
    assert (row["model"], row["format"], row["precision"], row["engine"]) == ("tiny", "onnx", "float32", "onnx")
    assert (row["threads"], row["macs"], row["bytes"]) == (1, 39, tiny_onnx.stat().st_size)


def test_each_time_has_its_raw_values(row):
    for name in ("front_end_ms", "model_ms", "clip_ms"):
        assert row[name].keys() >= TIME_KEYS
        assert row[name]["n"] == len(row[name]["raw"]) == RUNS
        assert min(row[name]["raw"]) > 0


def test_derived_figures_follow_from_the_times(row):
    assert row["real_time_factor"] == pytest.approx(row["clip_ms"]["p50"] / 3000)
    assert row["gmacs_per_s"] == pytest.approx(39 / (row["model_ms"]["p50"] / 1000) / 1e9)
    assert row["cold_start_ms"] > 0
    assert row["cold_start_of"] == "genrekit classify"
    assert row["peak_rss_bytes"] > 1_000_000


def test_accuracy_is_over_all_clips(row, tiny_onnx, clips):
    model = load(tiny_onnx)
    right = [
        model.classify(window).label == label for window, label in zip(clips.samples, clips.true_labels, strict=True)
    ]
    assert row["accuracy"] == pytest.approx(np.mean(right))


def test_without_a_reference_there_is_no_agreement_but_a_warning(row):
    assert row["agreement"] is None
    assert {"no-reference", "few-runs", "demo-corpus"} <= {warning["kind"] for warning in row["warnings"]}


def test_a_crash_is_a_row_with_the_signal(bench):
    crashed = bench["results"][0]
    assert "SIGSEGV" in crashed["error"]
    assert (crashed["model"], crashed["precision"], crashed["file"]) == ("fragile", "int8", "fragile-int8.tflite")
    assert crashed["clip_ms"] is None


def test_a_missing_file_is_a_row_with_its_sentence(bench):
    assert "gone.tflite: expected a model file, found none" in bench["results"][1]["error"]


@pytest.mark.skipif(importlib.util.find_spec("tflite_runtime") is not None, reason="tflite-runtime is installed")
def test_a_missing_engine_is_a_row_with_the_pip_command(crashing, clips):
    bench = run_bench([Case(crashing, engine="tflite-runtime")], clips, {})
    assert 'pip install "genrekit[tflite-runtime]"' in bench["results"][0]["error"]


def test_an_unwritable_output_is_refused_before_anything_is_measured(tiny_onnx, clips, tmp_path):
    def never(*step):
        raise AssertionError(step)

    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "bench.json"):
        with pytest.raises(OutputError, match="cannot write"):
            run_bench([Case(tiny_onnx)], clips, {}, progress=never, save_to=path)


def test_what_was_measured_is_kept_when_interrupted(tiny_onnx, clips, tmp_path):
    def interrupt(done, total, what):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_bench([Case(tiny_onnx, runs=1)] * 2, clips, {}, progress=interrupt, save_to=tmp_path / "bench.json")
    (row,) = store.read_json(tmp_path / "bench.json")["results"]
    assert row["accuracy"] == 1


def test_warm_up_is_left_out(tiny_onnx, clips):
    readings = (1_000_000 * count**2 for count in itertools.count())  # the k-th span takes 2k + 1 ms
    raw = measure_case(Case(tiny_onnx, runs=RUNS), clips, lambda: next(readings))
    assert (raw["load_ms"], raw["first_call_ms"]) == (1, 5)
    for step, name in enumerate(store.TIMES):
        assert raw[name] == [2 * (4 + 6 * turn + 2 * step) + 1 for turn in range(WARM_UP, WARM_UP + RUNS)]


def test_each_step_is_timed_with_what_it_does(tiny_onnx, clips, monkeypatch):
    now = 0

    def slowed(function, milliseconds):
        def call(*arguments):
            nonlocal now
            now += milliseconds * 1_000_000
            return function(*arguments)

        return call

    for module in ("genrekit.bench.front_ends", "genrekit.runtime.classifier"):
        monkeypatch.setattr(f"{module}.mfcc", slowed(mfcc, 3))
    monkeypatch.setattr(Classifier, "predict", slowed(Classifier.predict, 5))
    raw = measure_case(Case(tiny_onnx, runs=2), clips, lambda: now)
    assert (raw["front_end_ms"], raw["model_ms"], raw["clip_ms"]) == ([3, 3], [5, 5], [8, 8])


def test_timed_gives_the_result_and_milliseconds():
    ticks = iter([5_000_000, 7_500_000])
    assert timed(lambda: next(ticks), max, 3, 4) == (4, 2.5)


def test_clips_of_other_windows_are_refused(tiny_onnx, clips, tmp_path):
    short = Clips.save(tmp_path, np.array(clips.samples[:, :1000]), np.arange(12) % 3, LABELS)
    with pytest.raises(ParameterError, match="clips of 1000 samples at 22050 Hz: expected 66150 at 22050 Hz"):
        measure_case(Case(tiny_onnx), short)


def test_classes_that_the_model_does_not_know_are_refused(tiny_onnx, clips):
    other = dataclasses.replace(clips, class_names=("low", "polka", "noise"))
    with pytest.raises(ParameterError, match="classes=polka: expected classes that the model knows"):
        measure_case(Case(tiny_onnx), other)


def test_fewer_classes_in_another_order_are_matched_by_name(tiny_onnx, tmp_path, clips):
    names = ["high", "low"]
    chosen = [place for place, label in enumerate(clips.true_labels) if label in names]
    labels = np.array([names.index(clips.true_labels[place]) for place in chosen])
    swapped = Clips.save(tmp_path, clips.samples[chosen], labels, names)
    assert measure_case(Case(tiny_onnx, runs=1), swapped)["predicted"] == swapped.true_labels


def test_timed_clips_go_round_the_whole_set(tmp_path, tiny_onnx, clips):
    """Many clips are sampled evenly; the last timed one is not among the first TIMED_CLIPS."""
    many = Clips.save(
        tmp_path, np.tile(np.arange(50, dtype=np.float32)[:, None] / 100, 66150), np.zeros(50, int), ["a"]
    )
    values = [round(float(window[0]) * 100) for window in _timed_windows(many)]
    assert len(values) <= TIMED_CLIPS
    assert max(values) >= 48
    assert len(set(np.diff(values))) == 1


@pytest.fixture(scope="module")
def keras_that_always_says_low(tmp_path_factory, tiny_onnx):
    """A run folder with a Keras model of the name "tiny" that gives every clip the first label."""
    path = tmp_path_factory.mktemp("run") / "model.keras"
    subprocess.run([sys.executable, "-c", ALWAYS_LOW, str(path)], check=True, capture_output=True)
    description = dataclasses.replace(read_description(tiny_onnx), format="keras")
    (path.parent / "description.json").write_text(description.to_json())
    return path


def test_agreement_is_with_keras_and_the_baseline_is_keras_with_librosa(tiny_onnx, clips, keras_that_always_says_low):
    pytest.importorskip("librosa")
    bench = run_bench([Case(tiny_onnx, runs=2)], clips, {"tiny": keras_that_always_says_low}, baseline=True)
    (row,) = bench["results"]
    assert row["accuracy"] == 1
    assert row["agreement"] == pytest.approx(1 / 3)
    assert "low-agreement" in {warning["kind"] for warning in row["warnings"]}
    assert bench["baselines"] == [bench["baseline"]]
    baseline = bench["baseline"]
    assert baseline.keys() >= ROW_KEYS
    assert (baseline["engine"], baseline["front_end"], baseline["format"]) == ("keras", "librosa", "keras")
    assert baseline["accuracy"] == pytest.approx(1 / 3)
    assert baseline["agreement"] == 1
    assert baseline["clip_ms"]["n"] == 2


def test_a_reference_that_cannot_be_used_is_named_in_the_warning(tiny_onnx, clips, tmp_path):
    (row,) = run_bench([Case(tiny_onnx, runs=1)], clips, {"tiny": tmp_path / "lost.keras"})["results"]
    (warning,) = [warning for warning in row["warnings"] if warning["kind"] == "no-reference"]
    assert "lost.keras" in warning["text"]


def test_front_ends_alone(clips, tmp_path):
    pytest.importorskip("librosa")
    bench = run_front_end(clips, CONFIG, runs=3, save_to=tmp_path / "bench.json")
    for row, name in ((bench["results"][0], "genrekit"), (bench["baseline"], "librosa")):
        assert row["front_end"] == name
        assert row["front_end_ms"]["n"] == 3
        assert row["accuracy"] is None
    assert store.read_json(tmp_path / "bench.json") == bench


def test_the_librosa_front_end_is_librosas_mfcc(clips):
    librosa = pytest.importorskip("librosa")
    window = np.array(clips.samples[2])
    expected = librosa.feature.mfcc(y=window, sr=22050, n_mfcc=13, n_fft=2048, hop_length=512).T
    assert np.allclose(front_end("librosa")(window, CONFIG), expected, atol=1e-4)


def test_a_missing_librosa_names_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "librosa", None)
    with pytest.raises(MissingPackageError, match="pip install librosa"):
        front_end("librosa")
