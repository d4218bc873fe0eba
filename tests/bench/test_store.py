"""Results as files."""

import csv
import json

import pytest

from genrekit.bench.results import store
from genrekit.runtime.errors import MissingFileError, OutputError, ParameterError

from .conftest import bench_of, row_of


@pytest.fixture
def bench():
    warned = row_of(
        "lstm-int8.onnx", warnings=[{"kind": "spread", "text": "wide"}, {"kind": "few-runs", "text": "few"}]
    )
    failed = {**row_of("cnn-int8.tflite", error='run: pip install "x", please'), "clip_ms": None, "accuracy": None}
    training = [{"model": "cnn", "seconds_per_epoch": 2.5, "source": "metrics.json"}]
    return bench_of(
        row_of(), warned, failed, baselines=[row_of("cnn-float32.keras", front_end="librosa")], training=training
    )


def test_json_comes_back_whole(bench, tmp_path):
    store.write_json(bench, tmp_path / "new" / "bench.json")
    assert store.read_json(tmp_path / "new" / "bench.json") == bench


def test_lists_of_numbers_stand_on_one_line_and_texts_are_left_alone(bench, tmp_path):
    bench["results"][0]["error"] = "a list [1,\n 2] in words"
    store.write_json(bench, tmp_path / "bench.json")
    assert store.read_json(tmp_path / "bench.json") == bench
    text = (tmp_path / "bench.json").read_text()
    assert '"round_n": [ 60, 60, 60, 60, 60 ]' in text
    assert '"confusion_labels": [\n' in text


def test_what_is_no_number_is_not_written(bench, tmp_path):
    bench["results"][0]["accuracy"] = float("nan")
    with pytest.raises(ValueError, match="JSON compliant"):
        store.write_json(bench, tmp_path / "bench.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is no JSON"),
        ("{", "it is no JSON"),
        ("\xff\xfe", "it is no JSON"),
        ("[1]", "schema=None"),
        ('{"schema": 1}', "created is missing; measure again"),
        ('{"schema": "1"}', "schema='1': expected results of schema 1"),
        ('{"schema": ' + "[" * 100_000, "it is no JSON"),
        ('{"schema": 2, "results": []}', "schema=2: expected results of schema 1"),
    ],
)
def test_what_is_no_bench_file_is_refused_by_name(tmp_path, text, message):
    path = tmp_path / "other.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ParameterError, match=message) as caught:
        store.read_json(path)
    assert "other.json" in str(caught.value)


NAN, HUGE = float("nan"), 10**400


@pytest.mark.parametrize(
    ("keys", "value", "message"),
    [
        (("results", 0, "clip_ms", "p50"), NAN, r"results\[0\].clip_ms.p50=nan: expected a number above 0"),
        (("results", 1, "clip_ms", "round_p50", 2), NAN, r"results\[1\].clip_ms.round_p50\[2\]=nan"),
        (("results", 0, "model_ms", "raw"), [], r"results\[0\].model_ms.raw=\[\]: expected a list of at least 1"),
        (("results", 0, "model_ms", "raw", 7), "fast", r"results\[0\].model_ms.raw\[7\]='fast'"),
        (("baselines", 0, "accuracy"), "0.7", r"baselines\[0\].accuracy='0.7': expected a finite number"),
        (("results", 0, "per_round"), {"load_ms": [float("inf")]}, r"results\[0\].per_round.load_ms\[0\]=inf"),
        (("results", 0, "bytes"), HUGE, r"results\[0\].bytes=1000"),
        (("results", 0, "threads"), None, r"results\[0\].threads=None: expected a whole number"),
        (("results", 0, "warnings"), ["x"], r"results\[0\].warnings\[0\]='x': expected an object"),
        (("results",), {}, "results={}: expected a list"),
        (("created",), 5, "created=5: expected a text"),
        (("machine",), None, "machine=None: expected an object"),
        (("machine", "engines"), [], r"machine.engines=\[\]: expected an object"),
        (("clips", "count"), 0, "clips.count=0: expected a whole number from 1 on"),
        (("new",), {"key": NAN}, "new.key=nan: expected a finite number"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_its_file(bench, tmp_path, keys, value, message):
    *outer, last = keys
    inner = bench
    for key in outer:
        inner = inner[key]
    inner[last] = value
    path = tmp_path / "results.json"
    path.write_text(json.dumps(bench).replace("Infinity", "1e999"))
    with pytest.raises(ParameterError, match=rf"results.json: {message}.*measure again"):
        store.read_json(path)


@pytest.mark.parametrize("keys", [("clips",), ("results", 0, "clip_ms"), ("results", 0, "model"), ("machine", "cpu")])
def test_a_key_that_is_missing_is_named_with_its_file(bench, tmp_path, keys):
    *outer, last = keys
    inner = bench
    for key in outer:
        inner = inner[key]
    del inner[last]
    (tmp_path / "results.json").write_text(json.dumps(bench))
    with pytest.raises(ParameterError, match=rf"results.json: .*{last} is missing; measure again"):
        store.read_json(tmp_path / "results.json")


def test_a_missing_file_is_named(tmp_path):
    for path in (tmp_path / "lost.json", tmp_path):
        with pytest.raises(MissingFileError, match=path.name):
            store.read_json(path)


def test_csv_has_one_flat_row_a_case(bench, tmp_path):
    store.write_csv(bench, tmp_path / "bench.csv")
    with (tmp_path / "bench.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == [
        "cnn-float32.onnx",
        "lstm-int8.onnx",
        "cnn-int8.tflite",
        "cnn-float32.keras",
    ]
    first, warned, failed, baseline = rows
    assert float(first["clip_ms_p50"]) == pytest.approx(bench["results"][0]["clip_ms"]["p50"])
    assert float(first["model_ms_p90"]) == pytest.approx(bench["results"][0]["model_ms"]["p90"])
    assert first["clip_ms_n"] == "300"
    assert float(first["seconds_per_epoch"]) == 2.5
    assert warned["warnings"] == "spread few-runs"
    assert (failed["error"], failed["clip_ms_p50"], failed["accuracy"]) == ('run: pip install "x", please', "", "")
    assert baseline["front_end"] == "librosa"
    assert None not in first
    assert "raw" not in (tmp_path / "bench.csv").read_text()


def test_a_path_is_tried_before_it_is_needed(tmp_path):
    store.check_writable(tmp_path / "new" / "bench.json")
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").write_text("kept")
    with pytest.raises(OutputError, match="choose a folder"):
        store.check_writable(tmp_path / "file" / "bench.json")
    with pytest.raises(OutputError, match="it is a folder"):
        store.check_writable(tmp_path)


def test_an_existing_file_is_left_alone_by_the_trial(tmp_path):
    path = tmp_path / "bench.json"
    path.write_text(json.dumps("kept"))
    store.check_writable(path)
    assert path.read_text() == '"kept"'


def test_a_saver_knows_at_once_where_it_cannot_write(tmp_path):
    bench = {"complete": True, "results": [1, 2]}
    store.saver(tmp_path / "new.json")(bench)
    assert json.loads((tmp_path / "new.json").read_text()) == bench
    with pytest.raises(OutputError, match="it is a folder"):
        store.saver(tmp_path)


def test_an_earlier_result_stays_until_the_new_one_is_complete(bench, tmp_path):
    path = tmp_path / "results.json"
    path.write_text("earlier")
    save = store.saver(path)
    save({**bench, "complete": False, "interrupted": False})
    assert path.read_text() == "earlier"
    assert store.read_json(tmp_path / "results.json.partial")["complete"] is False
    save({**bench, "complete": True, "interrupted": False})
    assert store.read_json(path)["complete"] is True
    assert [file.name for file in tmp_path.iterdir()] == ["results.json"]


def test_a_bench_that_was_interrupted_keeps_what_it_has_under_its_name(bench, tmp_path):
    store.saver(tmp_path / "results.json")({**bench, "complete": False, "interrupted": True})
    assert store.read_json(tmp_path / "results.json")["interrupted"]
    assert [file.name for file in tmp_path.iterdir()] == ["results.json"]


def test_what_a_killed_bench_left_is_pointed_at(bench, tmp_path):
    store.write_json(bench, tmp_path / "results.json.partial")
    with pytest.raises(MissingFileError, match=r"results.json: .*results.json.partial holds what"):
        store.read_json(tmp_path / "results.json")


def test_without_a_path_nothing_is_saved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store.saver(None)({"results": []})
    assert list(tmp_path.iterdir()) == []
