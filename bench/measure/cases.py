"""What is measured: `Case`, one model file on one engine; `Effort`, how long; `Clips`, the audio all cases share."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

from ...runtime.errors import ParameterError


@dataclasses.dataclass(frozen=True)
class Case:
    """One row of the results.

    Attributes:
        path: a .tflite, .onnx or .keras file with genrekit's description.
        engine: name of the engine, or None for the one that the suffix stands for.
        threads: of the engine and of the front end, >= 1.
        front_end: genrekit, or librosa (the baseline).

    Raises:
        ParameterError: a value lies outside its range.
    """

    path: Path
    engine: str | None = None
    threads: int = 1
    front_end: str = "genrekit"

    def __post_init__(self) -> None:
        _require_at_least_one("threads", self.threads)

    def to_dict(self) -> dict[str, object]:
        """The fields as JSON takes them to another process."""
        return {**dataclasses.asdict(self), "path": str(self.path)}

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Case:
        """The inverse of `to_dict`."""
        return cls(**{**fields, "path": Path(fields["path"])})


@dataclasses.dataclass(frozen=True)
class Effort:
    """How long each case is measured, over all rounds.

    Attributes:
        runs: timed calls at least, >= 1; warm-up comes on top.
        seconds: that the timed calls last together at least, >= 0.
        rounds: fresh processes, in each of which a share of the calls is made, >= 1.
        paced_runs: pushes half a second apart, >= 0.

    Raises:
        ParameterError: a value lies outside its range.
    """

    runs: int = 100
    seconds: float = 1.0
    rounds: int = 5
    paced_runs: int = 10

    def __post_init__(self) -> None:
        for name in ("runs", "rounds"):
            _require_at_least_one(name, getattr(self, name))
        for name in ("seconds", "paced_runs"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ParameterError(f"{name}={getattr(self, name)}: expected 0 or more")

    def of_one_round(self) -> Effort:
        """What one of the rounds has to do."""
        calls, paced = -(-self.runs // self.rounds), -(-self.paced_runs // self.rounds)
        return Effort(calls, self.seconds / self.rounds, 1, paced)


def _require_at_least_one(name: str, value: int) -> None:
    if value < 1:
        raise ParameterError(f"{name}={value}: expected at least 1")
