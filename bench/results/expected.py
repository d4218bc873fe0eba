"""What saved results must hold, because tables and comparisons use it: whoever wrote them, the first fault is named."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

SHOWN = 60  # characters of a wrong value


@dataclasses.dataclass(frozen=True)
class Value:
    """A single value.

    Attributes:
        words: what is expected.
        test: whether a value is that.
    """

    words: str
    test: Callable[[Any], bool]


@dataclasses.dataclass(frozen=True)
class Maybe:
    """What may be null, as a figure that was not measured.

    Attributes:
        expected: otherwise.
        missing: whether the key may be missing, too: older versions did not write it.
    """

    expected: Any
    missing: bool = False


@dataclasses.dataclass(frozen=True)
class Items:
    """A list.

    Attributes:
        expected: each of them.
        least: how many there must be.
    """

    expected: Any
    least: int = 0


def _newer(expected: Any) -> Maybe:
    return Maybe(expected, missing=True)


def _is_number(value: Any) -> bool:
    """A whole number may be too large for any sum."""
    try:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


TEXT = Value("a text", lambda value: isinstance(value, str))
FLAG = Value("true or false", lambda value: isinstance(value, bool))
NUMBER = Value("a finite number", _is_number)
COUNT = Value("a whole number from 1 on", lambda value: _is_number(value) and isinstance(value, int) and value > 0)
POSITIVE = Value("a number above 0", lambda value: _is_number(value) and value > 0)

TIMES = {
    **dict.fromkeys(("p50", "p90", "p99", "mean"), POSITIVE),
    "iqr": NUMBER,
    "n": COUNT,
    "raw": Items(POSITIVE, least=1),
    **dict.fromkeys(("round_p50", "round_n"), _newer(Items(POSITIVE))),
}
ROW = {
    "file": TEXT,
    "threads": COUNT,
    "front_end": TEXT,
    **dict.fromkeys(("model", "format", "precision", "engine"), Maybe(TEXT)),
    **dict.fromkeys(("front_end_ms", "model_ms", "clip_ms"), Maybe(TIMES)),
    **dict.fromkeys(("stream_ms", "paced_ms"), _newer(TIMES)),
    **dict.fromkeys(("bytes", "accuracy", "agreement", "macs"), Maybe(NUMBER)),
    **dict.fromkeys(("calibration_error", "peak_rss_bytes", "real_time_factor", "gmacs_per_s"), _newer(NUMBER)),
    **dict.fromkeys(("load_ms", "first_call_ms", "cold_start_ms", "peak_share", "other_load_cores"), _newer(NUMBER)),
    "accuracy_interval": _newer(Items(NUMBER, least=2)),
    "confusion": _newer(Items(Items(NUMBER))),
    "confusion_labels": _newer(Items(TEXT)),
    "warnings": Items({"kind": TEXT, "text": TEXT}),
    **dict.fromkeys(("recipe", "error"), _newer(TEXT)),
}
RATIO = {"ratio": NUMBER, "low": NUMBER, "high": NUMBER, "first": NUMBER, "second": NUMBER, "verdict": TEXT}
BENCH = {
    "created": TEXT,
    "machine": {
        **dict.fromkeys(("cpu", "governor", "os", "python"), Maybe(TEXT)),
        **dict.fromkeys(("numpy", "genrekit"), _newer(TEXT)),
        **dict.fromkeys(("cores", "memory_bytes"), Maybe(NUMBER)),
        "engines": {},
        "throttling": _newer(Items(TEXT)),
    },
    "clips": {"count": COUNT, "window_ms": POSITIVE, "classes": Items(TEXT), "split": TEXT, "demo": FLAG},
    "effort": _newer(dict.fromkeys(("runs", "seconds", "rounds", "paced_runs"), NUMBER)),
    **dict.fromkeys(("complete", "interrupted"), _newer(FLAG)),
    "results": Items(ROW),
    "baselines": Items(ROW),
    "ratios": _newer(dict.fromkeys(("clip_ms", "model_ms", "front_end_ms"), _newer(Items(RATIO)))),
    "recommendations": _newer(Items({"goal": TEXT, "text": TEXT})),
    "training": _newer(Items({"model": TEXT, "seconds_per_epoch": Maybe(NUMBER), "segments": _newer(NUMBER)})),
}


def require_results(bench: dict[str, Any]) -> None:
    """Raise ValueError, which names the key as ``results[0].clip_ms.p50=value``, unless `bench` can be shown."""
    _require(bench, BENCH, "")
    _require_numbers(bench, "")


def _require(value: Any, expected: Any, key: str) -> None:
    if isinstance(expected, Maybe):
        if value is not None:
            _require(value, expected.expected, key)
    elif isinstance(expected, Items):
        if not isinstance(value, list) or len(value) < expected.least:
            raise _wrong(key, value, f"a list of at least {expected.least}" if expected.least else "a list")
        for place, item in enumerate(value):
            _require(item, expected.expected, f"{key}[{place}]")
    elif isinstance(expected, dict):
        if not isinstance(value, dict):
            raise _wrong(key, value, "an object")
        for name, inner in expected.items():
            if name in value:
                _require(value[name], inner, _joined(key, name))
            elif not (isinstance(inner, Maybe) and inner.missing):
                raise ValueError(f"{_joined(key, name)} is missing")
    elif not expected.test(value):
        raise _wrong(key, value, expected.words)


def _require_numbers(value: Any, key: str) -> None:
    """Also those that nobody uses yet: whoever wrote NaN was mistaken about more."""
    if isinstance(value, dict):
        for name, inner in value.items():
            _require_numbers(inner, _joined(key, name))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            _require_numbers(item, f"{key}[{place}]")
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and not _is_number(value):
        raise _wrong(key, value, NUMBER.words)


def _joined(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _wrong(key: str, value: Any, words: str) -> ValueError:
    shown = repr(value)
    return ValueError(f"{key}={shown if len(shown) <= SHOWN else shown[:SHOWN] + '...'}: expected {words}")
