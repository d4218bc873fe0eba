"""A bench on another machine: an sshd on loopback with a home, a python3 and keys of its own."""

from __future__ import annotations

import ast
import getpass
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from genrekit.bench.measure.plan import BenchPlan, Case, Effort, front_end_plan
from genrekit.bench.remote import agent, session
from genrekit.bench.remote.platforms import Machine
from genrekit.bench.results.reader import read_json
from genrekit.bench.run import run_bench
from genrekit.converters.attach import attach
from genrekit.runtime import MfccConfig, ModelDescription
from genrekit.runtime.errors import Failure
from genrekit.runtime.native_build import library_name, read_library

from ...libraries import needs_compiler
from ...sshd import PYTHON_FOLDER, needs_sshd, processes_of, wait_for
from ..conftest import CONFIG, LABELS, nearest_mean_weights, onnx_model, tones

QUICK = Effort(calls=4, seconds=0, rounds=1, paced_calls=1)
CLASSIFY = "genrekit.toolkit.cli.app"
pytestmark = needs_sshd
NO_INDEX = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}


@pytest.fixture(scope="module")
def steps():
    return []


@pytest.fixture(scope="module")
def reference():
    """Labels that the Keras model of the tiny file might predict: all alike."""
    return {"tiny": [LABELS[0]] * 12}


@pytest.fixture(scope="module")
def first(package_index, serve_ssh, device_environment, wheel, tiny_onnx, clips, reference, steps):
    """What the first bench on the device brings back; it installs ONNX Runtime there."""
    address, config = f"{getpass.getuser()}@pi", serve_ssh(**device_environment)
    with session.open_device(address, ssh_config=config, wheel=wheel, say=pytest.fail) as opened:
        cases = (Case(tiny_onnx), Case(tiny_onnx, threads=2))
        plan = BenchPlan(cases, clips, reference, effort=QUICK, cold_start=CLASSIFY)
        return opened.run_bench(plan, progress=lambda *step: steps.append(step))


@pytest.fixture(scope="module")
def offline(first, serve_ssh, device_environment, crashing):
    """The ssh configuration of the same device, when no package index can be reached."""
    return serve_ssh(**{**device_environment, **NO_INDEX, "PYTHONPATH": crashing.parent})


def test_accuracy_and_agreement_are_those_of_this_machine(first, tiny_onnx, clips, reference):
    here = run_bench(BenchPlan((Case(tiny_onnx),), clips, reference, effort=QUICK)).results[0]
    assert here.accuracy == 1
    assert here.agreement == pytest.approx(1 / 3)
    for row in first.results:
        assert row.error is None
        for name in ("accuracy", "agreement", "confusion", "macs", "bytes", "engine"):
            assert getattr(row, name) == getattr(here, name)


def test_times_are_measured_there(first, device_home):
    assert [row.threads for row in first.results] == [1, 2]
    for row in first.results:
        assert row.clip_ms.n == QUICK.calls
        assert row.clip_ms.p50 > 0
        assert row.cold_start_of == "genrekit classify"
        assert row.cold_start_ms > 0
    assert list(first.machine.engines) == ["onnx"]  # the only one installed there
    assert first.machine.front_end in ("native", "numpy")
    assert [folder.name for folder in (device_home / ".cache/genrekit/device").iterdir()] == [
        "python{}.{}".format(*sys.version_info)
    ]


def test_the_address_is_kept_without_user_and_port(first):
    assert first.device == "pi"
    assert getpass.getuser() not in json.dumps({**first.to_json(), "machine": None})


def test_progress_reports_the_steps_of_the_device(first, steps):
    assert [what for _, _, what in steps[:2]] == ["installing on pi", "sending files to pi"]
    assert ("tiny-float32.onnx", 4) in [(what, total) for _, total, what in steps]
    assert steps[-1] == (4, 4, "done")


@pytest.fixture(scope="module")
def reported():
    return []


@pytest.fixture(scope="module")
def rows(offline, wheel, tiny_onnx, crashing, clips, reported):
    """Without an index: a case that crashes, one without its engine, one that is not there, and one that is sound."""
    cases = (
        Case(crashing, engine="micro"),
        Case(crashing, engine="litert"),
        Case(crashing.with_name("gone.onnx")),
        Case(tiny_onnx),
    )
    with session.open_device("pi", ssh_config=offline, wheel=wheel, say=reported.append) as opened:
        return opened.run_bench(BenchPlan(cases, clips, effort=QUICK)).results


def test_a_crash_is_a_row_with_the_signal(rows):
    assert "SIGSEGV" in rows[0].error
    assert (rows[0].model, rows[0].clip_ms) == ("fragile", None)


def test_a_missing_engine_is_a_row_with_the_pip_command(rows, reported):
    assert 'pip install "genrekit[litert]"' in rows[1].error
    assert reported[-1].startswith("pi cannot install genrekit[litert] (ERROR: No matching distribution")


def test_a_missing_file_is_a_row_with_the_path_that_was_given(rows, crashing):
    assert rows[2].error.startswith(f"{crashing.with_name('gone.onnx')}: expected a model file")


def test_what_is_installed_needs_no_index(rows):
    assert rows[3].error is None
    assert rows[3].accuracy == 1


@needs_compiler
@pytest.mark.parametrize("tools", [None, ("tar", "cat")], ids=["with a compiler", "without"])
def test_a_folder_of_c_is_compiled_there_or_here_for_it(
    first, serve_ssh, device_environment, wheel, tiny_c, tiny_clips, tools, tmp_path, monkeypatch
):
    environment = {**device_environment, **NO_INDEX, "CFLAGS": "-O0 -DGK_LANES=1"}
    for tool in tools or ():
        (tmp_path / tool).symlink_to(shutil.which(tool))
        environment["PATH"] = f"{PYTHON_FOLDER}:{tmp_path}"
    monkeypatch.setenv("CFLAGS", environment["CFLAGS"])
    with session.open_device("pi", ssh_config=serve_ssh(**environment), wheel=wheel, say=pytest.fail) as opened:
        result = opened.run_bench(BenchPlan((Case(tiny_c),), tiny_clips, effort=QUICK))
    (row,) = result.results
    assert row.error is None
    assert (row.engine, row.clip_ms.n) == ("c", QUICK.calls)
    assert row.bytes > 10_000
    assert ("c" in result.machine.engines) is (tools is None)


def test_the_front_end_alone(offline, wheel, clips):
    with session.open_device("pi", ssh_config=offline, wheel=wheel, say=lambda text: None) as opened:
        result = opened.run_bench(front_end_plan(clips, MfccConfig(), effort=QUICK))
    assert result.results[0].front_end_ms.n == QUICK.calls
    assert "pip install librosa" in result.baselines[0].error


@needs_compiler
def test_a_wheel_that_is_made_brings_the_device_its_library(offline, device_home, tiny_onnx, clips):
    (folder,) = device_home.glob(".cache/genrekit/device/python*/lib/python*/site-packages/genrekit/runtime")
    library = folder / library_name()
    library.unlink(missing_ok=True)
    with session.open_device("pi", ssh_config=offline, wheel=None, say=pytest.fail) as opened:
        opened.run_bench(BenchPlan((Case(tiny_onnx),), clips, effort=QUICK))
    assert read_library(folder) == library.read_bytes()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A folder a class, four tracks of one clip each."""
    folder = tmp_path_factory.mktemp("corpus")
    for index, (samples, label) in enumerate(zip(*tones(12), strict=True)):
        track = folder / LABELS[label] / f"{LABELS[label]}.{index:05d}.wav"
        track.parent.mkdir(exist_ok=True)
        soundfile.write(track, samples, CONFIG.sample_rate)
    return folder


@pytest.fixture(scope="module")
def sorted_onnx(tmp_path_factory):
    """The tiny ONNX file with its labels in the order of a corpus."""
    order = np.argsort(LABELS)
    weights, bias = nearest_mean_weights(*tones(12))
    path = tmp_path_factory.mktemp("models") / "sorted-float32.onnx"
    description = ModelDescription(model="sorted", labels=tuple(sorted(LABELS)), format="onnx", macs=39)
    path.write_bytes(attach(onnx_model(weights[:, order], bias[order]), description))
    return path


def bench_command(model, corpus, config, *options):
    command = [sys.executable, "-m", "genrekit.toolkit.cli.app", "bench", model, "--data", corpus, "--jobs", 1]
    return [str(word) for word in (*command, "--device", "pi", "--ssh-config", config, *options)]


def test_interrupting_keeps_the_rows_and_leaves_nothing_behind(
    offline, device_home, wheel, sorted_onnx, corpus, tmp_path
):
    out = tmp_path / "bench.json"
    options = ("--wheel", wheel, "--out", out, "--calls", 500, "--rounds", 100, "--seconds", 0, "--paced-calls", 0)
    command = bench_command(sorted_onnx, corpus, offline, *options)
    with (tmp_path / "output").open("wb") as output:
        local = subprocess.Popen(command, start_new_session=True, stdout=output, stderr=output)
    wait_for(lambda: local.poll() is not None or has_measured(device_home))
    assert local.returncode is None, (tmp_path / "output").read_text()
    os.killpg(local.pid, signal.SIGINT)  # as a terminal does: all that have not left the group
    assert local.wait(120) == 130, (tmp_path / "output").read_text()
    result = read_json(out)
    assert result.interrupted
    assert result.results[0].accuracy == 1
    assert result.results[0].clip_ms.n < 500
    assert not processes_of(device_home)
    assert not jobs(device_home)


def jobs(device_home):
    return list((device_home / ".cache/genrekit/device").glob("job-*"))


def has_measured(device_home):
    rounds = [job / "rounds.json" for job in jobs(device_home)]
    return any(path.is_file() and json.loads(path.read_text())["cases"][0]["rounds"] for path in rounds)


def test_a_bench_that_is_killed_there_keeps_what_was_measured(offline, wheel, tiny_onnx, clips, device_home, tmp_path):
    out, effort = tmp_path / "bench.json", Effort(calls=8, seconds=0, rounds=2, paced_calls=0)

    def kill_at_the_last_step(done, total, what):
        if done == total - 1 > 0:
            for number, words in processes_of(device_home).items():
                if words[0].startswith(str(device_home)) and session.PROGRAM in words:
                    os.kill(number, signal.SIGKILL)

    plan = BenchPlan((Case(tiny_onnx),), clips, effort=effort)
    with (
        session.open_device("pi", ssh_config=offline, wheel=wheel, say=pytest.fail) as opened,
        pytest.raises(Failure, match=f"the bench on pi ended with code 137 .*; what was measured is in {out}"),
    ):
        opened.run_bench(plan, progress=kill_at_the_last_step, save_to=out)
    result = read_json(out)
    assert result.interrupted
    assert not result.complete
    assert result.results[0].clip_ms.n in (4, 8)
    assert result.results[0].warnings
    assert not processes_of(device_home)


HOLD = """
import sys, time
from pathlib import Path
from genrekit.bench.remote.session import open_device
with open_device("pi", ssh_config=Path(sys.argv[1]), wheel=Path(sys.argv[2]), say=print):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def held(serve_ssh, device_environment):
    return serve_ssh(**device_environment)


@pytest.fixture
def any_wheel(tmp_path):
    """What is not installed need not be one."""
    with zipfile.ZipFile(tmp_path / "genrekit-0-py3-none-any.whl", "w") as archive:
        archive.writestr("empty", "")
    return Path(archive.filename)


def test_a_device_serves_one_at_a_time_and_is_free_when_the_other_side_is_killed(
    held, any_wheel, device_home, tmp_path
):
    environment = {**os.environ, "TMPDIR": "/tmp"}  # a short name, for the socket in it
    command = [sys.executable, "-c", HOLD, held, any_wheel]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as other:
        assert other.stdout.readline() == "held\n"
        (left,) = jobs(device_home)
        with pytest.raises(Failure, match="pi measures for somebody else at the moment; wait for the end of that"):
            open_and_close(held)
        assert jobs(device_home) == [left]
        other.kill()
    wait_for(lambda: not jobs(device_home))
    with session.open_device("pi", ssh_config=held, wheel=any_wheel, say=pytest.fail):
        assert len(jobs(device_home)) == 1
    assert not jobs(device_home)


def test_what_a_device_that_lost_its_power_has_left_is_removed(held, any_wheel, device_home):
    left = device_home / ".cache/genrekit/device/job-left"
    (left / "bench").mkdir(parents=True)
    with session.open_device("pi", ssh_config=held, wheel=any_wheel, say=pytest.fail):
        assert left not in jobs(device_home)


def open_and_close(config, address="pi"):
    with session.open_device(address, ssh_config=config, wheel=None, say=pytest.fail):
        pytest.fail("it was let in")


def test_a_device_without_python(serve_ssh, device_environment, tmp_path):
    with pytest.raises(Failure, match=r"pi has no python3 .*apt install python3-venv"):
        open_and_close(serve_ssh(**{**device_environment, "PATH": tmp_path}))


def test_a_device_that_cannot_make_environments(serve_ssh, device_environment, tmp_path, device_home):
    (tmp_path / "ensurepip.py").write_text("raise ImportError('left to a package of its own')")
    with pytest.raises(Failure, match=r"cannot make environments; .* apt install python3-venv"):
        open_and_close(serve_ssh(**{**device_environment, "PYTHONPATH": tmp_path}))
    assert not jobs(device_home)


def test_a_home_that_cannot_be_written(serve_ssh, device_environment):
    with pytest.raises(Failure, match=r"pi cannot prepare a folder \(.*Error.*/dev/null"):
        open_and_close(serve_ssh(**{**device_environment, "HOME": "/dev/null"}))


def test_an_old_python_is_reported_by_its_version():
    with pytest.raises(Failure, match=r"python3 of pi is 3\.9: expected 3\.10 or later"):
        session.Prepared((3, 9), True, Machine.here(), "/home/pi", "/home/pi/job-1").require_usable("pi")


def test_the_program_for_the_device_parses_on_old_pythons():
    ast.parse(Path(agent.__file__).read_text(), feature_version=(3, 6))


def test_nothing_can_be_installed_without_an_index(serve_ssh, device_environment, wheel, tiny_onnx, clips, tmp_path):
    config = serve_ssh(**{**device_environment, **NO_INDEX, "HOME": tmp_path})
    with (
        session.open_device("pi", ssh_config=config, wheel=wheel, say=pytest.fail) as opened,
        pytest.raises(Failure, match=r"pi cannot install genrekit \(ERROR: No matching .*\); see that it reaches"),
    ):
        opened.run_bench(BenchPlan((Case(tiny_onnx),), clips, effort=QUICK))
    assert not jobs(tmp_path)


def test_options_of_a_device_want_one(tiny_onnx, tmp_path):
    command = [sys.executable, "-m", "genrekit.toolkit.cli.app", "bench", tiny_onnx, "--data", tmp_path]
    done = subprocess.run([*command, "--ssh-config", "config"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "ssh-config=config: a bench on this machine has no use for --ssh-config; name --device" in done.stderr
