"""What a bench was measured on, and how: names and values for page and Markdown."""

from __future__ import annotations

from typing import Any

from .columns import all_rows, clips_line, milliseconds, size, text

UNKNOWN = "not known"


def machine_facts(bench: dict[str, Any]) -> list[tuple[str, str]]:
    """All that the JSON tells of the machine and of the measuring."""
    machine = bench["machine"]
    return [
        ("Processor", f"{machine['cpu'] or UNKNOWN}, {machine['cores'] or '?'} cores"),
        ("Memory", size(machine["memory_bytes"]) if machine["memory_bytes"] else UNKNOWN),
        ("Peak", _peak(machine)),
        ("Throttling", _throttling(machine)),
        ("Frequency governor", text(machine["governor"]) if machine["governor"] else "none that the system tells of"),
        ("Other programs", _other_load(bench)),
        ("System", text(machine["os"])),
        ("Python", _python(machine)),
        ("Engines", ", ".join(f"{name} {version}" for name, version in machine["engines"].items()) or "none"),
        ("Clips", clips_line(bench)),
        ("Classes", ", ".join(bench["clips"]["classes"])),
        ("Measured", _effort(bench)),
    ]


def _peak(machine: dict[str, Any]) -> str:
    peaks = machine.get("peak_gmacs_per_s") or {}
    each = [f"{milliseconds(peak)} GMAC/s on {count} thread{'s' * (count != '1')}" for count, peak in peaks.items()]
    return f"{', '.join(each)}, of a float32 matrix product" if each else UNKNOWN


def _throttling(machine: dict[str, Any]) -> str:
    seen = machine.get("throttling")
    return UNKNOWN if seen is None else ", ".join(seen) or "none seen"


def _other_load(bench: dict[str, Any]) -> str:
    loads = [row["other_load_cores"] for row in all_rows(bench) if row.get("other_load_cores") is not None]
    return f"kept up to {max(loads):.2f} cores busy meanwhile" if loads else UNKNOWN


def _python(machine: dict[str, Any]) -> str:
    versions = {"": machine["python"], "numpy ": machine.get("numpy"), "genrekit ": machine.get("genrekit")}
    return ", ".join(f"{name}{version}" for name, version in versions.items() if version)


def _effort(bench: dict[str, Any]) -> str:
    effort = bench.get("effort")
    if not effort:
        return "every case in one process of its own"
    paced = f", and {effort['paced_runs']} paced pushes" if effort["paced_runs"] else ""
    return (
        f"{effort['rounds']} rounds in random order, every case in a fresh process in each; {effort['runs']} calls and "
        f"{effort['seconds']:g} s a case at least{paced}"
    )
