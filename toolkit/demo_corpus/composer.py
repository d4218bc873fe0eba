"""One track of the demo corpus, from its genre, number, length and seed."""

from __future__ import annotations

import numpy as np

from ...runtime.errors import ParameterError
from .mixing import mix_down
from .performance import Performance
from .plan import plan_track
from .styles import STYLES
from .synthesis import SAMPLE_RATE

GENRES: tuple[str, ...] = tuple(STYLES)
SECONDS_RANGE = (1, 600)
CROSSOVER_PERIOD = 16  # one track in so many is a crossover ...
CROSSOVER_STEP = 5  # ... in each genre at another number, so that hardly a split has none to test on ...
CROSSOVER_PHASE = 7  # ... and in none is it the first, which people listen to


def compose(genre: str, index: int, seconds: float, seed: int) -> np.ndarray:
    """Compose track `index` of `genre`: float32 [shape=(round(seconds * 22050),)] within [-1, 1].

    Raises ParameterError for an unknown genre, and as `require_possible`.
    """
    if genre not in GENRES:
        raise ParameterError(f"genre={genre}: expected one of {', '.join(GENRES)}")
    require_possible(seconds, index, seed)
    rng = np.random.default_rng([seed, GENRES.index(genre), index])
    plan = plan_track(genre, is_crossover(genre, index), rng)
    layers = Performance(plan, round(seconds * SAMPLE_RATE), rng).play()
    return mix_down(layers, plan.mix, plan.beat_s, rng)


def require_possible(seconds: float, index: int, seed: int) -> None:
    """Raises ParameterError for `seconds` outside 1 to 600, or a negative `index` or `seed`."""
    if not SECONDS_RANGE[0] <= seconds <= SECONDS_RANGE[1]:
        raise ParameterError(f"seconds={seconds}: expected {SECONDS_RANGE[0]} to {SECONDS_RANGE[1]}")
    if index < 0 or seed < 0:
        raise ParameterError(f"index={index}, seed={seed}: expected 0 or more")


def is_crossover(genre: str, index: int) -> bool:
    """Whether a track borrows nearly everything from a neighbouring genre, which keeps any model from certainty."""
    return (index + CROSSOVER_STEP * GENRES.index(genre)) % CROSSOVER_PERIOD == CROSSOVER_PHASE
