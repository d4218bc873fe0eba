"""Lines about a bench as a whole: what it was measured on and how, what failed, what to be warned of."""

from __future__ import annotations

from ..results.schema import Bench
from .format import size, text, three_digits

UNKNOWN = "not known"


def machine_line(bench: Bench) -> str:
    """Where it was measured, in one line."""
    machine = bench.machine
    front_end = f", front end {machine.front_end}" if machine.front_end else ""
    return (
        f"{text(machine.cpu)}, {text(machine.cores)} cores, {size(machine.memory_bytes)}, Python {machine.python}, "
        f"{machine.os}{front_end}"
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
        some = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
        warned.append(f"{kind} ({_who(names, bench, some)}): {next(iter(texts))}")
    return [*filter(None, [incomplete_line(bench)]), *failures(bench), *warned]


def warning_lines(bench: Bench) -> list[str]:
    """Every warning, with the names of all rows that have it."""
    return [
        f"{kind}: {warning} ({_who(names, bench, ', '.join(names))})"
        for kind, texts in warning_groups(bench).items()
        for warning, names in texts.items()
    ]


def _who(names: list[str], bench: Bench, shown: str) -> str:
    return "every row" if len(names) == measured_count(bench) else shown


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


def machine_facts(bench: Bench) -> list[tuple[str, str]]:
    """Names and values of all that is known of the machine and of the measuring."""
    machine = bench.machine
    versions = {"": machine.python, "numpy ": machine.numpy, "genrekit ": machine.genrekit}
    peaks = [
        f"{three_digits(peak)} GMAC/s on {'1 thread' if count == '1' else f'{count} threads'}"
        for count, peak in machine.peak_gmacs_per_s.items()
    ]
    loads = [row.other_load_cores for row in bench.rows if row.other_load_cores is not None]
    return [
        ("Processor", f"{machine.cpu or UNKNOWN}, {machine.cores or '?'} cores"),
        ("Memory", size(machine.memory_bytes) if machine.memory_bytes else UNKNOWN),
        ("Peak", f"{', '.join(peaks)}, of a float32 matrix product" if peaks else UNKNOWN),
        ("Throttling", UNKNOWN if machine.throttling is None else ", ".join(machine.throttling) or "none seen"),
        ("Frequency governor", machine.governor or "none that the system reports"),
        ("Other programs", f"kept up to {max(loads):.2f} cores busy meanwhile" if loads else UNKNOWN),
        ("System", machine.os),
        ("Python", ", ".join(f"{name}{version}" for name, version in versions.items() if version)),
        ("Front end", machine.front_end or UNKNOWN),
        ("Engines", ", ".join(f"{name} {version}" for name, version in machine.engines.items()) or "none"),
        ("Clips", str(bench.clips)),
        ("Classes", ", ".join(bench.clips.classes)),
        ("Measured", _effort(bench)),
    ]


def _effort(bench: Bench) -> str:
    effort = bench.effort
    if effort is None:
        return UNKNOWN
    paced = f", and {effort.paced_calls} paced pushes" if effort.paced_calls else ""
    return (
        f"{effort.rounds} rounds in random order, every case in a fresh process in each; {effort.calls} calls and "
        f"{effort.seconds:g} s a case at least{paced}"
    )
