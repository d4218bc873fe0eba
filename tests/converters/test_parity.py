import numpy as np
import pytest

from genrekit.converters.parity import LIMITS, check, compare
from genrekit.runtime.errors import ParameterError, ParityError

REFERENCE = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4], [0.5, 0.25, 0.25]])
LABELS = np.array([0, 1, 0, 0])


def test_equal_predictions_have_no_error():
    parity = compare(REFERENCE, REFERENCE.copy(), LABELS)
    assert (parity.max_abs_error, parity.mean_abs_error, parity.top1_agreement, parity.windows) == (0, 0, 1, 4)


def test_accuracy_is_the_share_of_right_labels():
    candidate = REFERENCE[[0, 1, 0, 1]]
    parity = compare(REFERENCE, candidate, LABELS)
    assert (parity.keras_accuracy, parity.accuracy) == (0.75, 0.75)
    assert compare(REFERENCE, candidate, np.array([0, 1, 2, 0])).accuracy_loss == 0.5


def test_figures_of_a_known_difference():
    candidate = REFERENCE.copy()
    candidate[2] = [0.45, 0.25, 0.3]
    parity = compare(REFERENCE, candidate, LABELS)
    assert parity.max_abs_error == pytest.approx(0.15)
    assert parity.mean_abs_error == pytest.approx((0.15 + 0.05 + 0.1) / 12)
    assert parity.top1_agreement == 0.75


def test_not_a_number_fails_at_every_precision():
    candidate = REFERENCE.copy()
    candidate[0] = np.nan
    for precision in LIMITS:
        with pytest.raises(ParityError):
            check(compare(REFERENCE, candidate, LABELS), precision)


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (0, 3)])
def test_shapes_must_match(shape):
    with pytest.raises(ParameterError, match="same shape"):
        compare(REFERENCE[: shape[0]] if not shape[0] else REFERENCE, np.zeros(shape), LABELS)


@pytest.mark.parametrize(("precision", "error"), [("float32", 1e-5), ("float16", 2e-3)])
def test_float_files_may_be_off_by_this_much(precision, error):
    check(compare(REFERENCE, REFERENCE + 0.9 * error, LABELS), precision)
    with pytest.raises(ParityError, match=f"at most {error:g} allowed"):
        check(compare(REFERENCE, REFERENCE + 1.1 * error, LABELS), precision)


@pytest.mark.parametrize(
    ("precision", "agreement"), [("float32", 0.995), ("float16", 0.995), ("dynamic", 0.99), ("int8", 0.97)]
)
def test_labels_must_agree_this_often(precision, agreement):
    reference = np.tile([0.5, 0.5 - 1e-6], (1000, 1))
    candidate = reference.copy()
    wrong = round(1000 * (1 - agreement))
    candidate[:wrong, 1] += 2e-6
    check(compare(reference, candidate, np.ones(1000)), precision)
    candidate[: wrong + 1, 1] = 0.5 + 1e-6
    with pytest.raises(ParityError, match=f"at least {agreement:g} expected"):
        check(compare(reference, candidate, np.ones(1000)), precision)


def test_int8_may_cost_one_point_of_accuracy():
    reference = np.tile([0.6, 0.4], (1000, 1))
    candidate, right = reference.copy(), np.zeros(1000)
    candidate[:10] = [0.4, 0.6]
    check(compare(reference, candidate, right), "int8")
    check(compare(reference, candidate, np.ones(1000)), "int8")  # better than Keras
    candidate[:11] = [0.4, 0.6]
    with pytest.raises(ParityError, match=r"accuracy 0\.9890 where Keras has 1\.0000") as raised:
        check(compare(reference, candidate, right), "int8")
    assert raised.value.figures["accuracy"] == pytest.approx(0.989)


def test_the_message_tells_what_would_have_passed():
    with pytest.raises(ParityError, match=r"on 4 windows.*0\.25.*would pass with a largest error of 0\.25"):
        check(compare(REFERENCE, REFERENCE + 0.25, LABELS), "float32")
