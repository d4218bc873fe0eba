"""What stands in a run folder before a training: nothing, this run begun or finished, or another one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...runtime.errors import CorpusError
from .checkpoint import Checkpoint
from .run_folder import METRICS, MODEL, read_metrics, require_whole
from .spec import Metrics

ADVICE = "name another folder, or start anew: remove this one, or train with --restart"


def finished_metrics(folder: Path, settings: dict[str, Any]) -> Metrics | None:
    """The metrics of the finished run of these settings in `folder`; None where there is none.

    Raises CorpusError for other settings or a model of unknown origin, ModelFileError where a file is damaged.
    """
    if (folder / METRICS).is_file():
        metrics = read_metrics(folder)
        _require_same(folder, "a finished run", metrics.settings, settings)
        require_whole(folder)
        return metrics
    if (folder / MODEL).is_file() and not Checkpoint(folder, settings).found():
        raise CorpusError(
            f"{folder}: expected an empty folder or this run, found a {MODEL} without {METRICS}; {ADVICE}"
        )
    return None


def unfinished_epochs(folder: Path, checkpoint: Checkpoint, settings: dict[str, Any]) -> int:
    """Epochs that an interrupted run of these settings has done in `folder`; raises CorpusError where it is another."""
    found = checkpoint.found()
    if found is None:
        return 0
    stored, history = found
    _require_same(folder, "an unfinished run", stored, settings)
    return len(history)


def discard(folder: Path, checkpoint: Checkpoint) -> None:
    """Forget the run in `folder`: without metrics and checkpoint it neither counts as finished nor continues."""
    (folder / METRICS).unlink(missing_ok=True)
    checkpoint.remove()
    (folder / MODEL).unlink(missing_ok=True)


def _require_same(folder: Path, what: str, found: dict[str, Any], requested: dict[str, Any]) -> None:
    if found == requested:
        return
    old, new = _flat(found), _flat(requested)
    differing = [name for name in new if old.get(name) != new[name]]
    if "recipe" in differing:  # from which its settings follow
        differing = [name for name in differing if name not in requested["recipe"]]
    if requested["front_end"].keys() & set(differing):  # from which follow the segments that the parts consist of
        differing = [name for name in differing if name != "parts"]
    named = []
    for name in differing:
        values = f"{_short(old.get(name))}, not {_short(new[name])}"
        named.append(f"{name} ({values})" if len(values) <= 60 else name)
    raise CorpusError(
        f"{folder}: expected an empty folder or this run, found {what} of another {', '.join(named)}; {ADVICE}"
    )


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings, those of the front end and of the recipe one by one."""
    others = {name: value for name, value in settings.items() if name != "front_end"}
    own, front_end = (_object(settings.get(name)) for name in ("recipe", "front_end"))
    return {**others, "recipe": own.pop("name", None), **front_end, **own}


def _object(value: Any) -> dict[str, Any]:
    """A copy of `value`; of what no run of ours wrote an empty one, which differs from any."""
    return dict(value) if isinstance(value, dict) else {}


def _short(value: Any) -> str:
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)
