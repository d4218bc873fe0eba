"""Divides groups of tracks into training, validation and test, so that each genre keeps about the same fractions."""

from __future__ import annotations

import numpy as np

STARTS = 8  # descents from random starts, of which the best is taken
EMPTY = 10.0  # what a genre without tracks in a subset costs: more than any unequal fractions


def assign_groups(counts: np.ndarray, fractions: np.ndarray, seed: int) -> np.ndarray:
    """The subset of each group: whole groups stay together, and each genre's fractions come as near as they then can.

    From random subsets, one group after the other moves to where it brings the fractions nearest, until none moves.

    Args:
        counts: tracks of each group in each genre [shape=(groups, genres)].
        fractions: requested fraction of each subset [shape=(subsets,)], of sum 1.
        seed: of the random starts and orders; the same one gives the same subsets.

    Returns:
        Indices of subsets, int64 [shape=(groups,)].
    """
    generator = np.random.default_rng(seed)
    descents = [_descend(counts, fractions, generator) for _ in range(STARTS)]
    return min(descents, key=lambda subsets: float(_cost(totals(counts, subsets, len(fractions)), fractions)))


def totals(counts: np.ndarray, subsets: np.ndarray, count: int) -> np.ndarray:
    """Tracks of each subset in each genre [shape=(subsets, genres)]."""
    return np.stack([counts[subsets == subset].sum(axis=0) for subset in range(count)])


def _cost(tracks: np.ndarray, fractions: np.ndarray) -> np.ndarray:
    """How far `tracks` [..., subsets, genres] is from `fractions`, summed over subsets and genres: [...]."""
    found = tracks / tracks.sum(axis=-2, keepdims=True)
    cost: np.ndarray = ((found - fractions[:, None]) ** 2 + EMPTY * (tracks == 0)).sum(axis=(-2, -1))
    return cost


def _descend(counts: np.ndarray, fractions: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    subsets = generator.choice(len(fractions), len(counts), p=fractions)
    tracks = totals(counts, subsets, len(fractions))
    moves = np.eye(len(fractions), dtype=counts.dtype)[:, :, None]  # [where to, subset, 1]
    moved = True
    while moved:
        moved = False
        for group in generator.permutation(len(counts)):
            tracks[subsets[group]] -= counts[group]
            costs = _cost(tracks + moves * counts[group], fractions)
            # Equal costs leave it where it is, so that the descent ends.
            if costs.min() < costs[subsets[group]] - 1e-12:
                subsets[group], moved = costs.argmin(), True
            tracks[subsets[group]] += counts[group]
    return subsets
