import dataclasses
import json

import numpy as np
import pytest
from scipy.stats import binomtest

from genrekit.converters.verify.parity import LIMITS, check, compare
from genrekit.runtime.errors import ParameterError, ParityError

REFERENCE = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4], [0.5, 0.25, 0.25]])
LABELS = np.array([0, 1, 0, 0])


def differing(windows, other_labels):
    """Two sets of probabilities that are as good as equal, but give this many windows another label."""
    reference = np.tile([0.5, 0.5 - 1e-6], (windows, 1))
    candidate = reference.copy()
    candidate[:other_labels, 1] += 2e-6
    return reference, candidate


def checked(windows, other_labels, precision, labels=None):
    """The reasons for doubt, of windows of which as many are won as lost, or of `labels`."""
    turns = np.arange(windows) % 2 if labels is None else labels
    return check(compare(*differing(windows, other_labels), turns), precision)


def test_equal_predictions_have_no_error():
    parity = compare(REFERENCE, REFERENCE.copy(), LABELS)
    assert (parity.max_abs_error, parity.mean_abs_error, parity.top1_agreement, parity.windows) == (0, 0, 1, 4)
    assert check(parity, "float32") == []


def test_accuracy_is_the_fraction_of_right_labels():
    candidate = REFERENCE[[0, 1, 0, 1]]
    parity = compare(REFERENCE, candidate, LABELS)
    assert (parity.keras_accuracy, parity.accuracy) == (0.75, 0.75)
    assert compare(REFERENCE, candidate, np.array([0, 1, 2, 0])).accuracy == 0.5


def test_figures_of_a_known_difference():
    candidate = REFERENCE.copy()
    candidate[2] = [0.45, 0.25, 0.3]
    parity = compare(REFERENCE, candidate, LABELS)
    assert parity.max_abs_error == pytest.approx(0.15)
    assert parity.mean_abs_error == pytest.approx((0.15 + 0.05 + 0.1) / 12)
    assert parity.top1_agreement == 0.75


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("precision", LIMITS)
@pytest.mark.parametrize("side", ["file", "Keras", "both"])
def test_what_is_not_finite_fails_and_its_figures_are_json(precision, value, side):
    reference, candidate = np.tile(REFERENCE, (300, 1)), np.tile(REFERENCE, (300, 1))
    for array in {"file": [candidate], "Keras": [reference], "both": [reference, candidate]}[side]:
        array[0, 2] = value
    parity = compare(reference, candidate, np.tile(LABELS, 300))
    with pytest.raises(ParityError, match="not finite") as raised:
        check(parity, precision)
    json.dumps(raised.value.figures, allow_nan=False)


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (0, 3)])
def test_shapes_must_match(shape):
    with pytest.raises(ParameterError, match="same shape"):
        compare(REFERENCE[: shape[0]] if not shape[0] else REFERENCE, np.zeros(shape), LABELS)


@pytest.mark.parametrize(
    ("precision", "error"), [("float32", 1e-4), ("float16", 5e-3), ("dynamic", 0.1), ("int8", 0.2)]
)
def test_probabilities_may_be_off_by_this_much(precision, error):
    reference = np.tile([0.9, 0.1], (1000, 1))
    labels = np.zeros(1000)
    assert check(compare(reference, reference - np.array([0.9 * error, 0]), labels), precision) == []
    with pytest.raises(ParityError, match=f"at most {error:g}"):
        check(compare(reference, reference - np.array([1.1 * error, 0]), labels), precision)


# The windows of 1,000 with another label at which Wilson's interval comes to lie below the limit.
@pytest.mark.parametrize(
    ("precision", "limit", "most"),
    [("float32", 0.995, 9), ("float16", 0.995, 9), ("dynamic", 0.99, 16), ("int8", 0.97, 40)],
)
def test_a_file_fails_where_its_agreement_surely_lies_below_the_limit(precision, limit, most):
    assert binomtest(1000 - most, 1000).proportion_ci(method="wilson").high >= limit
    assert checked(1000, most, precision)  # kept, with a doubt
    with pytest.raises(ParityError, match=f"{limit:.1%} expected"):
        checked(1000, most + 1, precision)


def test_few_windows_that_differ_do_not_prove_a_file_wrong():
    """Three of 181, as on a small corpus: 98.3 %, which stands for 95.3 % to 99.4 %."""
    (reason,) = checked(181, 3, "dynamic")
    assert "181 windows" in reason
    assert "95.2% to 99.4%" in reason


def test_there_is_no_doubt_where_all_labels_are_equal_or_the_windows_suffice():
    assert checked(20, 0, "float32") == []
    assert checked(1000, 0, "float32") == []
    assert checked(1000, 15, "int8") == []


@pytest.mark.parametrize("precision", LIMITS)
def test_a_loss_of_accuracy_that_is_no_chance_fails(precision):
    """Every window that differs is lost: five of five are chance in 1 of 32 cases, four of four in 1 of 16."""
    right = np.zeros(1000)
    checked(1000, 4, precision, right)
    with pytest.raises(ParityError, match=r"accuracy 0\.9950 where Keras has 1\.0000") as raised:
        checked(1000, 5, precision, right)
    assert raised.value.figures["less_accurate_p"] == pytest.approx(binomtest(5, 5, alternative="greater").pvalue)


def test_the_chance_of_a_loss_is_the_exact_mcnemar_test():
    reference, candidate = differing(60, 30)
    for gained in (0, 8, 15, 30):
        labels = np.arange(60) < gained  # these become right, the others of the first 30 wrong
        lost = 30 - gained
        expected = binomtest(lost, 30, alternative="greater").pvalue
        assert compare(reference, candidate, labels).less_accurate_p == pytest.approx(expected)


def test_a_file_that_is_better_than_keras_passes():
    assert checked(1000, 15, "int8", np.ones(1000)) == []


def test_the_message_tells_what_would_have_passed():
    with pytest.raises(ParityError, match=r"on 4 windows.*would pass limits of 0\.25"):
        check(compare(REFERENCE, REFERENCE + 0.25, LABELS), "float32")


def test_figures_are_those_of_the_comparison():
    parity = compare(*differing(1000, 100), np.zeros(1000))
    with pytest.raises(ParityError) as raised:
        check(parity, "int8")
    assert raised.value.figures.items() >= dataclasses.asdict(parity).items()
    assert len(raised.value.figures["reasons"]) == 2  # of agreement and of accuracy
