"""Which class is taken for which: confusion matrices in the shape that a page shows. Pure functions."""

from __future__ import annotations

from typing import Any

from .columns import Row, by_model, name_of


def confusions(bench: dict[str, Any]) -> list[dict[str, Any]]:
    """For each model of the results its matrices, the most accurate first; files with equal matrices share one.

    Returns:
        Rows {"model", "matrices"}, with matrices {"names", "accuracy", "columns", "rows"}: rows {"true", "cells"} of
        cells (count, share of the true class in [0, 1]).
    """
    classes = bench["clips"]["classes"]
    models = [{"model": rows[0]["model"], "matrices": _matrices(rows, classes)} for rows in by_model(bench["results"])]
    return [model for model in models if model["matrices"]]


def _matrices(rows: list[Row], classes: list[str]) -> list[dict[str, Any]]:
    groups: list[list[Row]] = []
    scored = (row for row in rows if row.get("confusion") and row["accuracy"] is not None)
    for row in sorted(scored, key=lambda row: -row["accuracy"]):
        same = next((group for group in groups if group[0]["confusion"] == row["confusion"]), None)
        if same is None:
            groups.append([row])
        else:
            same.append(row)
    return [_matrix(group, classes) for group in groups]


def _matrix(rows: list[Row], classes: list[str]) -> dict[str, Any]:
    first = rows[0]
    return {
        "names": [name_of(row) for row in rows],
        "accuracy": first["accuracy"],
        "columns": first["confusion_labels"],
        "rows": [
            {"true": true, "cells": [(count, count / max(1, sum(counts))) for count in counts]}
            for true, counts in zip(classes, first["confusion"], strict=True)
        ],
    }
