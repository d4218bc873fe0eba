"""What SECURITY.md promises of the product's own code: nothing is unpickled, evaluated or handed to a shell."""

from __future__ import annotations

import ast
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from . import no_network
from .noise import sitecustomize

ROOT = Path(__file__).parents[1]
FLOORS = ("runtime", "converters", "bench", "toolkit")
UNPICKLERS = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle"}
EVALUATORS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "subprocess.getoutput", "joblib.load"}
STARTERS = {"subprocess.run", "subprocess.Popen", "subprocess.check_output", "subprocess.call", "Popen", "os.execv"}
MUST = {"np.load": ("allow_pickle", "False"), "keras.saving.load_model": ("safe_mode", "True")}


def nodes():
    for path in (path for floor in FLOORS for path in (ROOT / floor).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            yield path.relative_to(ROOT), node


def calls():
    for path, node in nodes():
        if isinstance(node, ast.Call):
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords if keyword.arg}
            yield path, ast.unparse(node.func), given, node


def test_nothing_is_unpickled():
    imported = {
        name.partition(".")[0]
        for _, node in nodes()
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""])
    }
    assert not imported & UNPICKLERS
    assert "zipfile" in imported  # they were looked at


def test_nothing_is_evaluated():
    assert not [(path, name) for path, name, _, _ in calls() if name in EVALUATORS]


def test_no_shell_reads_what_is_started():
    """Each process gets its arguments one by one."""
    started = [(path, given, node) for path, name, given, node in calls() if name in STARTERS]
    assert len(started) > 5
    for path, given, node in started:
        assert "shell" not in given, path
        assert not isinstance(node.args[0], (ast.Constant, ast.JoinedStr)), path


@pytest.mark.parametrize("function", MUST)
def test_arrays_and_keras_models_are_loaded_as_data(function):
    option, value = MUST[function]
    found = [(path, given) for path, name, given, _ in calls() if name == function]
    assert found
    for path, given in found:
        assert given.get(option) == value, path


@pytest.mark.parametrize(
    "host", ["-oProxyCommand=touch x", "--", "a@-oProxyCommand=x", "ssh://-F/tmp/x", "$(x)", "a;b"]
)
def test_a_host_that_looks_like_an_option_is_refused(genrekit_here, tiny_models, host):
    code, said = genrekit_here("bench", str(tiny_models("dense", "onnx")), "--data", "x", f"--device={host}")
    assert code == 2
    assert "expected user@host" in said


@pytest.fixture
def genrekit_here(capsys):
    from genrekit.toolkit.cli import app

    def run(*arguments):
        return app.run(arguments), capsys.readouterr().err

    return run


def test_no_test_but_those_of_devices_and_clusters_may_reach_a_network():
    """The others all run under this, so that no command of theirs can."""
    for family, address in ((socket.AF_INET, ("127.0.0.1", 9)), (socket.AF_INET6, ("::1", 9))):
        with socket.socket(family, socket.SOCK_DGRAM) as made, pytest.raises(no_network.NetworkUsed):
            made.connect(address)
    with pytest.raises(no_network.NetworkUsed):
        socket.getaddrinfo("localhost", 80)
    assert len(no_network.attempts) == 3
    no_network.attempts.clear()
    for one in socket.socketpair():  # within the machine: processes talk so
        one.close()


def test_nor_may_the_processes_that_they_start():
    code = "import socket; socket.create_connection(('127.0.0.1', 9))"
    environment = {**os.environ, "PYTHONPATH": str(Path(sitecustomize.__file__).parent)}
    process = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert process.returncode
    assert no_network.USED in process.stderr
