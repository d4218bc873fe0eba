"""A bench on this machine: measured, summarised, and saved after each step."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..runtime.errors import GenrekitError
from .measure.clips import Clips
from .measure.plan import BenchPlan, Case, RawBench
from .measure.predictions import reference_labels
from .measure.processes import run_worker
from .measure.rounds import Progress, measure_rounds, no_progress
from .results import build, store
from .results.schema import Bench


def run_bench(plan: BenchPlan, *, progress: Progress = no_progress, save_to: Path | None = None) -> Bench:
    """Measure what `plan` says, in rounds of fresh processes.

    A case that fails becomes a row with an error; the others go on. Ctrl-C ends the bench early: what was measured is
    in the results, which are interrupted and not complete.

    Args:
        plan: what to measure.
        progress: called before each step.
        save_to: JSON file; until the end, what was measured is saved after each step beside it (`store.partial_path`).

    Raises:
        OutputError: `save_to` cannot be written, or another bench writes it; checked before anything is measured.
    """
    with store.sole_bench(save_to):
        save = store.saver(save_to)
        blanks = build.blank_rows(plan)

        def save_so_far(raw: RawBench) -> None:
            if save_to:
                save(build.summarize(plan, blanks, raw).to_json())

        bench = build.summarize(plan, blanks, measure_rounds(plan, progress=progress, save=save_so_far))
        save(bench.to_json())
    return bench


def keras_labels(references: Mapping[str, Path], clips: Clips) -> dict[str, list[str] | str]:
    """What each Keras model (name -> model.keras) predicts for the clips, or the sentence that says why it cannot."""
    if not references:
        return {}
    try:
        return run_worker(reference_labels, models=references, clips=clips)
    except GenrekitError as error:
        return dict.fromkeys(references, str(error))


def baseline_cases(references: Mapping[str, Path]) -> tuple[Case, ...]:
    """Each model.keras as Keras runs it, with librosa's front end."""
    return tuple(Case(path, engine="keras", front_end="librosa") for path in references.values())
