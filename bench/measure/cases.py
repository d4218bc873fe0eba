"""What is measured: `Case`, one model file on one engine, and `Effort`, how long."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

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
        _require_at_least("threads", self.threads, 1)


@dataclasses.dataclass(frozen=True)
class Effort:
    """How long each case is measured, over all rounds.

    Attributes:
        calls: timed calls at least, >= 1; warm-up comes on top.
        seconds: that the timed calls last together at least, >= 0.
        rounds: fresh processes, in each of which a part of the calls is made, >= 1.
        paced_calls: pushes half a second apart, >= 0.

    Raises:
        ParameterError: a value lies outside its range.
    """

    calls: int = 100
    seconds: float = 1.0
    rounds: int = 5
    paced_calls: int = 10

    def __post_init__(self) -> None:
        _require_at_least("calls", self.calls, 1)
        _require_at_least("rounds", self.rounds, 1)
        _require_at_least("seconds", self.seconds, 0)
        _require_at_least("paced_calls", self.paced_calls, 0)

    def of_one_round(self) -> Effort:
        """What one of the rounds has to do."""
        calls = math.ceil(self.calls / self.rounds)
        return Effort(calls, self.seconds / self.rounds, 1, math.ceil(self.paced_calls / self.rounds))


def _require_at_least(name: str, value: float, least: int) -> None:
    if not least <= value < math.inf:
        raise ParameterError(f"{name}={value}: expected {'at least 1' if least else '0 or more'}")
