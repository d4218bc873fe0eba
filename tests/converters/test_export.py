"""The gate: what agrees with Keras is kept, what does not is removed or kept under a name that says so."""

import dataclasses
import json
import shutil
import subprocess

import numpy as np
import pytest

from genrekit.converters.export import export_model, write_parity
from genrekit.converters.quantize.calibration import choose_calibration
from genrekit.converters.trained_model import ParityWindows, TrainedModel
from genrekit.converters.verify.parity import LIMITS, Limits
from genrekit.runtime import ModelDescription, Normalization, load
from genrekit.runtime.errors import OutputError, ParityError, UnsupportedModelError

from .conftest import LABELS

UNCHANGED = Normalization((0.0,) * 13, (1.0,) * 13)


@pytest.fixture(scope="module")
def source(models, data):
    model = models("cnn")
    reference = model.predict(data.unknown, verbose=0)
    description = ModelDescription("cnn", LABELS, normalization=UNCHANGED)
    calibration = choose_calibration(data.known, data.known_labels)
    return TrainedModel(model, description, calibration, ParityWindows(data.unknown, data.unknown_labels, reference))


@pytest.fixture
def disagreeing(source):
    """Compared with the predictions for other windows."""
    windows = dataclasses.replace(source.windows, reference=np.roll(source.windows.reference, 1, axis=0))
    return dataclasses.replace(source, windows=windows)


def test_the_row_tells_what_was_compared(source, tmp_path):
    result = export_model(source, tmp_path, "tflite", "int8")
    row = result.row
    assert row["windows"] == len(source.windows.labels) >= 200
    assert row["bytes"] == (tmp_path / "cnn-int8.tflite").stat().st_size
    found = load(tmp_path / "cnn-int8.tflite").predict(source.windows.features)
    assert row["accuracy"] == np.mean(found.argmax(1) == source.windows.labels)
    assert row["keras_accuracy"] == np.mean(source.windows.reference.argmax(1) == source.windows.labels)
    assert row["max_abs_error"] == pytest.approx(np.abs(found - source.windows.reference).max())
    assert load(result.path).description.calibration == source.calibration.record()


@pytest.mark.parametrize(("file_format", "target"), [("tflite", "litert"), ("onnx", "onnxruntime")])
def test_a_file_names_the_engine_that_it_is_for_and_what_it_was_compared_on(source, tmp_path, file_format, target):
    result = export_model(source, tmp_path, file_format, "float32")
    described = load(result.path).description
    assert described.target == result.row["target"] == target
    assert described.parity.windows == len(source.windows.labels)
    assert list(described.parity.reasons) == result.row["reasons"] == []


def test_a_file_that_few_windows_cannot_judge_is_kept_and_says_so(source, tmp_path, monkeypatch):
    """One of twenty windows has another label: 95 %, which stands for 76 % to 99 %."""
    monkeypatch.setitem(LIMITS, "int8", Limits(max_abs_error=1.0, top1_agreement=0.97))
    features, _, reference = (values[:20].copy() for values in dataclasses.astuple(source.windows)[:3])
    best, second = reference[0].argsort()[:-3:-1]
    reference[0, [best, second]] = reference[0, [second, best]]
    windows = ParityWindows(features, np.full(20, -1), reference)
    result = export_model(dataclasses.replace(source, windows=windows), tmp_path, "onnx", "int8")
    assert result.row["top1_agreement"] == 0.95
    (reason,) = result.row["reasons"]
    assert "20 windows are too few" in reason
    assert load(result.path).description.parity.reasons == (reason,)


@pytest.mark.parametrize("file_format", ["tflite", "onnx"])
def test_what_does_not_agree_is_removed_with_what_stood_there(disagreeing, tmp_path, file_format):
    path = tmp_path / f"cnn-float32.{file_format}"
    path.write_bytes(b"of an earlier export")
    with pytest.raises(ParityError, match=r"cnn-float32.*was not kept.*would pass limits") as raised:
        export_model(disagreeing, tmp_path, file_format, "float32")
    assert raised.value.figures["windows"] == len(disagreeing.windows.labels)
    assert list(tmp_path.iterdir()) == []


def test_it_can_be_kept_under_a_name_that_says_so(disagreeing, tmp_path):
    with pytest.raises(ParityError):
        export_model(disagreeing, tmp_path, "onnx", "float32", keep=True)
    assert [path.name for path in tmp_path.iterdir()] == ["cnn-float32.failed.onnx"]
    assert load(tmp_path / "cnn-float32.failed.onnx").labels == LABELS


def test_an_open_batch_is_refused_for_tflite(source, tmp_path):
    with pytest.raises(UnsupportedModelError, match="batch=dynamic"):
        export_model(source, tmp_path, "tflite", "float32", batch=None)


def test_rows_replace_those_of_the_same_file(tmp_path):
    write_parity(tmp_path, [{"file": "a", "bytes": 1}, {"file": "b", "bytes": 2}])
    write_parity(tmp_path, [{"file": "a", "bytes": 3}])
    assert json.loads((tmp_path / "parity.json").read_text()) == [{"file": "a", "bytes": 3}, {"file": "b", "bytes": 2}]


@pytest.fixture
def full_disk(tmp_path):
    """A file system with room for no model."""
    if shutil.which("mount") is None:
        pytest.skip("no mount on this machine")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", tmp_path], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"cannot mount a small file system: {mounted.stderr.decode().strip()}")
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


def test_a_full_disk_leaves_nothing(source, full_disk):
    with pytest.raises(OutputError, match=r"cannot write .*cnn-float32\.tflite.*room"):
        export_model(source, full_disk, "tflite", "float32")
    assert list(full_disk.iterdir()) == []
