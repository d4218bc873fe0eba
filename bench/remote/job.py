"""A bench as a folder that another machine can measure: job.json, the model files and the clips.

::

    job.json            cases, reference labels, effort; paths are relative to the folder
    models/0/cnn.onnx   each file in a folder of its own, because two may have one name
    clips/              samples.npy, labels.npy, clip.wav
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...runtime import MfccConfig
from ...runtime.errors import MissingFileError, ParameterError
from ...runtime.modelfile.description import KERAS_DESCRIPTION, SUFFIXES
from ..measure.cases import Case, Effort
from ..measure.clips import Clips
from ..run import Progress, run_bench, run_front_end

DESCRIPTION = "job.json"
SCHEMA = 1


def write_bench_job(
    folder: Path,
    cases: Sequence[Case],
    clips: Clips,
    reference_labels: Mapping[str, list[str] | str] | None = None,
    *,
    baselines: Sequence[Case] = (),
    effort: Effort = Effort(),  # noqa: B008 (frozen)
    training: Sequence[dict[str, Any]] = (),
) -> dict[str, Path]:
    """Write what `run_bench` is given into `folder`.

    A file that does not exist is left out: its case becomes a row that says so, as everywhere.

    Returns:
        Relative path of each model file in `folder` -> where it was.
    """
    names = _names(case.path for case in [*cases, *baselines])
    for path, name in names.items():
        _copy_model(path, folder / name)
    content = {
        "cases": [_moved(case, names) for case in cases],
        "baselines": [_moved(case, names) for case in baselines],
        "reference_labels": dict(reference_labels or {}),
        "training": list(training),
    }
    _write(folder, "bench", clips, effort, content)
    return {name: path for path, name in names.items()}


def write_front_end_job(
    folder: Path,
    clips: Clips,
    config: MfccConfig,
    *,
    threads: int = 1,
    effort: Effort = Effort(),  # noqa: B008 (frozen)
) -> dict[str, Path]:
    """Write what `run_front_end` is given into `folder`; there are no model files, so that the result is empty."""
    _write(folder, "front end", clips, effort, {"config": config.to_dict(), "threads": threads})
    return {}


def run_job(folder: Path, save_to: Path, progress: Progress | None = None) -> dict[str, Any]:
    """Do the job in `folder`; the bench JSON, which is saved to `save_to` after each step.

    Raises:
        MissingFileError, ParameterError: there is no job in `folder`, or one of another version of genrekit.
        OutputError: `save_to` cannot be written.
    """
    job = _read(folder)
    clips = dataclasses.replace(Clips.from_dict(job["clips"]), folder=folder / job["clips"]["folder"])
    common = {"effort": Effort(**job["effort"]), "progress": progress, "save_to": save_to}
    if job["job"] == "front end":
        return run_front_end(clips, MfccConfig.from_dict(job["config"]), threads=job["threads"], **common)
    cases, baselines = ([_case(folder, fields) for fields in job[name]] for name in ("cases", "baselines"))
    labels, training = job["reference_labels"], job["training"]
    return run_bench(cases, clips, labels, baselines=baselines, training=training, **common)


def _names(paths: Iterable[Path]) -> dict[Path, str]:
    """A relative name for each path, the same for the same path."""
    return {path: f"models/{place}/{path.name}" for place, path in enumerate(dict.fromkeys(paths))}


def _copy_model(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True)
    described = path.with_name(KERAS_DESCRIPTION)
    for source in (path, *([described] if SUFFIXES.get(path.suffix) == "keras" else [])):
        if source.is_file():
            shutil.copyfile(source, target.with_name(source.name))


def _moved(case: Case, names: Mapping[Path, str]) -> dict[str, object]:
    return {**case.to_dict(), "path": names[case.path]}


def _case(folder: Path, fields: dict[str, Any]) -> Case:
    return Case.from_dict({**fields, "path": folder / fields["path"]})


def _write(folder: Path, name: str, clips: Clips, effort: Effort, content: dict[str, Any]) -> None:
    # The machine that measures computes its own features: those of this one may stand beside the samples.
    shutil.copytree(clips.folder, folder / "clips", ignore=shutil.ignore_patterns("features-*"))
    job = {
        "schema": SCHEMA,
        "job": name,
        "clips": {**clips.to_dict(), "folder": "clips"},
        "effort": dataclasses.asdict(effort),
        **content,
    }
    (folder / DESCRIPTION).write_text(json.dumps(job, indent=1))


def _read(folder: Path) -> dict[str, Any]:
    path = folder / DESCRIPTION
    try:
        job = json.loads(path.read_bytes())
    except OSError as error:
        raise MissingFileError(f"{path}: expected the description of a job, but it cannot be read") from error
    if job.get("schema") != SCHEMA:
        raise ParameterError(
            f"{path}: schema={job.get('schema')}: expected {SCHEMA}; install the genrekit that wrote the job"
        )
    return job
