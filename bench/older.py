"""Results of older versions with all keys of today's, so that whatever shows them need not ask."""

from __future__ import annotations

from typing import Any

from ..runtime.util.proportions import wilson_interval
from .report.columns import is_complete
from .report.relative_times import BESIDE_TIMES
from .results.build import MEASURED
from .results.ratios import pairwise
from .results.recommend import recommendations
from .results.store import TIMES


def completed(bench: dict[str, Any]) -> dict[str, Any]:
    """`bench` (from `store.read_json`) with what it lacks: None, or computed where its own figures suffice."""
    count = bench["clips"]["count"]
    whole = {"effort": None, "interrupted": False, "training": [], **bench, "complete": is_complete(bench)}
    whole["results"] = [_completed_row(row, count) for row in bench["results"]]
    whole["baselines"] = [_completed_row(row, count) for row in bench["baselines"]]
    rows = [*whole["results"], *whole["baselines"]]
    whole["ratios"] = bench.get("ratios") or {name: pairwise(rows, name) for name in BESIDE_TIMES}
    whole["recommendations"] = bench.get("recommendations") or recommendations(whole)
    return whole


def _completed_row(row: dict[str, Any], clips: int) -> dict[str, Any]:
    whole = {**dict.fromkeys((*MEASURED, "parameters", "recipe")), "trained_on_demo": False, "warnings": [], **row}
    for name in TIMES:
        if whole[name]:
            whole[name] = {**_one_round(whole[name]), **whole[name]}
    if whole["accuracy"] is not None and whole["accuracy_interval"] is None:
        whole["accuracy_interval"] = wilson_interval(whole["accuracy"], clips)
    return whole


def _one_round(times: dict[str, Any]) -> dict[str, Any]:
    """Before there were rounds, all calls were made in one process."""
    return {"round_n": [times["n"]], "round_p50": [times["p50"]]}
