"""The program that `device` sends to another machine, which may have nothing yet but Python: standard library only.

prepare           make a folder for one job; report what there is, as a line of JSON
run COMMAND...    run a command; when standard input ends, because the other side left or wants to stop, interrupt it
remove FOLDER     remove a job's folder

It must parse on Python 3.6, so that an old one is reported by its version and not by a syntax error.
"""

import contextlib
import importlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

FOLDER = "~/.cache/genrekit/device"
PREFIX = "job-"
OLD_S = 24 * 3600.0  # what a lost connection left behind is removed by a later job
GRACE_S = 20.0  # between the interrupt and the end by force


def prepare() -> None:
    """Print {"python": [major, minor], "environments": whether they can be made, "folder", "job"}, both paths."""
    folder = pathlib.Path(os.path.expanduser(FOLDER))
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(PREFIX + "*"):
        if time.time() - left.stat().st_mtime > OLD_S:
            shutil.rmtree(str(left), ignore_errors=True)
    try:  # Debian leaves ensurepip to a package of its own, without which `venv` fails half-way
        environments = bool(importlib.import_module("ensurepip") and importlib.import_module("venv"))
    except ImportError:
        environments = False
    found = {"python": list(sys.version_info[:2]), "environments": environments, "folder": str(folder)}
    print(json.dumps(dict(found, job=tempfile.mkdtemp(prefix=PREFIX, dir=str(folder)))))


def run(command: "list[str]") -> int:
    """Exit code of `command`; nothing that it started outlives it."""
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
        sys.exit(run(sys.argv[2:]))
    if sys.argv[1] == "prepare":
        prepare()
    elif os.path.basename(sys.argv[2]).startswith(PREFIX):  # the folder of a job, and no other
        shutil.rmtree(sys.argv[2], ignore_errors=True)
