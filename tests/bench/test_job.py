"""A bench as a folder: nothing in it clashes, and another process measures it as this one does."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from genrekit.bench.measure.cases import Case, Effort
from genrekit.bench.remote.job import run_job, write_bench_job
from genrekit.runtime import MfccConfig
from genrekit.runtime.errors import MissingFileError, ParameterError

QUICK = Effort(runs=3, seconds=0, rounds=1, paced_runs=0)


def test_files_of_one_name_do_not_clash(tiny_onnx, clips, tmp_path):
    other = tmp_path / "other" / tiny_onnx.name
    other.parent.mkdir()
    other.write_bytes(b"another file")
    cases = [Case(tiny_onnx), Case(other), Case(tiny_onnx, threads=2)]
    names = write_bench_job(tmp_path / "job", cases, clips)
    assert {path: (tmp_path / "job" / name).read_bytes() for name, path in names.items()} == {
        tiny_onnx: tiny_onnx.read_bytes(),
        other: b"another file",
    }


def test_a_keras_file_brings_its_description_and_features_stay_behind(clips, tmp_path):
    keras = tmp_path / "model.keras"
    keras.write_bytes(b"weights")
    (tmp_path / "description.json").write_text("{}")
    clips.features(MfccConfig())
    write_bench_job(tmp_path / "job", [Case(keras)], clips)
    files = {str(path.relative_to(tmp_path / "job")) for path in (tmp_path / "job").rglob("*") if path.is_file()}
    models = {"models/0/model.keras", "models/0/description.json"}
    assert files == {"job.json", *models, "clips/samples.npy", "clips/labels.npy", "clips/clip.wav"}


def test_a_job_is_measured_wherever_it_lies(tiny_onnx, clips, tmp_path):
    training = [{"model": "tiny", "seconds_per_epoch": 1.5, "source": "metrics.json"}]
    labels = {"tiny": clips.true_labels}
    write_bench_job(tmp_path / "here", [Case(tiny_onnx)], clips, labels, effort=QUICK, training=training)
    shutil.move(tmp_path / "here", tmp_path / "there")
    command = [sys.executable, "-m", "genrekit.bench", tmp_path / "there", tmp_path / "results.json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    bench = json.loads((tmp_path / "results.json").read_text())
    assert (bench["results"][0]["accuracy"], bench["results"][0]["agreement"]) == (1, 1)
    assert bench["effort"] == {"runs": 3, "seconds": 0, "rounds": 1, "paced_runs": 0}
    assert (bench["clips"]["split"], bench["training"]) == (clips.split, training)
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert [step["done"] for step in told] == [0, 1, 2]
    assert {step["total"] for step in told} == {2}


def test_what_is_no_job_is_refused(clips, tmp_path):
    with pytest.raises(MissingFileError, match=r"job.json: expected the description of a job"):
        run_job(tmp_path, tmp_path / "results.json")
    (tmp_path / "job.json").write_text('{"schema": 2}')
    with pytest.raises(ParameterError, match="schema=2: expected 1"):
        run_job(tmp_path, tmp_path / "results.json")
