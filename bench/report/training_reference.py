"""What an epoch of training takes, beside what the paper tells of its own."""

from __future__ import annotations

from typing import Any

# Khamees, Hejazi, Alshurideh and Salloum. They tell one figure for both multi-sequential models: it stands by mlp.
MACHINE = "i7-8550U"
SEGMENTS = 6400
SECONDS_PER_EPOCH = {"mlp": 1, "cnn": 18, "lstm": 28}


def beside_the_paper(bench: dict[str, Any]) -> list[dict[str, Any]]:
    """Seconds an epoch and milliseconds a clip of training, which corpora of other sizes can be compared by.

    Returns:
        Rows {"model", "seconds", "segments", "ms", "paper_seconds", "paper_ms", "source"}; None where it is not known.
    """
    return [
        {
            "model": row["model"],
            "seconds": row["seconds_per_epoch"],
            "segments": row.get("segments"),
            "ms": milliseconds_a_clip(row["seconds_per_epoch"], row.get("segments")),
            "paper_seconds": (seconds := SECONDS_PER_EPOCH.get(row["model"])),
            "paper_ms": milliseconds_a_clip(seconds, SEGMENTS),
            "source": row.get("source"),
        }
        for row in bench["training"]
    ]


def milliseconds_a_clip(seconds: float | None, segments: int | None) -> float | None:
    """What a clip of an epoch takes in training; None where one of the two is not known."""
    return 1000 * seconds / segments if seconds is not None and segments else None
