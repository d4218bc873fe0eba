import hashlib

import numpy as np
import pytest

from genrekit.converters.quantize.calibration import choose_calibration
from genrekit.runtime.errors import CorpusError
from genrekit.runtime.modelfile.description import CalibrationRecord

LABELS = np.repeat([0, 1, 2], [60, 30, 5])
# Each segment holds its own number, so that the choice can be read back.
FEATURES = np.broadcast_to(np.arange(95.0)[:, None, None], (95, 4, 2)).astype(np.float32)


def chosen_labels(calibration):
    return np.bincount(LABELS[calibration.features[:, 0, 0].astype(int)], minlength=3).tolist()


def test_labels_share_the_choice_evenly():
    assert chosen_labels(choose_calibration(FEATURES, LABELS, 9)) == [3, 3, 3]


def test_a_rare_label_is_made_up_for_by_the_others():
    assert chosen_labels(choose_calibration(FEATURES, LABELS, 25)) == [10, 10, 5]


def test_no_segment_comes_twice():
    chosen = choose_calibration(FEATURES, LABELS, 50).features[:, 0, 0]
    assert len(set(chosen.tolist())) == 50


def test_all_are_taken_where_there_are_fewer():
    calibration = choose_calibration(FEATURES, LABELS)
    assert len(calibration.features) == 95
    np.testing.assert_array_equal(calibration.features, FEATURES)


def test_the_same_seed_chooses_the_same():
    first, again, other = (choose_calibration(FEATURES, LABELS, 20, seed) for seed in (3, 3, 4))
    assert first.fingerprint == again.fingerprint != other.fingerprint
    np.testing.assert_array_equal(first.features, again.features)


def test_the_record_names_what_was_chosen():
    calibration = choose_calibration(FEATURES.astype(np.float64), LABELS, 7, seed=2)
    expected = hashlib.sha256(calibration.features.astype("<f4").tobytes()).hexdigest()
    assert calibration.record() == CalibrationRecord(7, 2, expected)
    assert calibration.features.dtype == np.float32


def test_no_segments_are_refused():
    with pytest.raises(CorpusError, match="found none"):
        choose_calibration(FEATURES[:0], LABELS[:0])


def test_features_must_be_finite():
    damaged = FEATURES.copy()
    damaged[3, 1, 1] = np.inf
    with pytest.raises(CorpusError, match="NaN or infinity"):
        choose_calibration(damaged, LABELS)
