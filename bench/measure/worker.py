"""The program of a fresh process: what `processes.run_worker` asks for on standard input, the answer on its output."""

from __future__ import annotations

import importlib
import json
import os
import sys
import typing

from ...runtime.errors import GenrekitError
from .jsonable import as_json, from_json


def main() -> None:
    """Do the work; a GenrekitError is an answer too, everything else ends the process with a traceback."""
    # Engines print to standard output from C: only the answer may stand there.
    answer_to = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    job = json.load(sys.stdin)
    work = getattr(importlib.import_module(job["module"]), job["function"])
    types = typing.get_type_hints(work)
    try:
        arguments = {name: from_json(types[name], value) for name, value in job["arguments"].items()}
        answer = {"result": as_json(work(**arguments))}
    except GenrekitError as error:
        answer = {"error": str(error)}
    with answer_to:
        json.dump(answer, answer_to)


if __name__ == "__main__":
    main()
