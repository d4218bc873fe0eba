"""The small types that rows and benches hold: times, ratios, warnings, recommendations."""

from __future__ import annotations

import dataclasses

from ...runtime.errors import ParameterError

NO_DIFFERENCE, SLOWER, FASTER = "no difference", "slower", "faster"
ROUNDS, CALLS = "rounds", "calls"


@dataclasses.dataclass(frozen=True)
class TimeSummary:
    """Times of one kind, in milliseconds, as `stats.summary` makes them; each is above 0, or else ParameterError.

    Attributes:
        p50, p90, p99, mean: over the calls of all rounds.
        iqr: interquartile range.
        n: calls.
        raw: every call, round after round.
        round_n: calls of each round.
        round_p50: median of each round.
    """

    p50: float
    p90: float
    p99: float
    mean: float
    iqr: float
    n: int
    raw: tuple[float, ...]
    round_n: tuple[int, ...]
    round_p50: tuple[float, ...]

    def __post_init__(self) -> None:
        for name in ("p50", "p90", "p99", "mean", "n"):
            require_above_zero(name, getattr(self, name))
        for name in ("raw", "round_p50"):
            values = getattr(self, name)
            if not values:
                raise ParameterError(f"{name}=[]: expected a list of at least 1")
            if not min(values) > 0:
                require_above_zero(f"{name}[{values.index(min(values))}]", min(values))


@dataclasses.dataclass(frozen=True)
class Ratio:
    """How much longer one thing takes than another.

    Attributes:
        ratio: of their times, > 0; raises ParameterError otherwise.
        low, high: ends of its 95 % interval, > 0 as well.
        verdict: NO_DIFFERENCE where the interval holds 1, SLOWER or FASTER otherwise.
        basis: ROUNDS, or CALLS of single processes, which make the interval too narrow.
    """

    ratio: float
    low: float
    high: float
    verdict: str
    basis: str

    def __post_init__(self) -> None:
        for name in ("ratio", "low", "high"):
            require_above_zero(name, getattr(self, name))


@dataclasses.dataclass(frozen=True)
class PairRatio(Ratio):
    """The ratio of the row at index `first` to the one at `second`, of results and baselines in one sequence."""

    first: int
    second: int


@dataclasses.dataclass(frozen=True)
class BenchWarning:
    """A reason not to trust a figure: a word for programs, and for people the numbers and what to do."""

    kind: str
    text: str


@dataclasses.dataclass(frozen=True)
class Recommendation:
    """Which file to take for a goal, and how sure that is.

    Attributes:
        goal: "smallest", "fastest", "most accurate" or "best on the front".
        case: name of the row.
        index: of the row, in the results.
        others: how many other files took part.
        similar: how many of them are as good, as far as can be said: not measurably slower, with an interval of the
            accuracy that overlaps, or on the front as well.
        basis: of the ratios that say so, if they do.
    """

    goal: str
    case: str
    index: int
    others: int = 0
    similar: int = 0
    basis: str | None = None


def require_above_zero(name: str, value: float) -> None:
    """Raise ParameterError where `value`, of the field `name`, is not above 0."""
    if not value > 0:
        raise ParameterError(f"{name}={value}: expected a number above 0")
