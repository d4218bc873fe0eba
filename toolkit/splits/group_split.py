"""Divides groups of tracks into training, validation and test, so that each genre keeps about the same shares."""

from __future__ import annotations

import numpy as np

STARTS = 8  # descents from random starts, of which the best is taken
EMPTY = 10.0  # what a genre without tracks in a part costs: more than any unequal shares


def deal_groups(counts: np.ndarray, shares: np.ndarray, seed: int) -> np.ndarray:
    """The part of each group: whole groups stay together, and each genre's shares come as near as they then can.

    From random parts, one group after the other moves to where it brings the shares nearest, until none moves.

    Args:
        counts: tracks of each group in each genre [shape=(groups, genres)].
        shares: wanted share of each part [shape=(parts,)], of sum 1.
        seed: of the random starts and orders; the same one gives the same parts.

    Returns:
        Indices of parts, int64 [shape=(groups,)].
    """
    generator = np.random.default_rng(seed)
    descents = [_descend(counts, shares, generator) for _ in range(STARTS)]
    return min(descents, key=lambda parts: float(_cost(totals(counts, parts, len(shares)), shares)))


def totals(counts: np.ndarray, parts: np.ndarray, how_many: int) -> np.ndarray:
    """Tracks of each part in each genre [shape=(parts, genres)]."""
    return np.stack([counts[parts == part].sum(axis=0) for part in range(how_many)])


def _cost(tracks: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """How far `tracks` [..., parts, genres] is from `shares`, summed over parts and genres: [...]."""
    found = tracks / tracks.sum(axis=-2, keepdims=True)
    return ((found - shares[:, None]) ** 2 + EMPTY * (tracks == 0)).sum(axis=(-2, -1))


def _descend(counts: np.ndarray, shares: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    parts = generator.choice(len(shares), len(counts), p=shares)
    tracks = totals(counts, parts, len(shares))
    moves = np.eye(len(shares), dtype=counts.dtype)[:, :, None]  # [where to, part, 1]
    moved = True
    while moved:
        moved = False
        for group in generator.permutation(len(counts)):
            tracks[parts[group]] -= counts[group]
            costs = _cost(tracks + moves * counts[group], shares)
            # Equal costs leave it where it is, so that the descent ends.
            if costs.min() < costs[parts[group]] - 1e-12:
                parts[group], moved = costs.argmin(), True
            tracks[parts[group]] += counts[group]
    return parts
