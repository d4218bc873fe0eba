"""Fresh processes: a case in one cannot disturb another, and what kills it becomes a sentence."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, get_type_hints

from ...runtime.errors import Failure, GenrekitError
from ...runtime.util.parent import end_with
from .jsonable import as_json, from_json

Result = TypeVar("Result")

TIMEOUT_S = 900.0
WORKER = "genrekit.bench.measure.processes"
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)


def run_process(module: str, arguments: Sequence[str] = (), *, threads: int = 1, text: str = "") -> str:
    """Run ``python -m module arguments`` with `text` on its standard input; what it wrote to standard output.

    Every library that reads its thread count from the environment finds `threads` there before it is imported.

    Raises:
        Failure: it ended by a signal, with another code than 0, without output, or not at all within TIMEOUT_S.
    """
    command = [sys.executable, "-m", module, *arguments]
    environment = {
        **os.environ,
        **dict.fromkeys(THREAD_VARIABLES, str(threads)),
        "PYTHONSAFEPATH": "1",  # a folder called onnx where the user stands must not hide the package
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=TIMEOUT_S, env=environment)
    except subprocess.TimeoutExpired as error:
        raise Failure(f"the process did not end within {TIMEOUT_S:.0f} s and was stopped; use fewer clips") from error
    if done.returncode:
        raise Failure(_reason(done.returncode, done.stderr))
    if not done.stdout:
        raise Failure(f"the process of {module} ended without an answer; reinstall genrekit")
    return done.stdout


def run_worker(work: Callable[..., Result], *, threads: int = 1, **arguments: Any) -> Result:
    """What ``work(**arguments)`` returns in a fresh process; raises Failure where that fails or raises a GenrekitError.

    `work` is a function of a module, whose arguments and result have its annotated types and pass as JSON (`as_json`).
    """
    job = {"parent": os.getpid(), "module": work.__module__, "function": work.__name__, "arguments": arguments}
    answer = json.loads(run_process(WORKER, threads=threads, text=json.dumps(as_json(job))))
    if "error" in answer:
        raise Failure(answer["error"])
    result: Result = from_json(get_type_hints(work)["return"], answer["result"])
    return result


def _reason(code: int, stderr: str) -> str:
    if code >= 0:
        lines = stderr.strip().splitlines()
        last = f": {lines[-1]}" if lines else ""
        return f"the process ended with code {code}{last}; run the file alone with `genrekit classify` to see more"
    # What a process wrote before a signal ended it may be any library's greeting.
    name = signal.Signals(-code).name
    remedy = "free memory" if name == "SIGKILL" else "report the file to the engine's makers, or try another engine"
    return f"the process was ended by {name}; {remedy}"


def answer_job() -> None:
    """The other side of `run_worker`: a GenrekitError is an answer too, everything else ends with a traceback."""
    # Engines print to standard output from C: only the answer may stand there.
    answer_to = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    job = json.load(sys.stdin)
    end_with(job["parent"])
    work = getattr(importlib.import_module(job["module"]), job["function"])
    types = get_type_hints(work)
    try:
        arguments = {name: from_json(types[name], value) for name, value in job["arguments"].items()}
        answer = {"result": as_json(work(**arguments))}
    except GenrekitError as error:
        answer = {"error": str(error)}
    with answer_to:
        json.dump(answer, answer_to)


if __name__ == "__main__":
    answer_job()
