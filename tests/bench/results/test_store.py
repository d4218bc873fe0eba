"""Results as files."""

import csv
import json
import sys

import pytest

from genrekit.bench.measure.plan import TrainingRow
from genrekit.bench.results import store
from genrekit.bench.results.reader import read_json
from genrekit.bench.results.values import BenchWarning
from genrekit.runtime.errors import MissingFileError, MissingPackageError, OutputError, ParameterError

from ..conftest import bench_of, failed_row, row_of


@pytest.fixture
def bench():
    warnings = (BenchWarning("spread", "wide"), BenchWarning("few-calls", "few"))
    return bench_of(
        row_of(),
        row_of("lstm-int8.onnx", warnings=warnings),
        failed_row("cnn-int8.tflite", error='run: pip install "x", please'),
        baselines=[row_of("cnn-float32.keras", front_end="librosa")],
        training=[TrainingRow("cnn", 2.5, "metrics.json")],
    )


@pytest.fixture
def content(bench):
    """What the file of `bench` holds."""
    return json.loads(json.dumps(bench.to_json()))


def test_json_comes_back_whole(bench, tmp_path):
    store.write_json(bench.to_json(), tmp_path / "new" / "bench.json")
    assert read_json(tmp_path / "new" / "bench.json") == bench


def test_the_first_baseline_has_a_key_of_its_own(bench, content):
    assert content["baseline"] == content["baselines"][0]
    assert bench_of(row_of()).to_json()["baseline"] is None


def test_lists_of_numbers_stand_on_one_line_and_texts_are_left_alone(bench, tmp_path):
    bench = bench_of(row_of(error="a list [1,\n 2] in words"))
    store.write_json(bench.to_json(), tmp_path / "bench.json")
    assert read_json(tmp_path / "bench.json") == bench
    text = (tmp_path / "bench.json").read_text()
    assert '"round_n": [ 60, 60, 60, 60, 60 ]' in text
    assert '"confusion_labels": [\n' in text


def test_what_is_no_number_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="JSON compliant"):
        store.write_json(bench_of(row_of(accuracy=float("nan"))).to_json(), tmp_path / "bench.json")
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
        ('{"schema": true}', "schema=True: expected results of schema 1"),
        ('{"schema": ' + "[" * 100_000, "it is no JSON"),
        ('{"schema": 1' + "0" * 5000 + "}", "it is no JSON"),
        ('{"schema": 2, "results": []}', "schema=2: expected results of schema 1"),
    ],
)
def test_what_is_no_bench_file_is_refused_by_name(tmp_path, text, message):
    path = tmp_path / "other.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ParameterError, match=message) as caught:
        read_json(path)
    assert "other.json" in str(caught.value)


NAN, HUGE = float("nan"), 10**400


def changed(content, keys, value):
    """`content` as JSON, with another value at the end of `keys`; with none where `value` is an ellipsis."""
    *outer, last = keys
    inner = content
    for key in outer:
        inner = inner[key]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return json.dumps(content).replace("Infinity", "1e999")


@pytest.mark.parametrize(
    ("keys", "value", "message"),
    [
        (("results", 0, "clip_ms", "p50"), NAN, r"results\[0\].clip_ms.p50=nan: expected a finite number"),
        (("results", 0, "clip_ms", "p50"), 0, r"results\[0\].clip_ms.p50=0.0: expected a number above 0"),
        (("results", 1, "clip_ms", "round_p50", 2), NAN, r"results\[1\].clip_ms.round_p50\[2\]=nan"),
        (("results", 0, "model_ms", "raw"), [], r"results\[0\].model_ms.raw=\[\]: expected a list of at least 1"),
        (("results", 0, "model_ms", "raw", 7), "fast", r"results\[0\].model_ms.raw\[7\]='fast': expected a finite"),
        (("results", 0, "model_ms", "raw", 7), -1, r"results\[0\].model_ms.raw\[7\]=-1.0: expected a number above 0"),
        (("baselines", 0, "accuracy"), "0.7", r"baselines\[0\].accuracy='0.7': expected a finite number or null"),
        (("results", 0, "per_round"), {"load_ms": [float("inf")]}, r"results\[0\].per_round.load_ms\[0\]=inf"),
        (("results", 0, "bytes"), HUGE, r"results\[0\].bytes=1000"),
        (("results", 0, "threads"), None, r"results\[0\].threads=None: expected a whole number"),
        (("results", 0, "threads"), 0, r"results\[0\].threads=0: expected a number above 0"),
        (("results", 0, "confusion"), [[1, 2]], r"results\[0\].confusion: expected a row for each of 2 classes"),
        (("results", 0, "warnings"), ["x"], r"results\[0\].warnings\[0\]='x': expected an object"),
        (("results",), {}, "results={}: expected a list"),
        (("created",), 5, "created=5: expected a text"),
        (("machine",), None, "machine=None: expected an object"),
        (("machine", "engines"), [], r"machine.engines=\[\]: expected an object"),
        (("clips", "count"), 0, "clips.count=0: expected a number above 0"),
        (("ratios", "clip_ms", 0, "second"), 9, r"ratios.clip_ms\[0\].second=9: expected the index of one of 4 rows"),
        (("ratios", "clip_ms", 0, "low"), 0, r"ratios.*low=0.0: expected a number above 0"),
        (("effort", "calls"), 0, "effort.calls=0: expected at least 1"),
        (("new",), {"key": NAN}, "new.key=nan: expected a finite number"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_its_file(content, tmp_path, keys, value, message):
    path = tmp_path / "results.json"
    path.write_text(changed(content, keys, value))
    with pytest.raises(ParameterError, match=rf"results.json: .*{message}"):
        read_json(path)


@pytest.mark.parametrize("keys", [("clips",), ("results", 0, "clip_ms"), ("results", 0, "model"), ("machine", "cpu")])
def test_a_key_that_is_missing_is_named_with_its_file(content, tmp_path, keys):
    (tmp_path / "results.json").write_text(changed(content, keys, ...))
    with pytest.raises(ParameterError, match=rf"results.json: .*{keys[-1]} is missing; measure again"):
        read_json(tmp_path / "results.json")


def test_results_from_before_there_were_two_front_ends_are_read(content, tmp_path):
    (tmp_path / "results.json").write_text(changed(content, ("machine", "front_end"), ...))
    assert read_json(tmp_path / "results.json").machine.front_end is None


def test_keys_of_later_versions_are_passed_over(bench, content, tmp_path):
    (tmp_path / "results.json").write_text(changed(content, ("results", 0, "new"), {"any": ["thing"]}))
    assert read_json(tmp_path / "results.json") == bench


def test_a_missing_file_is_named(tmp_path):
    for path in (tmp_path / "lost.json", tmp_path):
        with pytest.raises(MissingFileError, match=path.name):
            read_json(path)


def test_what_an_unfinished_bench_left_is_named(bench, tmp_path):
    store.write_json(bench.to_json(), store.partial_path(tmp_path / "b.json"))
    with pytest.raises(MissingFileError, match=r"b\.json\.partial holds what a bench measured"):
        read_json(tmp_path / "b.json")


def test_a_missing_library_names_the_command(bench, tmp_path, monkeypatch):
    store.write_json(bench.to_json(), tmp_path / "b.json")
    monkeypatch.setitem(sys.modules, "msgspec", None)
    with pytest.raises(MissingPackageError, match=r'pip install "genrekit\[bench\]"'):
        read_json(tmp_path / "b.json")


def test_csv_has_one_flat_row_a_case(bench, tmp_path):
    store.write_csv(bench, tmp_path / "bench.csv")
    with (tmp_path / "bench.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == [row.file for row in bench.rows]
    first, warned, failed, baseline = rows
    assert float(first["clip_ms_p50"]) == pytest.approx(bench.results[0].clip_ms.p50)
    assert float(first["model_ms_p90"]) == pytest.approx(bench.results[0].model_ms.p90)
    assert first["clip_ms_n"] == "300"
    assert float(first["seconds_per_epoch"]) == 2.5
    assert warned["warnings"] == "spread few-calls"
    assert (failed["error"], failed["clip_ms_p50"], failed["front_end_ms_n"]) == (
        'run: pip install "x", please',
        "",
        "",
    )
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
    with pytest.raises(OutputError, match="it is a folder"):
        store.saver(tmp_path)


def test_results_replace_earlier_ones_when_they_are_complete(tmp_path):
    path = tmp_path / "b.json"
    path.write_text("earlier")
    save = store.saver(path)
    for interrupted in (False, True):
        save(bench_of(row_of(), complete=False, interrupted=interrupted).to_json())
        assert path.read_text() == "earlier"
        assert read_json(store.partial_path(path)).interrupted is interrupted
    save(bench_of(row_of()).to_json())
    assert read_json(path).complete
    assert list(tmp_path.iterdir()) == [path]


def test_interrupted_results_have_their_name_where_there_are_no_earlier_ones(tmp_path):
    path = tmp_path / "b.json"
    store.saver(path)(bench_of(row_of(), complete=False, interrupted=True).to_json())
    assert read_json(path).interrupted
    assert list(tmp_path.iterdir()) == [path]


def test_without_a_path_nothing_is_saved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store.saver(None)(bench_of(row_of()).to_json())
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_bench_replaces_no_earlier_result(tmp_path):
    out, interrupted = tmp_path / "b.json", {"complete": False, "interrupted": True}
    store.saver(out)(interrupted)
    assert json.loads(out.read_text()) == interrupted
    out.write_text("earlier")
    store.saver(out)(interrupted)
    assert out.read_text() == "earlier"
    assert json.loads(store.partial_path(out).read_text()) == interrupted
    store.saver(out)({"complete": True, "interrupted": False})
    assert list(tmp_path.iterdir()) == [out]
