"""Compares what a converted file predicts with what its Keras model predicts: pure functions of two arrays."""

from __future__ import annotations

import dataclasses

import numpy as np

from ..runtime.errors import ParameterError, ParityError


@dataclasses.dataclass(frozen=True)
class ParityWindows:
    """What a converted file and its Keras model are compared on: windows that were never trained on.

    Attributes:
        features: as the file takes them, normalised float32 [shape=(n, frames, n_mfcc)].
        labels: the class of each [shape=(n,)].
        reference: what the Keras model makes of them, probabilities [shape=(n, classes)].
    """

    features: np.ndarray
    labels: np.ndarray
    reference: np.ndarray


@dataclasses.dataclass(frozen=True)
class Parity:
    """How far two sets of probabilities are apart.

    Attributes:
        max_abs_error, mean_abs_error: of all probabilities, in [0, 1].
        top1_agreement: share of windows with the same most probable label.
        accuracy, keras_accuracy: share of windows that the file and the Keras model label rightly.
        windows: how many were compared.
    """

    max_abs_error: float
    mean_abs_error: float
    top1_agreement: float
    accuracy: float
    keras_accuracy: float
    windows: int

    @property
    def accuracy_loss(self) -> float:
        """How much less often the file is right."""
        return self.keras_accuracy - self.accuracy


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a precision may cost: the largest error of a probability, least agreement, largest loss of accuracy."""

    max_abs_error: float
    top1_agreement: float
    accuracy_loss: float = 1.0


ROUNDING = 1e-9  # of the difference of two shares
LIMITS = {
    "float32": Limits(1e-5, 0.995),
    "float16": Limits(2e-3, 0.995),
    # The error of one probability says little of whole-number models; their labels are what counts.
    "dynamic": Limits(1.0, 0.99),
    "int8": Limits(1.0, 0.97, 0.01),
}


def compare(reference: np.ndarray, candidate: np.ndarray, labels: np.ndarray) -> Parity:
    """Compare probabilities [shape=(windows, classes)] of the Keras model and of a converted file.

    Args:
        reference, candidate: of the Keras model and of the file.
        labels: the class of each window [shape=(windows,)].

    Raises:
        ParameterError: the shapes differ, or there are no windows.
    """
    if reference.shape != candidate.shape or not len(reference):
        raise ParameterError(
            f"reference {reference.shape}, candidate {candidate.shape}: expected the same shape and at least one "
            "window; name a corpus with a part that was not trained on"
        )
    # What is not a number is infinitely wrong, so that no limit lets it pass.
    errors = np.nan_to_num(np.abs(reference.astype(np.float64) - candidate), nan=np.inf)
    expected, chosen = reference.argmax(axis=-1), candidate.argmax(axis=-1)
    shares = [float(np.mean(same)) for same in (expected == chosen, chosen == labels, expected == labels)]
    return Parity(float(errors.max()), float(errors.mean()), *shares, len(reference))


def check(parity: Parity, precision: str) -> None:
    """Raises ParityError, with the figures and the limits that would have let it pass, where `parity` misses one."""
    limits = LIMITS[precision]
    misses = []
    if not parity.max_abs_error <= limits.max_abs_error:
        misses.append(f"largest error {parity.max_abs_error:.3g}, at most {limits.max_abs_error:g} allowed")
    if not parity.top1_agreement >= limits.top1_agreement:
        misses.append(f"agreement {parity.top1_agreement:.4f}, at least {limits.top1_agreement:g} expected")
    if parity.accuracy_loss > limits.accuracy_loss + ROUNDING:
        misses.append(
            f"accuracy {parity.accuracy:.4f} where Keras has {parity.keras_accuracy:.4f}, at most "
            f"{limits.accuracy_loss:g} less expected"
        )
    if misses:
        raise ParityError(
            f"{precision} differs from Keras on {parity.windows} windows: {'; '.join(misses)} (it would pass with a "
            f"largest error of {parity.max_abs_error:.3g}, an agreement of {parity.top1_agreement:.4f} and an accuracy "
            f"{max(parity.accuracy_loss, 0.0):.4f} lower)",
            dataclasses.asdict(parity),
        )
