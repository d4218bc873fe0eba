"""Augmentation: each function against what its definition says of its result."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from genrekit.toolkit.training import augmentation
from genrekit.toolkit.training.recipes import PAPER, recipe

FRAMES, COEFFICIENTS = 20, 6


@pytest.fixture
def generator():
    return augmentation.epoch_generator(seed=1, epoch=2)


def numbered(count):
    """Windows that tell their own number in every place."""
    return np.arange(count, dtype=np.float32)[:, None, None] * np.ones((1, FRAMES, COEFFICIENTS), np.float32)


def one_hot(labels, classes=3):
    return np.eye(classes, dtype=np.float32)[labels]


def test_the_paper_recipe_only_changes_the_order():
    features, labels = numbered(30), one_hot(np.arange(30) % 3)
    learnt, targets = augmentation.augment(features[:, None], labels, PAPER, augmentation.epoch_generator(0, 0))
    order = learnt[:, 0, 0].astype(int)
    assert sorted(order) == list(range(30))
    assert list(order) != list(range(30))
    np.testing.assert_array_equal(learnt, features[order])
    np.testing.assert_array_equal(targets, labels[order])


def test_an_epoch_follows_from_its_seed_and_number_and_leaves_the_segments_alone():
    windows, labels = np.stack([numbered(30) + 100 * shift for shift in range(4)], axis=1), one_hot(np.arange(30) % 3)
    before = windows.copy(), labels.copy()

    def epoch(seed, number):
        whole = dataclasses.replace(recipe("edge", "cnn"), masked_frames=0.25, masked_coefficients=2, mixup=0.3)
        whole = dataclasses.replace(whole, time_shift=0.2)
        return augmentation.augment(windows, labels, whole, augmentation.epoch_generator(seed, number))

    for first, second in zip(epoch(3, 7), epoch(3, 7), strict=True):
        np.testing.assert_array_equal(first, second)
    assert not np.array_equal(epoch(3, 7)[0], epoch(3, 8)[0])
    assert not np.array_equal(epoch(3, 7)[0], epoch(4, 7)[0])
    assert epoch(3, 7)[0].dtype == epoch(3, 7)[1].dtype == np.float32
    for kept, now in zip(before, (windows, labels), strict=True):
        np.testing.assert_array_equal(kept, now)


def test_balancing_draws_each_class_alike_and_each_segment_before_any_comes_again(generator):
    labels = np.repeat([0, 1, 2], [40, 8, 12])
    order = augmentation.balanced_order(one_hot(labels), 60, generator)
    assert np.bincount(labels[order]).tolist() == [20, 20, 20]
    times = np.bincount(order, minlength=len(labels))
    assert times[:40].max() == 1
    assert set(times[40:48]) == {2, 3}
    assert set(times[48:]) == {1, 2}


def test_balancing_leaves_out_a_class_that_is_not_there(generator):
    order = augmentation.balanced_order(one_hot(np.array([0, 0, 0, 2])), 4, generator)
    assert sorted(order)[-2:] == [3, 3]


@pytest.mark.parametrize("balance", [False, True])
def test_an_epoch_over_few_segments_goes_through_them_until_it_has_its_steps(balance):
    """30 segments, of which 5 steps of 16 need 80 windows: each is learnt two or three times, of its own class."""
    small = dataclasses.replace(PAPER, min_steps=5, batch_size=16, balance=balance)
    features, labels = numbered(30), one_hot(np.arange(30) % 3)
    learnt, targets = augmentation.augment(features[:, None], labels, small, augmentation.epoch_generator(0, 0))
    order = learnt[:, 0, 0].astype(int)
    assert len(order) == 80
    assert set(np.bincount(order, minlength=30)) == {2, 3}
    np.testing.assert_array_equal(targets, labels[order])
    many = numbered(90), one_hot(np.arange(90) % 3)
    assert len(augmentation.augment(many[0][:, None], many[1], small, augmentation.epoch_generator(0, 0))[0]) == 90


def test_windows_are_drawn_from_all_their_shifts_alike(generator):
    windows = np.stack([numbered(3000) + 10_000 * shift for shift in range(4)], axis=1)
    order = np.arange(3000)[::-1]
    drawn = augmentation.draw_windows(windows, order, 0, generator)[:, 0, 0]
    np.testing.assert_array_equal(drawn % 10_000, order)
    assert np.bincount((drawn // 10_000).astype(int)) == pytest.approx([750] * 4, abs=100)


def test_every_other_window_is_one_that_was_heard_in_a_room(generator):
    windows = np.stack([numbered(3001) + 10_000 * index for index in range(6)], axis=1)
    drawn = augmentation.draw_windows(windows, np.arange(3001), 2, generator)[:, 0, 0]
    np.testing.assert_array_equal(drawn % 10_000, np.arange(3001))
    counts = np.bincount((drawn // 10_000).astype(int))
    assert counts[4:].sum() == 1500
    assert counts == pytest.approx([375] * 4 + [750] * 2, abs=100)


def test_masks_are_one_run_of_frames_and_one_of_coefficients(generator):
    features = np.ones((2000, FRAMES, COEFFICIENTS), np.float32)
    augmentation.mask(features, 8, 2, np.zeros(COEFFICIENTS), generator)
    hidden_frames, hidden_coefficients = ((features == 0).all(axis=axis) for axis in (2, 1))
    for hidden, longest in ((hidden_frames, 8), (hidden_coefficients, 2)):
        assert set(hidden.sum(axis=1)) == set(range(longest + 1))
        starts = np.diff(hidden.astype(int), axis=1, prepend=0) == 1
        assert starts.sum(axis=1).max() == 1
        assert hidden.any(axis=0).all()  # every place is hidden at times, the edges too
    either = hidden_frames[:, :, None] | hidden_coefficients[:, None, :]
    np.testing.assert_array_equal(features == 0, either)


def test_masked_places_hold_the_mean(generator):
    features = np.full((50, FRAMES, COEFFICIENTS), 7, np.float32)
    fill = np.arange(COEFFICIENTS) + 100
    augmentation.mask(features, FRAMES, 0, fill, generator)
    hidden = features != 7
    np.testing.assert_array_equal(features[hidden], np.broadcast_to(fill, features.shape)[hidden])


def test_the_longest_mask_is_a_fraction_of_the_window(generator):
    whole = dataclasses.replace(PAPER, masked_frames=0.25)
    windows = np.zeros((2000, 1, FRAMES, COEFFICIENTS), np.float32)
    windows[:1000] = 2  # around the mean of 1, which a mask shows
    learnt, _ = augmentation.augment(windows, one_hot(np.arange(2000) % 3), whole, generator)
    assert set((learnt == 1).all(axis=2).sum(axis=1)) == set(range(FRAMES // 4 + 1))


def counted(count):
    """Windows whose frames tell their own index."""
    return np.tile(np.arange(FRAMES, dtype=np.float32)[:, None], (count, 1, COEFFICIENTS))


def test_a_shift_in_time_turns_each_window_by_any_number_of_frames_up_to_its_fraction(generator):
    moved = counted(4000)
    augmentation.shift_time(moved, 0.2, generator)
    by = (-moved[:, 0, 0]).astype(int) % FRAMES
    for number, window in zip(by[:50], moved[:50], strict=True):
        np.testing.assert_array_equal(window, np.roll(counted(1)[0], number, axis=0))
    times = np.bincount((by + 4) % FRAMES, minlength=FRAMES)  # from 4 frames earlier to 4 later
    assert times[:9] == pytest.approx([4000 / 9] * 9, rel=0.2)
    assert not times[9:].any()


def test_a_shift_in_time_by_no_fraction_changes_nothing(generator):
    moved = counted(50)
    augmentation.shift_time(moved, 0.0, generator)
    np.testing.assert_array_equal(moved, counted(50))


def test_a_shift_in_time_leaves_frames_and_targets_as_they_are(generator):
    """Each window keeps its frames, in a turned order, and its class."""
    windows = np.random.default_rng(0).standard_normal((30, 1, FRAMES, COEFFICIENTS)).astype(np.float32)
    labels = one_hot(np.arange(30) % 3)
    shifting = dataclasses.replace(PAPER, time_shift=0.5)
    learnt, targets = augmentation.augment(windows, labels, shifting, generator)
    kept = np.sort(windows[:, 0, :, 0], axis=1)
    moved = set()
    for window, target in zip(learnt, targets, strict=True):
        (index,) = np.flatnonzero((kept == np.sort(window[:, 0])).all(axis=1))
        (by,) = [by for by in range(FRAMES) if (window == np.roll(windows[index, 0], by, axis=0)).all()]
        moved.add(by)
        np.testing.assert_array_equal(target, labels[index])
    assert len(moved) > FRAMES / 3


def test_timbre_adds_one_constant_to_each_coefficient_of_a_window(generator):
    added = numbered(4000)
    augmentation.shift_timbre(added, 0.5, generator)
    added -= numbered(4000)
    np.testing.assert_allclose(added, np.broadcast_to(added[:, :1], added.shape), atol=1e-3)
    assert added[:, 0].std(axis=0) == pytest.approx([0.5] * COEFFICIENTS, rel=0.1)
    assert added[:, 0].mean(axis=0) == pytest.approx([0] * COEFFICIENTS, abs=0.05)


def test_mixing_mixes_windows_and_targets_by_the_same_share(generator):
    features, targets = numbered(500), np.eye(500, dtype=np.float32)
    mixed, mixed_targets = augmentation.mix(features, targets, 0.4, generator)
    np.testing.assert_allclose(mixed[:, 0, 0], mixed_targets @ np.arange(500), rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(mixed_targets.sum(axis=1), 1, rtol=1e-6)
    assert (mixed_targets[np.arange(500), np.arange(500)] >= 0.5 - 1e-6).all()  # each window stays the larger part
    assert (mixed_targets.max(axis=1) < 0.9).mean() > 0.2


def test_smoothed_labels_are_keras_own():
    import keras

    probabilities = np.random.default_rng(0).dirichlet(np.ones(3), 12).astype(np.float32)
    labels = one_hot(np.arange(12) % 3)
    ours = keras.losses.categorical_crossentropy(augmentation.smooth_labels(labels, 0.1), probabilities)
    theirs = keras.losses.categorical_crossentropy(labels, probabilities, label_smoothing=0.1)
    np.testing.assert_allclose(np.array(ours), np.array(theirs), rtol=1e-5)
