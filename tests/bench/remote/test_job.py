"""A bench as a folder: nothing in it clashes, and another process measures it as this one does."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from genrekit.bench.measure.plan import BenchPlan, Case, Effort, RawBench
from genrekit.bench.remote.job import read_job, run_job, write_job
from genrekit.bench.results.build import blank_rows, summarize
from genrekit.bench.results.reader import read_typed
from genrekit.runtime import MfccConfig
from genrekit.runtime.errors import MissingFileError, ParameterError

QUICK = Effort(calls=3, seconds=0, rounds=1, paced_calls=0)


def test_files_of_one_name_do_not_clash(tiny_onnx, clips, tmp_path):
    other = tmp_path / "other" / tiny_onnx.name
    other.parent.mkdir()
    other.write_bytes(b"another file")
    plan = BenchPlan((Case(tiny_onnx), Case(other), Case(tiny_onnx, threads=2)), clips)
    names = write_job(tmp_path / "job", plan)
    assert {path: (tmp_path / "job" / name).read_bytes() for name, path in names.items()} == {
        tiny_onnx: tiny_onnx.read_bytes(),
        other: b"another file",
    }


def test_a_keras_file_brings_its_description_and_features_stay_behind(clips, tmp_path):
    keras = tmp_path / "model.keras"
    keras.write_bytes(b"weights")
    (tmp_path / "description.json").write_text("{}")
    clips.features(MfccConfig())
    write_job(tmp_path / "job", BenchPlan((Case(keras),), clips))
    files = {str(path.relative_to(tmp_path / "job")) for path in (tmp_path / "job").rglob("*") if path.is_file()}
    models = {"models/0/model.keras", "models/0/description.json"}
    assert files == {"job.json", *models, "clips/samples.npy", "clips/labels.npy", "clips/clip.wav"}


# The program of a device with base dependencies alone.
WITHOUT_LIBRARIES = """
import runpy, sys
for name in ("msgspec", "rich", "jinja2", "matplotlib", "scipy"):
    sys.modules[name] = None
runpy.run_module("genrekit.bench.remote.job", run_name="__main__", alter_sys=True)
"""


def test_a_job_is_measured_wherever_it_lies(tiny_onnx, clips, tmp_path):
    plan = BenchPlan((Case(tiny_onnx),), clips, {"tiny": clips.true_labels}, effort=QUICK)
    write_job(tmp_path / "here", plan)
    shutil.move(tmp_path / "here", tmp_path / "there")
    command = [sys.executable, "-c", WITHOUT_LIBRARIES, tmp_path / "there", tmp_path / "rounds.json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    raw = read_typed(tmp_path / "rounds.json", RawBench, "rounds", "measure again")
    bench = summarize(plan, blank_rows(plan), raw)
    assert (bench.results[0].accuracy, bench.results[0].agreement) == (1, 1)
    assert bench.results[0].clip_ms.n == 3
    assert bench.complete
    reported = [json.loads(line) for line in done.stderr.splitlines()]
    assert [step["done"] for step in reported] == [0, 1, 2]
    assert {step["total"] for step in reported} == {2}


def test_paths_are_those_of_the_folder(tiny_onnx, clips, tmp_path):
    write_job(tmp_path / "job", BenchPlan((Case(tiny_onnx),), clips, effort=QUICK))
    plan = read_job(tmp_path / "job")
    assert plan.cases[0].path.read_bytes() == tiny_onnx.read_bytes()
    assert plan.clips.true_labels == clips.true_labels
    assert tmp_path in plan.clips.folder.parents


def test_what_is_no_job_is_refused(clips, tmp_path):
    with pytest.raises(MissingFileError, match=r"job.json: expected the description of a job"):
        run_job(tmp_path, tmp_path / "rounds.json")
    (tmp_path / "job.json").write_text('{"schema": 1}')
    with pytest.raises(ParameterError, match="schema=1: expected 3"):
        run_job(tmp_path, tmp_path / "rounds.json")
