"""A warm process that forks for each model file it is told of on standard input, and says how the child ended.

A line is a path; the answer is a line of JSON: `outcome` (answer, refused, error, signal, hang, memory), `detail`.
"""

import json
import os
import resource
import signal
import sys
import time
from pathlib import Path

import numpy as np

from genrekit.runtime import load
from genrekit.runtime.errors import GenrekitError

SECONDS = 10
MEMORY = 2**30  # bytes more than this process has
BATCHES = 2


def attempt(path):
    """Load the model `path` and let it answer."""
    try:
        model = load(path)
        takes_audio, shape = model.description.takes_audio, model.description.input_shape
        spread = 0.1 if takes_audio else 20
        windows = np.random.default_rng(0).normal(0, spread, (BATCHES, *shape)).astype(np.float32)
        scores = (model.predict_audio if takes_audio else model.predict)(windows)
    except GenrekitError as error:
        return {"outcome": "refused" if error.exit_code == 2 else "error", "detail": str(error)}
    except BaseException as error:
        return {"outcome": "error", "detail": f"{type(error).__name__}: {error}"}
    if scores.shape != (BATCHES, len(model.labels)) or not np.isfinite(scores).all():
        return {"outcome": "error", "detail": f"scores of shape {scores.shape}"}
    return {"outcome": "answer", "detail": np.round(scores, 3).tolist()}


def child(path, result):
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    os.write(result, json.dumps(attempt(path)).encode()[:60_000])
    os._exit(0)


def ended(pid):
    """How the child `pid` ended, in time or not: (status, resources used), or None where it hung."""
    limit = time.monotonic() + SECONDS
    while time.monotonic() < limit:
        found, status, used = os.wait4(pid, os.WNOHANG)
        if found:
            return status, used
        time.sleep(0.001)
    os.kill(pid, signal.SIGKILL)
    os.wait4(pid, 0)
    return None


def tried(path):
    reading, writing = os.pipe()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pid = os.fork()
    if not pid:
        os.close(reading)
        child(path, writing)
    os.close(writing)
    end = ended(pid)
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read()
    if end is None:
        return {"outcome": "hang", "detail": f"{SECONDS} s"}
    status, used = end
    if os.WIFSIGNALED(status) or not text:
        return {"outcome": "signal", "detail": f"status {status}"}
    grown = (used.ru_maxrss - before) * 1024
    return {"outcome": "memory", "detail": f"{grown} bytes"} if grown > MEMORY else json.loads(text)


if __name__ == "__main__":
    # Imported, so that children need not; nothing is run here, so that there are no threads to lose by forking.
    for name in sys.argv[1:]:
        __import__(name)
    for line in sys.stdin:
        print(json.dumps(tried(line.rstrip("\n"))), flush=True)
