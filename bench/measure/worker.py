"""The program of a fresh process: one job as JSON on standard input, its answer as JSON on standard output."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from ...runtime import MfccConfig
from ...runtime.errors import GenrekitError
from . import predictions, timing
from .cases import Case, Effort
from .clips import Clips
from .jsonable import as_json


def _measure_case(job: dict[str, Any]) -> Any:
    case, clips, effort = Case.from_json(job["case"]), Clips.from_json(job["clips"]), Effort(**job["effort"])
    return as_json(timing.measure_case(case, clips, effort, predict=job["predict"]))


def _classify_once(job: dict[str, Any]) -> Any:
    timing.classify_once(Case.from_json(job["case"]), Clips.from_json(job["clips"]))
    return {}


def _measure_front_end(job: dict[str, Any]) -> Any:
    config, clips, effort = MfccConfig.from_dict(job["config"]), Clips.from_json(job["clips"]), Effort(**job["effort"])
    return as_json(timing.measure_front_end(job["case"]["front_end"], config, clips, effort))


def _measure_peak(job: dict[str, Any]) -> Any:
    return {"gmacs_per_s": timing.measure_peak()}


def _reference_labels(job: dict[str, Any]) -> Any:
    return {"labels": predictions.reference_labels(job["models"], Clips.from_json(job["clips"]))}


JOBS = {
    "measure_case": _measure_case,
    "classify_once": _classify_once,
    "measure_front_end": _measure_front_end,
    "measure_peak": _measure_peak,
    "reference_labels": _reference_labels,
}


def main() -> None:
    """Do the job; a GenrekitError is an answer too, everything else ends the process with a traceback."""
    # Engines print to standard output from C: only the answer may stand there.
    answer_to = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    job = json.load(sys.stdin)
    try:
        answer = JOBS[job["job"]](job)
    except GenrekitError as error:
        answer = {"error": str(error)}
    with answer_to:
        json.dump(answer, answer_to)


if __name__ == "__main__":
    main()
