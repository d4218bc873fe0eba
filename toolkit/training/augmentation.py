"""What an epoch learns from: the training segments drawn, shifted, masked and mixed anew.

Pure functions of (features, targets, generator), each over the whole epoch at once. The generator follows from
(seed, epoch) alone, so that a training that continues sees what it would have seen.
"""

from __future__ import annotations

import math

import numpy as np

from .recipes import Recipe


def epoch_generator(seed: int, epoch: int) -> np.random.Generator:
    """The source of everything random in one epoch, counted from 0."""
    return np.random.default_rng([seed, epoch])


def augment(
    windows: np.ndarray, labels: np.ndarray, recipe: Recipe, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """One epoch of the training part, in the order in which it is learnt.

    Args:
        windows: of each segment its own, those that start later, and those that are heard in rooms, as the model wants
            them, float32 [shape=(n, shifts + rooms, frames, n_mfcc)].
        labels: one-hot float32 [shape=(n, classes)].
        recipe: says what is done.
        generator: from `epoch_generator`.

    Returns:
        features float32 [shape=(m, frames, n_mfcc)], targets float32 [shape=(m, classes)] whose rows sum to 1; m is
        ``recipe.windows(n)``.
    """
    count = recipe.windows(len(labels))
    order = (balanced_order if recipe.balance else random_order)(labels, count, generator)
    features, targets = draw_windows(windows, order, recipe.rooms, generator), labels[order]
    if recipe.time_shift:
        shift_time(features, recipe.time_shift, generator)
    if recipe.timbre:
        shift_timbre(features, recipe.timbre, generator)
    if recipe.masked_frames or recipe.masked_coefficients:
        frames = round(recipe.masked_frames * features.shape[1])
        mask(features, frames, recipe.masked_coefficients, windows[:, 0].mean(axis=(0, 1)), generator)
    if recipe.mixup:
        features, targets = mix(features, targets, recipe.mixup, generator)
    return features, smooth_labels(targets, recipe.label_smoothing)


def random_order(labels: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    """`count` indices of segments in random order, each once before any comes again; `labels` [shape=(n, classes)]."""
    return _draw(np.arange(len(labels)), count, generator)


def balanced_order(labels: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    """`count` indices of segments in random order, of each class as many as of any other, give or take one.

    Each class is gone through from end to end before one of its segments comes again. `labels`: one-hot
    [shape=(n, classes)].
    """
    classes = labels.argmax(axis=1)
    present = generator.permutation(np.unique(classes))
    counts = np.full(len(present), count // len(present))
    counts[: count % len(present)] += 1
    drawn = [
        _draw(np.flatnonzero(classes == index), own, generator) for index, own in zip(present, counts, strict=True)
    ]
    return generator.permutation(np.concatenate(drawn))


def _draw(indices: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    """`count` of `indices` in random order, each once before any comes again."""
    rounds = [generator.permutation(indices) for _ in range(math.ceil(count / len(indices)))]
    return np.concatenate(rounds)[:count]


def draw_windows(windows: np.ndarray, order: np.ndarray, rooms: int, generator: np.random.Generator) -> np.ndarray:
    """For each segment in `order` any one of its windows, every other time one of its last `rooms`.

    [n, shifts + rooms, frames, n_mfcc] -> a copy [n, frames, n_mfcc].
    """
    shifts = windows.shape[1] - rooms
    chosen = np.zeros(len(order), np.int64) if shifts == 1 else generator.integers(0, shifts, len(order))
    if rooms:
        heard = generator.permutation(len(order)) % 2 == 1
        chosen[heard] = generator.integers(shifts, shifts + rooms, np.count_nonzero(heard))
    drawn: np.ndarray = windows[order, chosen]
    return drawn


def shift_time(features: np.ndarray, fraction: float, generator: np.random.Generator) -> None:
    """Move each window's frames earlier or later by a random number; those pushed out come in at the other end.

    Args:
        features: float32 [shape=(n, frames, n_mfcc)], changed in place.
        fraction: of the window, by which its frames move at most, in [0, 0.5]; the numbers of frames are uniform.
    """
    longest = round(fraction * features.shape[1])
    moved = generator.integers(-longest, longest, len(features), endpoint=True)
    for frames in np.unique(moved):
        chosen = moved == frames
        features[chosen] = np.roll(features[chosen], frames, axis=1)


def shift_timbre(features: np.ndarray, std: float, generator: np.random.Generator) -> None:
    """Add to each coefficient of each window a constant from N(0, std), as another loudness or equaliser would.

    `features`: float32 [shape=(n, frames, n_mfcc)], changed in place.
    """
    constants = generator.standard_normal((len(features), 1, features.shape[2]), dtype=np.float32)
    features += np.float32(std) * constants


def mask(
    features: np.ndarray, frames: int, coefficients: int, fill: np.ndarray, generator: np.random.Generator
) -> None:
    """Put `fill` in place of a run of frames and of a run of coefficients of each window.

    The lengths are uniform from 0 to `frames` and `coefficients`, the starts uniform over those where they fit.
    Source: Park et al. (2019), SpecAugment, sections 2 and 3, with one mask of each kind.

    Args:
        features: float32 [shape=(n, frames, n_mfcc)], changed in place.
        frames, coefficients: the longest runs.
        fill: the mean of each coefficient [shape=(n_mfcc,)].
    """
    features[_runs(features.shape[0], features.shape[1], frames, generator)] = fill
    window, coefficient = np.nonzero(_runs(features.shape[0], features.shape[2], coefficients, generator))
    features[window, :, coefficient] = fill[coefficient, np.newaxis]


def _runs(count: int, size: int, longest: int, generator: np.random.Generator) -> np.ndarray:
    """One run of True in each row: bool [shape=(count, size)]."""
    length = generator.integers(0, min(longest, size), count, endpoint=True)
    start = generator.integers(0, size - length, endpoint=True)
    index = np.arange(size)
    runs: np.ndarray = (index >= start[:, np.newaxis]) & (index < (start + length)[:, np.newaxis])
    return runs


def mix(
    features: np.ndarray, targets: np.ndarray, alpha: float, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Each window mixed with another one, and their targets likewise.

    The fraction of the other one is min(s, 1 - s) for s from Beta(alpha, alpha).
    Source: Zhang et al. (2018), mixup: beyond empirical risk minimization.
    """
    fraction = generator.beta(alpha, alpha, len(features)).astype(np.float32)
    fraction = np.minimum(fraction, 1 - fraction)[:, np.newaxis]
    other = generator.permutation(len(features))
    mixed = features[other]  # features + fraction * (other - features), without a third array of that size
    mixed -= features
    mixed *= fraction[:, :, np.newaxis]
    mixed += features
    return mixed, targets + fraction * (targets[other] - targets)


def smooth_labels(targets: np.ndarray, fraction: float) -> np.ndarray:
    """Give `fraction` of each row's probability to all classes alike; [shape=(n, classes)]."""
    smoothed: np.ndarray = targets * np.float32(1 - fraction) + np.float32(fraction / targets.shape[1])
    return smoothed
