"""Sentences about a bench as a whole: where it was measured, what failed, what to be warned of."""

from __future__ import annotations

from ..results.schema import Bench
from .format import size, text


def machine_line(bench: Bench) -> str:
    """Where it was measured, in one line."""
    machine = bench.machine
    return (
        f"{text(machine.cpu)}, {text(machine.cores)} cores, {size(machine.memory_bytes)}, Python {machine.python}, "
        f"{machine.os}"
    )


def incomplete_line(bench: Bench) -> str:
    """A sentence where a bench did not come to its end; else nothing."""
    if bench.complete:
        return ""
    return "Incomplete: the bench did not come to its end; the figures are of what it had measured."


def failures(bench: Bench) -> list[str]:
    """Name and error of each row that could not be measured."""
    return [f"{row.name}: {row.error}" for row in bench.failures]


def notes(bench: Bench) -> list[str]:
    """That it is incomplete; failures; a line for each kind of warning: its first text, and how many rows have it."""
    warned = []
    for kind, texts in warning_groups(bench).items():
        names = [name for concerned in texts.values() for name in concerned]
        warned.append(f"{kind} ({_who(names, bench)}): {next(iter(texts))}")
    return [*filter(None, [incomplete_line(bench)]), *failures(bench), *warned]


def warning_lines(bench: Bench) -> list[str]:
    """Every warning, with the names of all rows that have it."""
    return [
        f"{kind}: {warning} ({'every row' if len(names) == measured_count(bench) else ', '.join(names)})"
        for kind, texts in warning_groups(bench).items()
        for warning, names in texts.items()
    ]


def _who(names: list[str], bench: Bench) -> str:
    if len(names) == measured_count(bench):
        return "every row"
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def measured_count(bench: Bench) -> int:
    """How many rows were measured."""
    return len(bench.rows) - len(bench.failures)


def warning_groups(bench: Bench) -> dict[str, dict[str, list[str]]]:
    """Kind of warning -> text -> names of the rows that have it."""
    groups: dict[str, dict[str, list[str]]] = {}
    for row in bench.rows:
        for warning in row.warnings:
            groups.setdefault(warning.kind, {}).setdefault(warning.text, []).append(row.name)
    return groups
