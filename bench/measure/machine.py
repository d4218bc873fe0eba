"""The machine that a measurement belongs to; what cannot be read is None."""

from __future__ import annotations

import dataclasses
import os
import platform
import shutil
import subprocess
from collections.abc import Collection
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from ...runtime import MfccConfig, front_end
from ...runtime.engines import ENGINES

# Source: Raspberry Pi documentation, vcgencmd get_throttled.
RASPBERRY_PI_STATES = ("under-voltage", "frequency capped", "throttled", "soft temperature limit reached")
RASPBERRY_PI_WHEN = {0: "now", 16: "since it was switched on"}  # the first bit of those states


@dataclasses.dataclass(frozen=True)
class MachineFacts:
    """The machine that something was measured on; None where the system does not report it.

    Attributes:
        cpu: name of the processor.
        cores: how many the system sees.
        memory_bytes: of the whole machine.
        governor: of the clock rate, as Linux calls it.
        os, python, numpy, genrekit: names and versions.
        engines: name of an installed engine -> its version.
        front_end: "native" or "numpy", whichever computed MFCC; "native and numpy" where some are of either.
        peak_gmacs_per_s: number of threads -> the most GMAC/s of a float32 matrix product.
        throttling: sentences of everything that slowed the processor down meanwhile; None where nobody looked.
    """

    cpu: str | None
    cores: int | None
    memory_bytes: int | None
    governor: str | None
    os: str
    python: str
    engines: dict[str, str]
    numpy: str | None = None
    genrekit: str | None = None
    front_end: str | None = None
    peak_gmacs_per_s: dict[str, float] = dataclasses.field(default_factory=dict)
    throttling: tuple[str, ...] | None = None


def describe_machine(configs: Collection[MfccConfig] = ()) -> MachineFacts:
    """This machine, before anything is measured; `configs` are the front ends that will be.

    Raises:
        ParameterError, Failure: as `front_end`.
    """
    cpuinfo = Path("/proc/cpuinfo")
    return MachineFacts(
        # An ARM kernel knows the board's name only.
        cpu=_value(cpuinfo, "model name") or _value(cpuinfo, "Model") or platform.processor() or None,
        cores=os.cpu_count(),
        memory_bytes=_bytes(Path("/proc/meminfo"), "MemTotal"),
        governor=_first_line(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")),
        os=platform.platform(),
        python=platform.python_version(),
        numpy=_version("numpy"),
        genrekit=_version("genrekit"),
        front_end=" and ".join(sorted({front_end(config) for config in configs or (None,)})),
        engines={name: version for name, spec in ENGINES.items() if (version := _version(spec.package))},
    )


class LoadMonitor:
    """What happens on the machine between two moments, besides what this process and its children do."""

    def __init__(self) -> None:
        self._begin = processor_ticks()
        self._throttled = _throttle_count()

    def other_load_cores(self) -> float | None:
        """How many cores others kept busy since the monitor began; None where the system does not report it."""
        end = processor_ticks()
        if self._begin is None or end is None or end.total <= self._begin.total:
            return None
        cores = os.cpu_count() or 1
        others = (end.busy - self._begin.busy) - (end.own - self._begin.own)
        return max(0.0, others / (end.total - self._begin.total) * cores)

    def throttling(self) -> tuple[str, ...]:
        """Sentences of everything that slowed the processor down since the monitor began."""
        bits = _raspberry_pi_bits()
        sentences = [
            f"{state} {when}"
            for first, when in RASPBERRY_PI_WHEN.items()
            for bit, state in enumerate(RASPBERRY_PI_STATES, first)
            if bits >> bit & 1
        ]
        if (count := _throttle_count() - self._throttled) > 0:
            sentences.append(f"the processor was throttled for its heat {count} times")
        return tuple(sentences)


class Ticks(NamedTuple):
    """Processor time in ticks: of all cores, idle or not; of all programs; of this process and its ended children."""

    total: float
    busy: float
    own: float


def processor_ticks() -> Ticks | None:
    """As /proc/stat has it (proc(5): user, nice, system, idle, iowait, irq, softirq, steal); None without it."""
    fields = _text(Path("/proc/stat")).partition("\n")[0].split()
    if len(fields) < 9 or fields[0] != "cpu":
        return None
    counts = [int(field) for field in fields[1:9]]
    own = sum(os.times()[:4]) * os.sysconf("SC_CLK_TCK")
    return Ticks(sum(counts), sum(counts) - counts[3] - counts[4], own)


def _throttle_count() -> int:
    """How often Linux saw cores throttled for their heat (x86)."""
    counters = Path("/sys/devices/system/cpu").glob("cpu[0-9]*/thermal_throttle/core_throttle_count")
    return sum(int(line) for path in counters if (line := _first_line(path)))


def _raspberry_pi_bits() -> int:
    """What `vcgencmd get_throttled` reports ("throttled=0x50005"); 0 elsewhere."""
    command = shutil.which("vcgencmd")
    if command is None:
        return 0
    try:
        reported = subprocess.run([command, "get_throttled"], capture_output=True, text=True, timeout=10, check=True)
        return int(reported.stdout.partition("=")[2], 16)
    except (OSError, ValueError, subprocess.SubprocessError):
        return 0


def peak_memory_bytes(process: int | None = None) -> int | None:
    """The most memory that this process, or another that runs, has had resident since it began.

    None where the system does not report it.

    Linux's VmHWM begins anew when a program starts; getrusage's ru_maxrss does not, and would report a large parent.
    """
    return _bytes(Path("/proc", "self" if process is None else str(process), "status"), "VmHWM")


def _bytes(path: Path, name: str) -> int | None:
    text = _value(path, name)  # "41244 kB"
    return int(text.split()[0]) * 1024 if text else None


def _value(path: Path, name: str) -> str | None:
    """The text after "name:" in a file of such lines."""
    for line in _text(path).splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip() or None
    return None


def _first_line(path: Path) -> str | None:
    return _text(path).partition("\n")[0].strip() or None


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
