"""What the paper printed.

Source: Khamees, Hejazi, Alshurideh and Salloum, Classifying Audio Music Genres Using CNN and RNN. Its "testing" figures
of CNN and LSTM fit whole counts over 1,600 segments, which is its validation part; the other two fit the 2,000 of its
test part.
"""

from __future__ import annotations

import dataclasses

from ....bench.measure.plan import TrainingReference

# It prints one figure for both multi-sequential models: it stands by mlp.
TRAINING = TrainingReference("the paper", "i7-8550U", 6400, {"mlp": 1, "cnn": 18, "lstm": 28})


@dataclasses.dataclass(frozen=True)
class PublishedResult:
    """One column of a table.

    Attributes:
        title: what the paper calls it.
        training_accuracy, testing_accuracy: fractions in [0, 1].
        training_error, testing_error: Keras' loss.
        tables: numbers of the tables that hold it.
        figure: number of the figure with its curves, where there is one.
    """

    model: str
    title: str
    epochs: int
    training_accuracy: float
    testing_accuracy: float
    training_error: float
    testing_error: float
    tables: tuple[int, ...]
    figure: int | None = None

    @property
    def seconds_per_epoch(self) -> float | None:
        """On the paper's machine, where it is reported."""
        return TRAINING.seconds_per_epoch.get(self.model)

    @property
    def name(self) -> str:
        """What a run of it is called: the model, with its epochs where they are not the usual 50."""
        return self.model if self.epochs == USUAL_EPOCHS else f"{self.model}-{self.epochs}"


USUAL_EPOCHS = 50

PUBLISHED = (
    PublishedResult("cnn", "CNN, max-pooling", 30, 0.7455, 0.6844, 0.7253, 0.8919, (1, 2, 3), 1),
    PublishedResult("cnn", "CNN, max-pooling", 50, 0.8374, 0.7400, 0.4715, 0.7658, (1, 2, 3, 5), 2),
    PublishedResult("lstm", "RNN, LSTM", 50, 0.7411, 0.6344, 0.7925, 1.1487, (4, 5), 3),
    PublishedResult("mlp", "multi-sequential, 3 hidden layers", 50, 0.9393, 0.5890, 0.1813, 2.8012, (5,)),
    PublishedResult("mlp-regularized", "the same, overfitting solved", 50, 0.7424, 0.6055, 1.0073, 1.6286, (5,)),
)
