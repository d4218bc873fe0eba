"""The program that `device` sends to another machine, which may have nothing yet but Python: standard library only.

hold                  make a folder for one job; report what there is, as a line of JSON; remove the folder when
                      standard input ends, because the other side is done or has left. Nobody else can meanwhile
run FOLDER COMMAND... run a command of the job in FOLDER; when standard input ends, interrupt it

It must parse on Python 3.6, so that an old one is reported by its version and not by a syntax error.
"""

import contextlib
import fcntl
import importlib
import json
import os
import pathlib
import platform
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading

FOLDER = "~/.cache/genrekit/device"
COMPILERS = ("cc", "gcc", "clang")
PREFIX = "job-"
GRACE_S = 20.0  # between the interrupt and the end by force


def hold() -> None:
    """Print {"python": [major, minor], "environments", "machine", "compiler", "folder", "job"}.

    "environments" and "compiler" tell whether environments and folders of C can be made, "machine" is what `machine`
    returns, the last two are paths. Or {"busy": true}, where another one holds.
    """
    folder = pathlib.Path(os.path.expanduser(FOLDER))
    folder.mkdir(parents=True, exist_ok=True)
    if not lock(str(folder), fcntl.LOCK_EX | fcntl.LOCK_NB):
        print(json.dumps({"busy": True}), flush=True)
        return
    for left in folder.glob(PREFIX + "*"):  # of a machine that lost its power
        shutil.rmtree(str(left), ignore_errors=True)
    try:  # Debian leaves ensurepip to a package of its own, without which `venv` fails half-way
        environments = bool(importlib.import_module("ensurepip") and importlib.import_module("venv"))
    except ImportError:
        environments = False
    job = tempfile.mkdtemp(prefix=PREFIX, dir=str(folder))
    found = {"python": list(sys.version_info[:2]), "environments": environments, "machine": machine()}
    compiler = bool(shutil.which("make") and any(map(shutil.which, COMPILERS)))
    print(json.dumps(dict(found, compiler=compiler, folder=str(folder), job=job)), flush=True)
    while os.read(0, 1024):
        pass
    lock(job, fcntl.LOCK_EX)  # what runs there is given the time to end
    shutil.rmtree(job, ignore_errors=True)


def machine() -> "tuple[str, str, int, str]":
    """`sys.platform`, the processor, bits of a pointer, and glibc's version or ""."""
    library, version = platform.libc_ver()
    return sys.platform, platform.machine(), 8 * struct.calcsize("P"), version if library == "glibc" else ""


def lock(folder: str, kind: int) -> bool:
    """Whether `folder` could be locked until this process ends; also where its disk has no locks."""
    try:
        fcntl.flock(os.open(folder, os.O_RDONLY), kind)
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


def run(job: str, command: "list[str]") -> int:
    """Exit code of `command`; nothing that it started outlives it."""
    lock(job, fcntl.LOCK_SH)
    # One who was started in the background hands on that interrupts are ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=_stop_at_end_of_input, args=(child,), daemon=True).start()
    code = child.wait()
    _end_group(child)
    return code if code >= 0 else 128 - code


def _stop_at_end_of_input(child: "subprocess.Popen[bytes]") -> None:
    # os.read: sys.stdin would hold a lock that the interpreter wants when it ends.
    while os.read(0, 1024):
        pass
    child.send_signal(signal.SIGINT)
    try:
        child.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        _end_group(child)


def _end_group(child: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # all have ended
        os.killpg(child.pid, signal.SIGKILL)


if __name__ == "__main__":
    if sys.argv[1] == "run":
        sys.exit(run(sys.argv[2], sys.argv[3:]))
    hold()
