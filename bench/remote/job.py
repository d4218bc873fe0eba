"""A plan as a folder that another machine can measure: job.json, the model files and the clips.

::

    job.json            the plan; paths are relative to the folder
    models/0/cnn.onnx   each file, folder of C or program in a folder of its own, because two may have one name
    clips/              samples.npy, labels.npy, clip.wav

``python -m genrekit.bench.remote.job JOB-FOLDER ROUNDS.json`` measures it: each step is a line of JSON on standard
error, {"done", "total", "what"}. An interrupt (SIGINT) keeps what was measured.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from ...runtime.errors import GenrekitError, MissingFileError, ParameterError
from ...runtime.modelfile.description import KERAS_DESCRIPTION, C
from ...runtime.modelfile.reader import format_by_name
from ...runtime.util.atomic import write_text
from ..measure.c_program import copy_sources
from ..measure.jsonable import as_json, from_json
from ..measure.plan import BenchPlan, Case, RawBench
from ..measure.rounds import Progress, measure_rounds, no_progress

DESCRIPTION = "job.json"
CLIPS = Path("clips")
SCHEMA = 3


def write_job(folder: Path, plan: BenchPlan) -> dict[str, Path]:
    """Write `plan` into `folder` with all that it names: relative path of each model file there -> where it was.

    A file that does not exist is left out: its case becomes a row that says so, as everywhere.
    """
    paths = dict.fromkeys(path for case in plan.all_cases for path in (case.path, case.program) if path)
    names = {path: Path("models", str(index), path.name) for index, path in enumerate(paths)}
    for path, name in names.items():
        _copy(path, folder / name)
    # The machine that measures computes its own features: those of this one may stand beside the samples.
    shutil.copytree(plan.clips.folder, folder / CLIPS, ignore=shutil.ignore_patterns("features-*"))
    content = {"schema": SCHEMA, "plan": as_json(_moved(plan, CLIPS, names.__getitem__))}
    (folder / DESCRIPTION).write_text(json.dumps(content, indent=1))
    return {str(name): path for path, name in names.items()}


def _copy(path: Path, to: Path) -> None:
    """Copy a model, with the description that stands beside it, or a program, which stays one."""
    to.parent.mkdir(parents=True)
    if (file_format := format_by_name(path)) == C:
        copy_sources(path, to)
        return
    described = [path.with_name(KERAS_DESCRIPTION)] if file_format == "keras" else []
    for source in filter(Path.is_file, [path, *described]):
        shutil.copy(source, to.with_name(source.name))


def run_job(folder: Path, save_to: Path, progress: Progress = no_progress) -> None:
    """Measure the plan in `folder`, as `read_job` has it; raw rounds are written to `save_to` after each step."""

    def save(raw: RawBench) -> None:
        write_text(save_to, json.dumps(as_json(raw), allow_nan=False))

    save(measure_rounds(read_job(folder), progress=progress, save=save))


def read_job(folder: Path) -> BenchPlan:
    """The plan in `folder`, with the paths that its files have there.

    Raises:
        MissingFileError, ParameterError: there is no job in `folder`, or one of another version of genrekit.
    """
    path = folder / DESCRIPTION
    try:
        job = json.loads(path.read_bytes())
    except OSError as error:
        raise MissingFileError(f"{path}: expected the description of a job, but it cannot be read") from error
    if job.get("schema") != SCHEMA:
        raise ParameterError(
            f"{path}: schema={job.get('schema')}: expected {SCHEMA}; install the genrekit that wrote the job"
        )
    return _moved(from_json(BenchPlan, job["plan"]), folder / CLIPS, lambda path: folder / path)


def _moved(plan: BenchPlan, clips: Path, relocated: Callable[[Path], Path]) -> BenchPlan:
    """`plan` with other paths."""

    def moved(case: Case) -> Case:
        program = relocated(case.program) if case.program else None
        return dataclasses.replace(case, path=relocated(case.path), program=program)

    return dataclasses.replace(
        plan,
        cases=tuple(map(moved, plan.cases)),
        baselines=tuple(map(moved, plan.baselines)),
        clips=dataclasses.replace(plan.clips, folder=clips),
    )


def _report(done: int, total: int, what: str) -> None:
    print(json.dumps({"done": done, "total": total, "what": what}), file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        run_job(Path(sys.argv[1]), Path(sys.argv[2]), _report)
    except GenrekitError as error:
        sys.exit(str(error))
