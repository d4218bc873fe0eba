"""Another machine over ssh: who it is, what it is told, what it answers, and what keeps it away."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from genrekit.bench.remote import ssh
from genrekit.runtime.errors import Failure, MissingFileError, MissingPackageError, ParameterError

from ...sshd import free_port, needs_sshd, processes_of, wait_for

pytestmark = needs_sshd


@pytest.fixture(scope="module")
def config(serve_ssh, device_environment):
    """The ssh configuration that calls the machine "pi"."""
    return serve_ssh(**device_environment)


@pytest.fixture
def connection(config):
    with ssh.connect(ssh.Address.parse("pi"), config) as opened:
        yield opened


def test_no_shell_reads_the_words_of_a_command(connection):
    words, lines = ["a b", "$HOME", "`id`", "it's; exit 3", '"', "*", "", "é"], []
    ended = connection.run(["printf", "%s\\n", *words], lines.append)
    assert (lines, ended.code) == (words, 0)


def test_an_exit_code_and_the_last_line_come_back(connection):
    assert connection.run(["sh", "-c", "echo one; echo two >&2; exit 3"]) == (3, "two")


def test_files_and_folders_arrive_where_no_shell_would_find_them(connection, tmp_path):
    folder = tmp_path / "a $(id) folder"
    (folder / "in").mkdir(parents=True)
    (folder / "in" / "file").write_bytes(b"\0content")
    there = tmp_path / "it's there"
    there.mkdir()
    connection.send(folder, str(there))
    connection.fetch(f"{there}/{folder.name}/in/file", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == b"\0content"
    with pytest.raises(Failure, match=r"nowhere cannot be copied .* \(.*No such file.*\); see that the disk"):
        connection.fetch(f"{there}/nowhere", tmp_path / "back")


def test_nothing_outlives_the_side_that_began(config, tmp_path):
    stay = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    code = f"""
from pathlib import Path
from genrekit.bench.remote import agent, ssh
with ssh.connect(ssh.Address("pi"), Path({str(config)!r})) as connection:
    connection.run(["python3", "-c", Path(agent.__file__).read_text(), "run", ".", "python3", "-c", {stay!r}])
"""
    pid = tmp_path / "pid"
    with tempfile.TemporaryDirectory() as folder:  # a short name, for the socket in it
        local = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "TMPDIR": folder})
        wait_for(lambda: pid.is_file() and pid.read_text())
        assert processes_of(config)
        local.kill()
        local.wait()
        wait_for(lambda: not Path(f"/proc/{pid.read_text()}").exists())
        wait_for(lambda: not processes_of(config))


def open_and_close(config, address="pi"):
    with ssh.connect(ssh.Address.parse(address), config):
        pytest.fail("it was let in")


def test_a_key_that_the_device_does_not_know(serve_ssh, device_environment):
    with pytest.raises(Failure, match=r"pi: ssh cannot connect \(.*Permission denied.*; .* ssh-copy-id -F .* pi"):
        open_and_close(serve_ssh(key="stranger", **device_environment))


def test_a_port_where_nobody_listens(config):
    with pytest.raises(Failure, match=r"Connection refused.*this works: ssh -F .* -p \d+ pi"):
        open_and_close(config, f"ssh://pi:{free_port()}")


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
    ("text", "parts"),
    [
        ("pi", ("pi", None, None)),
        ("me@192.168.1.7", ("192.168.1.7", "me", None)),
        ("ssh://me@pi.local:2222", ("pi.local", "me", 2222)),
        ("ssh://[fe80::1%eth0]:22", ("fe80::1%eth0", None, 22)),
    ],
)
def test_addresses(text, parts):
    assert ssh.Address.parse(text) == parts


def test_what_is_missing_here_is_named(tmp_path, monkeypatch):
    with pytest.raises(MissingFileError, match="none: expected an ssh configuration"):
        open_and_close(tmp_path / "none")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingPackageError, match="apt install openssh-client"):
        open_and_close(None)
