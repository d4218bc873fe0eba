"""A folder of C beside the .tflite that it is made of: compiled, measured, and what becomes of one that cannot be."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess

import pytest

from genrekit.bench.measure import c_program
from genrekit.bench.measure.plan import BenchPlan, Case, Effort
from genrekit.bench.measure.timing import measure_program
from genrekit.bench.remote.job import run_job, write_job
from genrekit.bench.remote.platforms import Machine, program_for
from genrekit.bench.results.reader import read_json
from genrekit.bench.run import run_bench
from genrekit.runtime import read_description
from genrekit.runtime.errors import Failure, ParameterError
from genrekit.runtime.native_build import BuildError, find_compiler
from genrekit.toolkit.exporting import bench_inputs

from ..conftest import TINY
from .test_run import ROW_KEYS

needs_make = pytest.mark.skipif(
    not (find_compiler() and shutil.which("make")), reason="no make and C compiler at hand: apt install make gcc"
)
ROUNDS = 2
QUICK = Effort(calls=6, seconds=0, rounds=ROUNDS, paced_calls=2)
ONCE = Effort(calls=2, seconds=0, rounds=1, paced_calls=0)
LOGGING = """#!/bin/sh
echo "$@" >> {log}
exec {compiler} "$@"
"""
UNOPTIMISED = "-O0 -DGK_LANES=1"  # compiles at once


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return tmp_path_factory.mktemp("log") / "log"


@pytest.fixture(scope="module")
def saved(log):
    return log.with_name("bench.json")


@pytest.fixture(scope="module")
def bench(tiny_c, tiny_tflite, tiny_clips, log, saved):
    """Both in one bench, with a folder that does not compile, and a compiler that notes what it is asked."""
    broken = shutil.copytree(tiny_c, log.with_name("broken-c"))
    (broken / "stream.c").write_text("no C\n")
    compiler = log.with_name("cc")
    compiler.write_text(LOGGING.format(log=log, compiler=shlex.join(find_compiler())))
    compiler.chmod(0o755)
    plan = BenchPlan((Case(tiny_c), Case(tiny_tflite), Case(broken)), tiny_clips, effort=QUICK)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CC", str(compiler))
        patch.setenv("CFLAGS", UNOPTIMISED)
        return run_bench(plan, save_to=saved)


@pytest.fixture(scope="module")
def program(tiny_c, tmp_path_factory):
    return c_program.make_program(tiny_c, tmp_path_factory.mktemp("program") / "c", flags=UNOPTIMISED)


@needs_make
def test_a_folder_is_a_row_beside_others(bench, saved):
    ours, other, _ = bench.results
    assert (ours.error, other.error) == (None, None)
    assert (ours.engine, ours.format, ours.threads, ours.model, ours.name) == ("c", "c", 1, "dense", "dense-float32-c")
    content = json.loads(saved.read_text())
    assert content["results"][0].keys() >= ROW_KEYS
    assert (content["results"][0]["front_end_ms"], content["results"][0]["model_ms"]) == (None, None)
    assert read_json(saved) == bench
    assert bench.machine.engines["c"]
    assert [(pair.first, pair.second) for pair in bench.ratios["clip_ms"]] == [(0, 1)]


@needs_make
def test_its_labels_and_answers_are_those_of_the_tflite(bench):
    ours, other, _ = bench.results
    assert len({sum(column) for column in zip(*other.confusion, strict=True)}) > 1  # else order would not show
    assert 0 < other.unknown < 1
    for name in ("accuracy", "confusion", "confusion_labels", "unknown", "answered_accuracy"):
        assert getattr(ours, name) == getattr(other, name)
    assert ours.calibration_error == pytest.approx(other.calibration_error, abs=1e-4)


@needs_make
def test_its_times_are_of_each_round(bench):
    row = bench.results[0]
    assert row.clip_ms.round_n == (3,) * ROUNDS
    assert row.stream_ms.round_n == (3,) * ROUNDS
    assert row.paced_ms.round_n == (1,) * ROUNDS
    assert row.cold_start_of == "./classify"
    for name in ("first_call_ms", "cold_start_ms", "peak_rss_bytes"):
        assert len(row.per_round[name]) == ROUNDS
        assert min(row.per_round[name]) > 0


@needs_make
def test_its_memory_is_the_programs_and_its_bytes_are_code_and_constants(bench, program):
    row, other, _ = bench.results
    assert 100_000 < row.peak_rss_bytes < other.peak_rss_bytes / 5
    assert row.bytes == json.loads(c_program.run(program, "--size"))["flash_bytes"]


@needs_make
def test_it_is_compiled_once(bench, log):
    assert len([line for line in log.read_text().splitlines() if "mfcc.c" in line]) == 2  # of both folders


@needs_make
def test_each_clip_is_a_window_of_its_own(program, tiny_c, tiny_clips, tiny_tflite, monkeypatch):
    description = read_description(tiny_c)
    at_once = c_program.predictions(program, description, tiny_clips)
    monkeypatch.setattr(c_program, "BATCH", 1)
    assert c_program.predictions(program, description, tiny_clips) == at_once
    assert len(at_once.labels) == len(tiny_clips.samples)


@needs_make
def test_each_push_into_a_stream_gives_its_decision(program, tiny_clips):
    window = c_program.int16(tiny_clips.samples[0])
    with c_program.stream(program, TINY, 0.1) as (_, push):
        times = [json.loads(push(window))["time_s"] for _ in range(3)]
    stride_s = 6 * TINY.hop_length / TINY.sample_rate
    assert times == pytest.approx([TINY.window_s + (index + 1) * stride_s for index in range(3)], abs=1e-3)


@needs_make
def test_a_folder_that_does_not_compile_is_a_row_and_others_are_measured(bench, log):
    broken = bench.results[2]
    assert f"does not compile {log.with_name('broken-c')} (" in broken.error
    assert (broken.model, broken.clip_ms) == ("dense", None)


def test_no_compiler_is_a_row_with_what_to_install(tiny_c, tiny_clips, monkeypatch):
    monkeypatch.setenv("CC", "")
    (row,) = run_bench(BenchPlan((Case(tiny_c),), tiny_clips, effort=ONCE)).results
    assert "engine c: expected make and cc or gcc or clang" in row.error
    assert "apt install make gcc libc6-dev" in row.error


@pytest.mark.parametrize("changes", [{"threads": 2}, {"front_end": "librosa"}])
def test_what_no_program_has_is_refused(tiny_c, tiny_clips, changes):
    case = Case(tiny_c, program=tiny_c / "classify", **changes)
    with pytest.raises(ParameterError, match="expected 1 and genrekit of a folder of C"):
        measure_program(case, tiny_clips, ONCE)


@needs_make
def test_a_program_that_fails_says_so(program, tmp_path):
    with pytest.raises(Failure, match=r"classify ended with code 2 \(.*N=0: expected"):
        c_program.run(program, "--bench", "0")
    with pytest.raises(Failure, match="gone cannot be started"):
        c_program.run(tmp_path / "gone")
    with pytest.raises(Failure, match="expected at least"):
        c_program.clip_times(program, [], 3)


@needs_make
def test_a_device_gets_sources_alone_and_a_program_that_is_made_already(
    tiny_c,
    tiny_clips,
    program,
    tmp_path,
    monkeypatch,
):
    used = shutil.copytree(tiny_c, tmp_path / "used-c")
    for name in ("classify", "model.o", "libgenrekit-model.a"):
        (used / name).write_text("of another machine")
    plan = BenchPlan((Case(used, program=program),), tiny_clips, effort=ONCE)
    names = write_job(tmp_path / "job", plan)
    assert set(names.values()) == {used, program}
    sent = {path.name for path in (tmp_path / "job" / "models" / "0" / "used-c").iterdir()}
    assert sent == {path.name for path in tiny_c.iterdir() if path.suffix in (".c", ".h") or path.name == "Makefile"}
    monkeypatch.setenv("CC", "")  # it has no compiler
    run_job(tmp_path / "job", tmp_path / "rounds.json")
    (case,) = json.loads((tmp_path / "rounds.json").read_text())["cases"]
    assert "error" not in case
    assert case["rounds"][0]["engine"] == "c"


@needs_make
def test_a_program_for_a_machine_like_this_one_runs_here(tiny_c, tmp_path, monkeypatch):
    monkeypatch.setenv("CFLAGS", UNOPTIMISED)
    made = program_for(Machine.here(), tiny_c, tmp_path / "made")
    assert subprocess.run([made, "--size"], capture_output=True, check=True).stdout.startswith(b"{")


def test_for_a_machine_that_nothing_compiles_for_there_is_a_sentence(tiny_c, tmp_path):
    with pytest.raises(BuildError, match=r"nothing here compiles for plan9 mips; pip install .*genrekit\[cross\]"):
        program_for(Machine("plan9", "mips"), tiny_c, tmp_path / "made")


def test_a_folder_has_an_engine_of_its_own(tiny_c, tiny_tflite):
    models = [tiny_c, tiny_tflite]
    assert bench_inputs.cases(models, [], 1) == [Case(tiny_c), Case(tiny_tflite)]
    assert bench_inputs.cases(models, ["c", "litert"], 1) == [Case(tiny_c, "c"), Case(tiny_tflite, "litert")]
    with pytest.raises(ParameterError, match="engine=c: expected a folder of C among the models, found none"):
        bench_inputs.cases([tiny_tflite], ["c"], 1)
    with pytest.raises(ParameterError, match="threads=2: expected 1 for engine c"):
        bench_inputs.cases(models, [], 2)
