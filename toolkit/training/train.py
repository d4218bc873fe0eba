"""Trains one model into a run folder: model.keras, description.json, metrics.json, history.csv and two pictures.

Everything random in an epoch follows from (seed, epoch) and from state that is saved after each epoch, so a training
that was interrupted ends with the weights of one that was not.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...runtime import Normalization, Rejection
from ...runtime.errors import CorpusError, Failure, ParameterError
from ...runtime.util.lock import sole_writer
from ..evaluation.scores import score
from . import resume, write_run
from .augmentation import augment, epoch_generator
from .checkpoint import Checkpoint
from .loop import Fitter
from .recipes import Recipe
from .rejection import fit_rejection
from .spec import Epoch, Metrics, Training
from .tensorboard import event_writer

if TYPE_CHECKING:
    import keras

OnEpoch = Callable[[list[Epoch], int], None]  # the history so far, and the largest number of epochs


@dataclasses.dataclass(frozen=True)
class Data:
    """What a model learns from and is watched on.

    Attributes:
        windows, targets: of the training subset, as `augmentation.augment` takes them.
        validation: features and one-hot targets of the validation subset.
    """

    windows: np.ndarray
    targets: np.ndarray
    validation: tuple[np.ndarray, np.ndarray]


def train(
    training: Training,
    folder: Path,
    on_epoch: OnEpoch | None = None,
    *,
    on_resume: Callable[[int], None] | None = None,
    restart: bool = False,
    tensorboard: bool = False,
) -> Metrics:
    """Train, or continue an interrupted training, or return the metrics of a finished one.

    Args:
        folder: the run's folder; made where missing.
        on_epoch: called after each epoch with the history so far and the largest number of epochs.
        on_resume: called with the number of epochs done where a training continues.
        restart: begin anew whatever run stands in the folder.
        tensorboard: whether an event file for TensorBoard is kept under tensorboard/.

    Raises:
        CorpusError: the folder holds a run with other settings, or features are no numbers.
        ModelFileError: the folder holds this run, finished, but one of its files is damaged.
        ParameterError: the recipe wants shifted windows that were not extracted, or windows are too small for
            the layers.
        OutputError: the folder cannot be written, or another process trains into it.
    """
    _require_usable(training)
    with sole_writer(folder, folder=True):
        return _train(training, folder, on_epoch, on_resume, restart, tensorboard)


def _train(
    training: Training,
    folder: Path,
    on_epoch: OnEpoch | None,
    on_resume: Callable[[int], None] | None,
    restart: bool,
    tensorboard: bool,
) -> Metrics:
    checkpoint = Checkpoint(folder, training.settings)
    if restart:
        resume.discard(folder, checkpoint)
    elif finished := resume.finished_metrics(folder, training.settings):
        checkpoint.remove()  # a kill after the last file was written has left it
        return finished
    done = resume.unfinished_epochs(folder, checkpoint, training.settings)
    if done and on_resume:
        on_resume(done)
    normalization = measure_normalization(training)
    model = build_model(training)
    observers: list[OnEpoch] = [on_epoch] if on_epoch else []
    if tensorboard:
        observers.append(event_writer(folder / "tensorboard"))
    history = _fit(model, training, prepare_data(training, normalization), checkpoint, observers)
    features = training.segments.features
    normalised = normalization.apply(features) if normalization else features
    probabilities = model.predict(normalised, batch_size=256, verbose=0)
    metrics = write_run.run_metrics(training, model, history, score(probabilities, training.segments, training.subsets))
    rejection = measure_rejection(training, probabilities)
    description = write_run.describe(training, model, normalization, rejection, metrics)
    write_run.write_run(folder, training, model, description, history, metrics)
    checkpoint.remove()
    return metrics


def _require_usable(training: Training) -> None:
    segments = training.segments
    training.spec.require_fits(segments.config)
    every = [array for array in (segments.features, segments.shifted, segments.heard) if array is not None]
    wrong = [~np.isfinite(array).all(axis=tuple(range(1, array.ndim))) for array in every]
    if np.any(wrong):
        names = [segments.corpus.tracks[track].name for track in np.unique(segments.tracks[np.any(wrong, axis=0)])]
        raise CorpusError(
            f"{segments.corpus.folder}: expected features that are numbers, found NaN or infinity in those of "
            f"{', '.join(names[:3])}{' and others' if len(names) > 3 else ''}; repair or remove these tracks"
        )
    shifts = 1 if segments.shifted is None else segments.shifted.shape[1] + 1
    if training.recipe.shifts not in (1, shifts):
        raise ParameterError(
            f"shifts={shifts}: expected segments extracted with shifts={training.recipe.shifts}, as the recipe "
            f"{training.recipe.name} wants them; extract them so, or train without offsets"
        )
    rooms = 0 if segments.heard is None else segments.heard.shape[1]
    if training.recipe.rooms > rooms:
        raise ParameterError(
            f"rooms={rooms}: expected segments extracted with rooms={training.recipe.rooms}, as the recipe "
            f"{training.recipe.name} wants them; extract them so, or train without room"
        )


def measure_normalization(training: Training) -> Normalization | None:
    """What the recipe's normalization comes to on the training subset; None for raw features."""
    power = training.recipe.normalization
    if power is None:
        return None
    segments, chosen = training.segments, training.subsets == "train"
    rooms = [] if segments.heard is None else [segments.heard[chosen, room] for room in range(training.recipe.rooms)]
    train = np.concatenate([segments.features[chosen], *rooms]).astype(np.float64)
    mean, own = train.mean(axis=(0, 1)), np.maximum(train.std(axis=(0, 1)), 1e-6)
    common = np.sqrt(np.mean(own**2))
    return Normalization(tuple(mean.tolist()), tuple((own**power * common ** (1 - power)).tolist()))


def measure_rejection(training: Training, probabilities: np.ndarray) -> Rejection:
    """When the model does not know; `probabilities`: of all segments [shape=(segments, classes)].

    From segments as they are: beside those in rooms, with their noise, noise alone would be like the training.
    """
    segments = training.segments
    train, validation = training.subsets == "train", training.subsets == "validation"
    return fit_rejection(
        segments.features[train],
        segments.labels[train],
        segments.features[validation],
        segments.labels[validation],
        probabilities[validation],
    )


def prepare_data(training: Training, normalization: Normalization | None) -> Data:
    """The arrays that epochs are made of, normalised where asked."""
    segments = training.segments
    train, validation = training.subsets == "train", training.subsets == "validation"
    targets = np.eye(len(segments.corpus.labels), dtype=np.float32)[segments.labels]
    shifts, rooms = training.recipe.shifts, training.recipe.rooms
    # The largest array of a training: filled and normalised in place, so that there is no second one.
    windows = np.empty((np.count_nonzero(train), shifts + rooms, *segments.features.shape[1:]), np.float32)
    windows[:, 0] = segments.features[train]
    if segments.shifted is not None and shifts > 1:
        windows[:, 1:shifts] = segments.shifted[train]
    if segments.heard is not None and rooms:
        windows[:, shifts:] = segments.heard[train, :rooms]
    watched = segments.features[validation]
    if normalization:
        for features in (windows, watched):
            normalization.apply(features, out=features)
    return Data(windows, targets[train], (watched, targets[validation]))


def build_model(training: Training) -> keras.Model:
    """The model with its first weights, which follow from the seed."""
    import keras

    keras.utils.set_random_seed(training.seed)
    segments = training.segments
    model = training.spec.build(segments.features.shape[1:], len(segments.corpus.labels))
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = training.recipe.batch_norm_momentum
    return model


def _fit(
    model: keras.Model, training: Training, data: Data, checkpoint: Checkpoint, observers: list[OnEpoch]
) -> list[Epoch]:
    """Train to the end of the recipe, leaving the chosen weights in `model`; returns one row an epoch."""
    recipe = training.recipe
    fitter = Fitter(model, recipe.batch_size)
    history = checkpoint.restore(fitter.variables)
    learnt = _epochs_ahead(data, training, len(history))
    try:
        while len(history) < recipe.epochs:
            history.append(_epoch(fitter, learnt, data, recipe, len(history)))
            best = recipe.best_epoch and write_run.best_epoch(history) == len(history) - 1
            checkpoint.save(fitter.variables, history, best)
            for observe in observers:
                observe(history, recipe.epochs)
    finally:
        learnt.close()
        checkpoint.wait()
    if recipe.best_epoch:
        checkpoint.restore_best(fitter.variables)
    return history


def _epochs_ahead(data: Data, training: Training, done: int) -> Generator[tuple[np.ndarray, np.ndarray], None, None]:
    """What the epochs after `done` learn from, each made while the one before is learnt."""
    recipe = training.recipe

    def make(epoch: int) -> tuple[np.ndarray, np.ndarray]:
        return augment(data.windows, data.targets, recipe, epoch_generator(training.seed, epoch))

    with ThreadPoolExecutor(1) as maker:
        ahead = maker.submit(make, done)
        for epoch in range(done + 1, recipe.epochs):
            ready, ahead = ahead.result(), maker.submit(make, epoch)
            yield ready
        yield ahead.result()


def _epoch(
    fitter: Fitter, learnt: Iterator[tuple[np.ndarray, np.ndarray]], data: Data, recipe: Recipe, index: int
) -> Epoch:
    start = time.perf_counter()
    features, targets = next(learnt)
    loss, accuracy = fitter.epoch(features, targets, recipe.rates(index, fitter.steps(len(features))))
    val_loss, val_accuracy = fitter.validate(*data.validation)
    if not (math.isfinite(loss) and math.isfinite(val_loss)):
        raise Failure(
            f"epoch {index + 1}: the loss is no longer a finite number; train with another seed, or look at the audio "
            "with `genrekit corpus check`"
        )
    return Epoch(index + 1, loss, accuracy, val_loss, val_accuracy, time.perf_counter() - start)
