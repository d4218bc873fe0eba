"""What a bench was measured on, and how: names and values for page and Markdown."""

from __future__ import annotations

from ..results.schema import Bench
from .format import count_of, size, three_digits

UNKNOWN = "not known"


def machine_facts(bench: Bench) -> list[tuple[str, str]]:
    """Names and values of all that is known of the machine and of the measuring."""
    machine = bench.machine
    return [
        ("Processor", f"{machine.cpu or UNKNOWN}, {machine.cores or '?'} cores"),
        ("Memory", size(machine.memory_bytes) if machine.memory_bytes else UNKNOWN),
        ("Peak", _peak(machine.peak_gmacs_per_s)),
        ("Throttling", UNKNOWN if machine.throttling is None else ", ".join(machine.throttling) or "none seen"),
        ("Frequency governor", machine.governor or "none that the system reports"),
        ("Other programs", _other_load(bench)),
        ("System", machine.os),
        ("Python", _python(bench)),
        ("Engines", ", ".join(f"{name} {version}" for name, version in machine.engines.items()) or "none"),
        ("Clips", str(bench.clips)),
        ("Classes", ", ".join(bench.clips.classes)),
        ("Measured", _effort(bench)),
    ]


def _peak(peaks: dict[str, float]) -> str:
    each = [f"{three_digits(peak)} GMAC/s on {count_of(count, 'thread')}" for count, peak in peaks.items()]
    return f"{', '.join(each)}, of a float32 matrix product" if each else UNKNOWN


def _other_load(bench: Bench) -> str:
    loads = [row.other_load_cores for row in bench.rows if row.other_load_cores is not None]
    return f"kept up to {max(loads):.2f} cores busy meanwhile" if loads else UNKNOWN


def _python(bench: Bench) -> str:
    machine = bench.machine
    versions = {"": machine.python, "numpy ": machine.numpy, "genrekit ": machine.genrekit}
    return ", ".join(f"{name}{version}" for name, version in versions.items() if version)


def _effort(bench: Bench) -> str:
    effort = bench.effort
    if effort is None:
        return UNKNOWN
    paced = f", and {effort.paced_calls} paced pushes" if effort.paced_calls else ""
    return (
        f"{effort.rounds} rounds in random order, every case in a fresh process in each; {effort.calls} calls and "
        f"{effort.seconds:g} s a case at least{paced}"
    )
