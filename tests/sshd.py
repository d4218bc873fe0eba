"""Another machine: an sshd on loopback with keys, a home and a python3 of its own."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
PYTHON_FOLDER = Path(sys._base_executable).parent
needs_sshd = pytest.mark.skipif(
    not (SSHD and shutil.which("ssh")),
    reason="no sshd and ssh at hand: apt install openssh-server openssh-client",
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


@pytest.fixture(scope="session")
def ssh_keys(tmp_path_factory):
    """A folder with the keys host, user and stranger."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("host", "user", "stranger"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    return folder


@pytest.fixture(scope="session")
def serve_ssh(ssh_keys, tmp_path_factory):
    """Start an sshd with these environment variables; the ssh configuration that calls it "pi"."""
    if os.getuid() == 0:
        try:
            Path("/run/sshd").mkdir(exist_ok=True)  # sshd of root refuses to start without it
        except OSError as error:
            pytest.skip(f"sshd needs the folder /run/sshd, and it cannot be made: {error}")
    with contextlib.ExitStack() as started:

        def start(key="user", **environment):
            folder, port = tmp_path_factory.mktemp("sshd"), free_port()
            words = " ".join(f'"{name}={value}"' for name, value in environment.items())
            (folder / "sshd_config").write_text(SSHD_CONFIG.format(port=port, folder=ssh_keys, environment=words))
            config = folder / "config"
            config.write_text(SSH_CONFIG.format(port=port, folder=ssh_keys, key=key, user=getpass.getuser()))
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


@pytest.fixture(scope="session")
def device_home(tmp_path_factory):
    """The home folder on the device; pip finds packages as it does here."""
    home = tmp_path_factory.mktemp("home")
    settings = Path.home() / ".config" / "pip"
    if settings.is_dir():
        shutil.copytree(settings, home / ".config" / "pip")
    return home


@pytest.fixture(scope="session")
def device_environment(device_home):
    """What a login on the device finds."""
    pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    return {"HOME": device_home, "PATH": f"{PYTHON_FOLDER}:/usr/bin:/bin", **pip}


def processes_of(folder):
    """Command lines of the processes that have to do with `folder`, by their numbers."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found[int(path.parent.name)] = path.read_text(errors="replace").split("\0")
    return {number: words for number, words in found.items() if any(str(folder) in word for word in words)}
