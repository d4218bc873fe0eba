"""The machine that a measurement belongs to; what cannot be read is None."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

ENGINES = {
    "litert": "ai-edge-litert",
    "tflite-runtime": "tflite-runtime",
    "onnx": "onnxruntime",
    "micro": "tflite-micro",
    "keras": "keras",
}


def describe_machine() -> dict[str, Any]:
    """The "machine" block of a bench file: processor, memory in bytes, frequency governor, system, versions."""
    return {
        "cpu": _processor(),
        "cores": os.cpu_count(),
        "memory_bytes": _memory_bytes(),
        "governor": _first_line(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")),
        "os": platform.platform(),
        "python": platform.python_version(),
        "numpy": _version("numpy"),
        "engines": {name: version for name, package in ENGINES.items() if (version := _version(package))},
    }


def _processor() -> str | None:
    """Name of the processor: an ARM kernel tells the board's name only."""
    return (
        _value(Path("/proc/cpuinfo"), "model name")
        or _value(Path("/proc/cpuinfo"), "Model")
        or platform.processor()
        or None
    )


def _memory_bytes() -> int | None:
    text = _value(Path("/proc/meminfo"), "MemTotal")  # "16316412 kB"
    return int(text.split()[0]) * 1024 if text else None


def peak_memory_bytes() -> int | None:
    """The most memory that this process has had resident since it began; None where the system does not tell.

    Linux's VmHWM begins anew when a program starts; getrusage's ru_maxrss does not, and would report a large parent.
    """
    text = _value(Path("/proc/self/status"), "VmHWM")  # "41244 kB"
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
