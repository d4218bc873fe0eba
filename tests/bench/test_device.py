"""A bench on another machine: an sshd on loopback with a home, a python3 and keys of its own."""

from __future__ import annotations

import ast
import contextlib
import getpass
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from genrekit.bench import device, on_device, ssh
from genrekit.bench.cases import Case, Effort
from genrekit.bench.run import run_bench
from genrekit.bench.wheel import SOURCE, find_wheel
from genrekit.runtime import MfccConfig, ModelDescription
from genrekit.runtime.errors import Failure, MissingFileError, MissingPackageError, ParameterError
from genrekit.runtime.modelfile import attach

from ..environments import pip
from .conftest import CONFIG, LABELS, nearest_mean_weights, onnx_model, tones

QUICK = Effort(runs=4, seconds=0, rounds=1, paced_runs=1)
SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
PYTHON_FOLDER = Path(sys._base_executable).parent
NO_INDEX = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
pytestmark = pytest.mark.skipif(
    not (SSHD and shutil.which("ssh") and shutil.which("scp")),
    reason="no sshd, ssh and scp at hand: apt install openssh-server openssh-client",
)

SSHD_CONFIG = """
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
SetEnv {environment}
"""
SSH_CONFIG = """
Host pi
  HostName 127.0.0.1
  Port {port}
  User {user}
  IdentityFile {folder}/{key}
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known
  StrictHostKeyChecking accept-new
"""


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """A folder with the keys host, user and stranger."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("host", "user", "stranger"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    return folder


@pytest.fixture(scope="module")
def serve(keys, tmp_path_factory):
    """Start an sshd with these environment variables; the ssh configuration that calls it "pi"."""
    if os.getuid() == 0:
        try:
            Path("/run/sshd").mkdir(exist_ok=True)  # sshd of root refuses to start without it
        except OSError as error:
            pytest.skip(f"sshd needs the folder /run/sshd, and it cannot be made: {error}")
    with contextlib.ExitStack() as started:

        def start(key="user", **environment):
            folder, port = tmp_path_factory.mktemp("sshd"), free_port()
            words = " ".join(f"{name}={value}" for name, value in environment.items())
            (folder / "sshd_config").write_text(SSHD_CONFIG.format(port=port, folder=keys, environment=words))
            config = folder / "config"
            config.write_text(SSH_CONFIG.format(port=port, folder=keys, key=key, user=getpass.getuser()))
            started.enter_context(running([SSHD, "-D", "-e", "-f", folder / "sshd_config"], folder / "log", port))
            return config

        yield start


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextlib.contextmanager
def running(command, log, port):
    with log.open("wb") as errors:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=errors)
    try:
        wait_for(lambda: answers(port) or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        yield
    finally:
        process.terminate()
        process.wait()


def answers(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def wait_for(condition, seconds=120.0):
    """Until `condition` holds; machines that test are busy."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The home folder on the device; pip finds packages as it does here."""
    home = tmp_path_factory.mktemp("home")
    settings = Path.home() / ".config" / "pip"
    if settings.is_dir():
        shutil.copytree(settings, home / ".config" / "pip")
    return home


@pytest.fixture(scope="module")
def environment(home):
    """What a login on the device finds."""
    pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    return {"HOME": home, "PATH": f"{PYTHON_FOLDER}:/usr/bin:/bin", **pip}


@pytest.fixture(scope="module")
def fragile(tmp_path_factory):
    """A .tflite with a description, and beside it a tflite_micro that kills the process that imports it."""
    folder = tmp_path_factory.mktemp("fragile")
    description = ModelDescription(model="fragile", labels=LABELS, format="tflite", precision="int8")
    path = folder / "fragile-int8.tflite"
    path.write_bytes(attach(b"\x00\x00\x00\x00TFL3", description))
    (folder / "tflite_micro").mkdir()
    (folder / "tflite_micro" / "__init__.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    return path


@pytest.fixture(scope="module")
def steps():
    return []


@pytest.fixture(scope="module")
def reference():
    """Labels that the Keras model of the tiny file might predict: all alike."""
    return {"tiny": [LABELS[0]] * 12}


@pytest.fixture(scope="module")
def first(serve, environment, wheel, tiny_onnx, clips, reference, steps):
    """What the first bench on the device brings back; it installs ONNX Runtime there."""
    with device.open_device("pi", ssh_config=serve(**environment), wheel=wheel, say=pytest.fail) as opened:
        cases = [Case(tiny_onnx), Case(tiny_onnx, threads=2)]
        return opened.run_bench(cases, clips, reference, effort=QUICK, progress=lambda *step: steps.append(step))


@pytest.fixture(scope="module")
def offline(first, serve, environment, fragile):
    """The ssh configuration of the same device, when no package index can be reached."""
    return serve(**{**environment, **NO_INDEX, "PYTHONPATH": fragile.parent})


def test_accuracy_and_agreement_are_those_of_this_machine(first, tiny_onnx, clips, reference):
    here = run_bench([Case(tiny_onnx)], clips, reference, effort=QUICK)["results"][0]
    assert here["accuracy"] == 1
    assert here["agreement"] == pytest.approx(1 / 3)
    for row in first["results"]:
        assert "error" not in row
        assert {name: row[name] for name in ("accuracy", "agreement", "confusion", "macs", "bytes", "engine")} == {
            name: here[name] for name in ("accuracy", "agreement", "confusion", "macs", "bytes", "engine")
        }


def test_times_are_measured_there(first, home):
    assert [row["threads"] for row in first["results"]] == [1, 2]
    for row in first["results"]:
        assert row["clip_ms"]["n"] == QUICK.runs
        assert row["clip_ms"]["p50"] > 0
        assert row["cold_start_of"] == "genrekit classify"
        assert row["cold_start_ms"] > 0
    assert first["machine"]["engines"] == {"onnx": first["machine"]["engines"]["onnx"]}  # the only one installed there
    assert [folder.name for folder in (home / ".cache/genrekit/device").iterdir()] == [
        "python{}.{}".format(*sys.version_info)
    ]


def test_the_address_is_kept_without_user_and_port(first):
    assert first["device"] == "pi"
    assert getpass.getuser() not in json.dumps({**first, "machine": None})


def test_progress_tells_the_steps_of_the_device(first, steps):
    assert [what for _, _, what in steps[:2]] == ["installing on pi", "sending files to pi"]
    assert ("tiny-float32.onnx", 4) in [(what, total) for _, total, what in steps]
    assert steps[-1] == (4, 4, "done")


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def rows(offline, wheel, tiny_onnx, fragile, clips, told):
    """Without an index: a case that crashes, one without its engine, one that is not there, and one that is sound."""
    cases = [
        Case(fragile, engine="micro"),
        Case(fragile, engine="litert"),
        Case(fragile.with_name("gone.onnx")),
        Case(tiny_onnx),
    ]
    with device.open_device("pi", ssh_config=offline, wheel=wheel, say=told.append) as opened:
        return opened.run_bench(cases, clips, effort=QUICK)["results"]


def test_a_crash_is_a_row_with_the_signal(rows):
    assert "SIGSEGV" in rows[0]["error"]
    assert (rows[0]["model"], rows[0]["clip_ms"]) == ("fragile", None)


def test_a_missing_engine_is_a_row_with_the_pip_command(rows, told):
    assert 'pip install "genrekit[litert]"' in rows[1]["error"]
    assert told[-1].startswith("pi cannot install genrekit[litert] (ERROR: No matching distribution")


def test_a_missing_file_is_a_row_with_the_path_that_was_given(rows, fragile):
    assert rows[2]["error"].startswith(f"{fragile.with_name('gone.onnx')}: expected a model file")


def test_what_is_installed_needs_no_index(rows):
    assert "error" not in rows[3]
    assert rows[3]["accuracy"] == 1


def test_the_front_end_alone(offline, wheel, clips):
    with device.open_device("pi", ssh_config=offline, wheel=wheel, say=lambda text: None) as opened:
        result = opened.run_front_end(clips, MfccConfig(), effort=QUICK)
    assert result["results"][0]["front_end_ms"]["n"] == QUICK.runs
    assert "pip install librosa" in result["baseline"]["error"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A folder a class, four tracks of one clip each."""
    folder = tmp_path_factory.mktemp("corpus")
    for place, (samples, label) in enumerate(zip(*tones(12), strict=True)):
        track = folder / LABELS[label] / f"{LABELS[label]}.{place:05d}.wav"
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


def test_interrupting_keeps_the_rows_and_leaves_nothing_behind(offline, home, wheel, sorted_onnx, corpus, tmp_path):
    out = tmp_path / "bench.json"
    options = ("--wheel", wheel, "--out", out, "--runs", 500, "--rounds", 100, "--seconds", 0, "--paced-runs", 0)
    command = bench_command(sorted_onnx, corpus, offline, *options)
    with (tmp_path / "said").open("wb") as said:
        local = subprocess.Popen(command, start_new_session=True, stdout=said, stderr=said)
    wait_for(lambda: local.poll() is not None or has_measured(home))
    assert local.returncode is None, (tmp_path / "said").read_text()
    os.killpg(local.pid, signal.SIGINT)  # as a terminal does: all that have not left the group
    assert local.wait(120) == 130, (tmp_path / "said").read_text()
    result = json.loads(out.read_text())
    assert result["interrupted"]
    assert result["results"][0]["accuracy"] == 1
    assert result["results"][0]["clip_ms"]["n"] < 500
    assert not processes(home)
    assert not jobs(home)


def jobs(home):
    return list((home / ".cache/genrekit/device").glob("job-*"))


def has_measured(home):
    results = [job / "results.json" for job in jobs(home)]
    return any(path.is_file() and json.loads(path.read_text())["results"][0]["clip_ms"] for path in results)


def processes(home):
    """Command lines of the device's processes, by their numbers."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found[int(path.parent.name)] = path.read_text(errors="replace").split("\0")
    return {number: words for number, words in found.items() if any(str(home) in word for word in words)}


def test_a_bench_that_is_killed_there_keeps_what_was_measured(offline, wheel, tiny_onnx, clips, home, tmp_path):
    out, effort = tmp_path / "bench.json", Effort(runs=8, seconds=0, rounds=2, paced_runs=0)

    def kill_at_the_last_step(done, total, what):
        if done == total - 1 > 0:
            for number, words in processes(home).items():
                if words[0].startswith(str(home)) and "genrekit.bench" in words:
                    os.kill(number, signal.SIGKILL)

    with (
        device.open_device("pi", ssh_config=offline, wheel=wheel, say=pytest.fail) as opened,
        pytest.raises(Failure, match=f"the bench on pi ended with code 137 .*; what was measured is in {out}"),
    ):
        opened.run_bench([Case(tiny_onnx)], clips, effort=effort, progress=kill_at_the_last_step, save_to=out)
    result = json.loads(out.read_text())
    assert result["interrupted"]
    assert result["results"][0]["clip_ms"]["n"] in (4, 8)
    assert result["results"][0]["warnings"]
    assert not processes(home)


def test_a_command_ends_when_the_other_side_is_gone(offline, tmp_path):
    stay = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    code = f"""
from pathlib import Path
from genrekit.bench import ssh, device
with ssh.connect(ssh.Address("pi"), Path({str(offline)!r})) as connection:
    connection.run([*device._program(), "run", "python3", "-c", {stay!r}])
"""
    local = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    pid = tmp_path / "pid"
    wait_for(lambda: pid.is_file() and pid.read_text())
    local.kill()
    local.wait()
    wait_for(lambda: not Path(f"/proc/{pid.read_text()}").exists())


@pytest.fixture
def connection(offline):
    with ssh.connect(ssh.Address.parse("pi"), offline) as opened:
        yield opened


def test_no_shell_reads_the_words_of_a_command(connection):
    words, lines = ["a b", "$HOME", "`id`", "it's; exit 3", '"', "*", "", "é"], []
    ended = connection.run(["printf", "%s\\n", *words], lines.append)
    assert (lines, ended.code) == (words, 0)


def test_an_exit_code_and_the_last_line_come_back(connection):
    assert connection.run(["sh", "-c", "echo one; echo two >&2; exit 3"]) == (3, "two")


def test_a_path_that_scp_might_read_otherwise_is_refused(connection, tmp_path):
    with pytest.raises(Failure, match="letters, digits"):
        connection.send(tmp_path, "/home/$(id)")


def open_and_close(config, address="pi"):
    with device.open_device(address, ssh_config=config, wheel=None, say=pytest.fail):
        pytest.fail("it was let in")


def test_a_key_that_the_device_does_not_know(serve, environment):
    with pytest.raises(Failure, match=r"pi: ssh cannot connect \(.*Permission denied.*; .* ssh-copy-id -F .* pi"):
        open_and_close(serve(key="stranger", **environment))


def test_a_port_where_nobody_listens(offline):
    with pytest.raises(Failure, match=r"Connection refused.*this works: ssh -F .* -p \d+ pi"):
        open_and_close(offline, f"ssh://pi:{free_port()}")


def test_a_device_without_python(serve, environment, tmp_path):
    with pytest.raises(Failure, match=r"pi has no python3 \(.*not found\); .* apt install python3-venv"):
        open_and_close(serve(**{**environment, "PATH": tmp_path}))


def test_a_device_that_cannot_make_environments(serve, environment, tmp_path, home):
    (tmp_path / "ensurepip.py").write_text("raise ImportError('left to a package of its own')")
    with pytest.raises(Failure, match=r"cannot make environments; .* apt install python3-venv"):
        open_and_close(serve(**{**environment, "PYTHONPATH": tmp_path}))
    assert not jobs(home)


def test_a_home_that_cannot_be_written(serve, environment):
    with pytest.raises(Failure, match=r"pi cannot prepare a folder \(.*Error.*/dev/null"):
        open_and_close(serve(**{**environment, "HOME": "/dev/null"}))


def test_an_old_python_is_told_by_its_version():
    with pytest.raises(Failure, match=r"python3 of pi is 3\.9: expected 3\.10 or later"):
        device._require({"python": [3, 9], "environments": True}, "pi")


def test_the_program_for_the_device_parses_on_old_pythons():
    ast.parse(Path(on_device.__file__).read_text(), feature_version=(3, 6))


def test_nothing_can_be_installed_without_an_index(serve, environment, wheel, tiny_onnx, clips, tmp_path):
    config = serve(**{**environment, **NO_INDEX, "HOME": tmp_path})
    with (
        device.open_device("pi", ssh_config=config, wheel=wheel, say=pytest.fail) as opened,
        pytest.raises(Failure, match=r"pi cannot install genrekit \(ERROR: No matching .*\); see that it reaches"),
    ):
        opened.run_bench([Case(tiny_onnx)], clips, effort=QUICK)
    assert not jobs(tmp_path)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "pi:22",
        "-oProxyCommand=id",
        "pi@-x",
        "-l@pi",
        "a b",
        "pi;id",
        "a@b@c",
        "ssh://pi:0",
        "ssh://pi:65536",
        "::1",
    ],
)
def test_what_is_no_address_is_refused(address):
    with pytest.raises(ParameterError, match=f"device={re.escape(address)}: expected user@host"):
        open_and_close(None, address)


@pytest.mark.parametrize(
    ("text", "parts", "scp"),
    [
        ("pi", ("pi", None, None), "pi"),
        ("me@192.168.1.7", ("192.168.1.7", "me", None), "me@192.168.1.7"),
        ("ssh://me@pi.local:2222", ("pi.local", "me", 2222), "me@pi.local"),
        ("ssh://[fe80::1%eth0]:22", ("fe80::1%eth0", None, 22), "[fe80::1%eth0]"),
    ],
)
def test_addresses(text, parts, scp):
    assert ssh.Address.parse(text) == parts
    assert ssh.Address.parse(text).for_scp == scp


def test_what_is_missing_here_is_named(tmp_path, monkeypatch):
    with pytest.raises(MissingFileError, match="none: expected an ssh configuration"):
        open_and_close(tmp_path / "none")
    with (
        pytest.raises(MissingFileError, match="expected a wheel of genrekit"),
        device.open_device("pi", ssh_config=None, wheel=tmp_path / "gone.whl", say=pytest.fail),
    ):
        pass
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingPackageError, match="apt install openssh-client"):
        open_and_close(None)


def contents(path):
    """Names and bytes of a wheel, apart from its list of them."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/RECORD")}


def test_an_installed_genrekit_is_packed_into_the_wheel_it_came_from(first, home, wheel, tmp_path):
    python = next((home / ".cache/genrekit/device").glob("python*/bin/python"))
    code = "import pathlib, sys; from genrekit.bench.wheel import find_wheel; find_wheel(pathlib.Path(sys.argv[1]))"
    subprocess.run([python, "-P", "-c", code, tmp_path], check=True, cwd=tmp_path, env={})
    packed = tmp_path / wheel.name
    assert contents(packed) == contents(wheel)
    pip("install", "--no-deps", "--target", tmp_path / "site", packed)  # refuses a RECORD that is not right
    command = [python, "-m", "genrekit.toolkit.cli.app", "--version"]
    version = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": str(tmp_path / "site")})
    assert version.stdout.strip() == wheel.name.split("-")[1]


def test_a_checkout_is_built_and_stays_as_it_was(wheel, tmp_path):
    before = sorted(SOURCE.iterdir())
    assert contents(find_wheel(tmp_path)) == contents(wheel)
    assert sorted(SOURCE.iterdir()) == before
