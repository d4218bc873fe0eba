"""Does a job that another machine sent: ``python -m genrekit.bench.remote JOB-FOLDER ROUNDS.json``.

Each step is a line of JSON on standard error, {"done", "total", "what"}. An interrupt (SIGINT) keeps what was measured.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ...runtime.errors import GenrekitError
from .job import run_job


def _report(done: int, total: int, what: str) -> None:
    print(json.dumps({"done": done, "total": total, "what": what}), file=sys.stderr, flush=True)


def main() -> None:
    """The two paths stand in sys.argv."""
    if len(sys.argv) != 3:
        sys.exit("usage: python -m genrekit.bench.remote JOB-FOLDER ROUNDS.json")
    folder, rounds = map(Path, sys.argv[1:])
    try:
        run_job(folder, rounds, _report)
    except GenrekitError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
