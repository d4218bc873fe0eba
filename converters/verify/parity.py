"""Compares what a converted file predicts with what its Keras model predicts: pure functions of two arrays."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from ...runtime.errors import ParameterError, ParityError
from ...runtime.util.proportions import wilson_interval


@dataclasses.dataclass(frozen=True)
class Parity:
    """How much two sets of probabilities differ.

    Attributes:
        windows: how many were compared.
        finite: whether every probability of the file and of the Keras model is a finite number.
        max_abs_error, mean_abs_error: of all probabilities, in [0, 1]; None where they are not finite.
        top1_agreement: fraction of windows with the same most probable label.
        agreement_interval: 95 % interval of that fraction among all windows there could be.
        accuracy, keras_accuracy: fraction of windows that the file and the Keras model label rightly.
        less_accurate_p: probability that a file as accurate as Keras loses so many windows: exact one-sided McNemar.
    """

    windows: int
    finite: bool
    max_abs_error: float | None
    mean_abs_error: float | None
    top1_agreement: float
    agreement_interval: tuple[float, float]
    accuracy: float
    keras_accuracy: float
    less_accurate_p: float


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a precision may cost: the largest error of a probability, and the least agreement."""

    max_abs_error: float
    top1_agreement: float


LIMITS = {
    # Keras' own float32 is up to 2e-5 away from float64.
    "float32": Limits(1e-4, 0.995),
    "float16": Limits(5e-3, 0.995),
    "dynamic": Limits(0.1, 0.99),
    "int8": Limits(0.2, 0.97),
}
SIGNIFICANCE = 0.05  # of a loss of accuracy


def compare(reference: np.ndarray, candidate: np.ndarray, labels: np.ndarray) -> Parity:
    """Compare the probabilities `reference` of a Keras model and `candidate` of a file [shape=(windows, classes)].

    `labels` are the class of each window [shape=(windows,)]. Raises ParameterError where the shapes differ, or there
    are no windows.
    """
    if reference.shape != candidate.shape or not len(reference):
        raise ParameterError(
            f"reference {reference.shape}, candidate {candidate.shape}: expected the same shape and at least one "
            "window; name a corpus with a subset that was not trained on"
        )
    numbers = np.isfinite(candidate).all(axis=-1) & np.isfinite(reference).all(axis=-1)
    errors = np.abs(reference.astype(np.float64) - candidate) if numbers.all() else None
    expected, chosen = reference.argmax(axis=-1), np.where(numbers, candidate.argmax(axis=-1), -1)
    agreement = float(np.mean(expected == chosen))
    right, keras_right = chosen == labels, expected == labels
    return Parity(
        windows=len(reference),
        finite=errors is not None,
        max_abs_error=None if errors is None else float(errors.max()),
        mean_abs_error=None if errors is None else float(errors.mean()),
        top1_agreement=agreement,
        agreement_interval=wilson_interval(agreement, len(reference)),
        accuracy=float(np.mean(right)),
        keras_accuracy=float(np.mean(keras_right)),
        less_accurate_p=_mcnemar(int(np.sum(keras_right & ~right)), int(np.sum(right & ~keras_right))),
    )


def _mcnemar(lost: int, gained: int) -> float:
    """Probability of at least `lost` losses where a loss is as likely as a gain. Source: McNemar (1947), exact form."""
    changed = lost + gained
    return sum(math.comb(changed, losses) for losses in range(lost, changed + 1)) / (1 << changed)


def check(parity: Parity, precision: str) -> list[str]:
    """Whether a file of `precision` agrees with its Keras model, by what `parity` is evidence of.

    Returns:
        A sentence where the windows are too few to tell; [] where they show that it agrees.

    Raises:
        ParityError: it does not; the message holds the figures, the limits, and what would have let it pass.
    """
    limits = LIMITS[precision]
    if reasons := _failures(parity, limits):
        error = f"{parity.max_abs_error:.3g} and " if parity.finite else ""
        raise ParityError(
            f"{precision} differs from Keras on {parity.windows} windows: {'; '.join(reasons)} (error and agreement "
            f"would pass limits of {error}{parity.agreement_interval[1]:.1%})",
            {**dataclasses.asdict(parity), "reasons": reasons},
        )
    low, high = parity.agreement_interval
    if parity.top1_agreement == 1 or low >= limits.top1_agreement:
        return []
    return [
        f"{parity.windows} windows are too few to tell whether {limits.top1_agreement:.1%} get the label that Keras "
        f"gives: {parity.top1_agreement:.1%} do, which stands for {low:.1%} to {high:.1%}; compare on a larger corpus"
    ]


def _failures(parity: Parity, limits: Limits) -> list[str]:
    if parity.max_abs_error is None:
        return ["probabilities that are not finite"]
    reasons = []
    if parity.max_abs_error > limits.max_abs_error:
        reasons.append(f"largest error {parity.max_abs_error:.3g}, at most {limits.max_abs_error:g} allowed")
    low, high = parity.agreement_interval
    if high < limits.top1_agreement:
        reasons.append(
            f"agreement {parity.top1_agreement:.1%} (95 % interval {low:.1%} to {high:.1%}), at least "
            f"{limits.top1_agreement:.1%} expected"
        )
    if parity.less_accurate_p <= SIGNIFICANCE:
        reasons.append(
            f"accuracy {parity.accuracy:.4f} where Keras has {parity.keras_accuracy:.4f} "
            f"(p = {parity.less_accurate_p:.2g} that this is chance, more than {SIGNIFICANCE:g} expected)"
        )
    return reasons
