"""Fresh processes, and what becomes of those that fail."""

import json
from pathlib import Path

import pytest

from genrekit.bench.measure import processes
from genrekit.bench.measure.plan import Case
from genrekit.bench.measure.predictions import reference_labels
from genrekit.bench.measure.processes import run_process, run_worker
from genrekit.bench.measure.timing import classify_once
from genrekit.runtime.errors import Failure


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Write a program that `run_process` finds as the module "program"."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return (tmp_path / "program.py").write_text


def test_input_arguments_and_output_pass(program):
    program("import sys; print(sys.argv[1:], sys.stdin.read())")
    assert run_process("program", ["one", "two"], text="three") == "['one', 'two'] three\n"


def test_libraries_find_the_number_of_threads_before_they_are_imported(program):
    program("import json, os; print(json.dumps({k: v for k, v in os.environ.items() if k.endswith('_NUM_THREADS')}))")
    threads = json.loads(run_process("program", threads=2))
    assert threads["OMP_NUM_THREADS"] == threads["OPENBLAS_NUM_THREADS"] == threads["MKL_NUM_THREADS"] == "2"


def test_a_signal_is_named(program):
    program("import os, signal; os.write(2, b'oneDNN is on'); os.kill(os.getpid(), signal.SIGSEGV)")
    with pytest.raises(Failure, match=r"ended by SIGSEGV; [^D]*$"):
        run_process("program")


def test_a_traceback_becomes_its_last_line(program):
    program("raise ValueError('no such luck')")
    with pytest.raises(Failure, match="ended with code 1: ValueError: no such luck"):
        run_process("program")


def test_silence_is_no_answer(program):
    program("")
    with pytest.raises(Failure, match="without an answer"):
        run_process("program")


def test_what_does_not_end_is_stopped(program, monkeypatch):
    program("import time; time.sleep(60)")
    monkeypatch.setattr(processes, "TIMEOUT_S", 0.3)
    with pytest.raises(Failure, match="did not end within 0 s"):
        run_process("program")


def test_a_module_of_the_current_folder_does_not_hide_a_package(tmp_path, monkeypatch, clips):
    (tmp_path / "numpy.py").write_text("raise SystemExit('the wrong numpy')")
    monkeypatch.chdir(tmp_path)
    assert run_worker(reference_labels, models={}, clips=clips) == {}


def test_an_error_of_the_worker_is_raised_with_its_sentence(clips):
    labels = run_worker(reference_labels, models={"tiny": "nowhere.keras"}, clips=clips)
    assert "nowhere.keras: expected a model file" in labels["tiny"]
    with pytest.raises(Failure, match=r"nowhere.onnx: expected a model file"):
        run_worker(classify_once, case=Case(Path("nowhere.onnx")), clips=clips)
