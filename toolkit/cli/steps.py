"""What several commands do on the way: reading a corpus, training with a progress bar, choosing clips."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...runtime import MfccConfig, ModelDescription
from ...runtime.errors import CorpusError, ParameterError
from ..compute import open_executor
from ..corpus.extraction import extract
from ..corpus.feature_cache import FeatureCache, default_folder
from ..corpus.notes import segment_notes
from ..corpus.scan import scan
from ..corpus.segments import Segments
from ..evaluation.scores import Scores
from ..models import model_spec
from ..splits.assign import assign
from ..splits.leakage import caveat, split_notes
from ..training.recipes import Recipe
from ..training.run_folder import MODEL
from ..training.spec import Epoch, Metrics, Training
from ..training.train import train
from . import MODULE
from .terminal import note, progress, resumable

if TYPE_CHECKING:
    from ...bench import BenchPlan, Case, Clips, Effort


def read_segments(
    data: Path,
    jobs: int,
    config: MfccConfig = MfccConfig(),  # noqa: B008 (frozen)
    *,
    shifts: int = 1,
    rooms: int = 0,
    as_heard: bool = False,
    cache: FeatureCache | None = None,
    dask: str | None = None,
) -> Segments:
    """Scan a corpus and compute its features; report which files cannot serve, or only in part.

    Arguments and errors are those of `open_executor` and `extract`.
    """
    with open_executor(jobs, dask) as executor, progress("reading audio") as update:
        corpus = scan(data.absolute() if executor.remote else data)
        segments = extract(corpus, config, executor, update, shifts=shifts, rooms=rooms, as_heard=as_heard, cache=cache)
    for item in segments.unusable:
        note(f"left out: {item.file}: {item.reason}")
    for sentence in segment_notes(segments):
        note(sentence)
    if cache and cache.problem:
        note(f"features are not kept: {cache.problem}; or name another folder with --cache")
    if corpus.demo:
        note("demo corpus: synthetic, composed by genrekit; accuracies on it say nothing about music")
    return segments


def open_cache(folder: Path | None, no_cache: bool) -> FeatureCache | None:
    """The cache in `folder`, or where it is by default; None for --no-cache; raises ParameterError for both."""
    if no_cache and folder is not None:
        raise ParameterError(f"cache={folder}: expected no folder beside --no-cache; leave one of them out")
    if no_cache:
        return None
    try:
        return FeatureCache(folder or default_folder())
    except ImportError:
        note("features are not kept: platformdirs is not installed; name a folder with --cache")
        return None


def train_models(
    recipes: Mapping[str, Recipe],
    segments: Segments,
    out: Path,
    split: str,
    seed: int,
    *,
    restart: bool = False,
    tensorboard: bool = False,
) -> Iterator[Metrics]:
    """Train the models that `recipes` names, each into its folder under `out`; yields their metrics."""
    subsets = assign(segments, split, seed)
    for sentence in split_notes(segments, subsets, split):
        note(sentence)
    for name, recipe in recipes.items():
        training = Training(model_spec(name), recipe, segments, subsets, split, seed)
        yield train_model(training, out / name, name, restart=restart, tensorboard=tensorboard)


def train_model(
    training: Training, folder: Path, name: str, *, restart: bool = False, tensorboard: bool = False
) -> Metrics:
    """Train into `folder` with a progress bar called `name`."""
    epochs = training.recipe.epochs
    with progress(name) as update, resumable(restart):

        def on_epoch(history: list[Epoch], total: int) -> None:
            row = history[-1]
            state = f"epoch {row.epoch}, loss {row.loss:.3f}, accuracy {row.accuracy:.3f}"
            update(len(history), total, f"{name}: {state}, validation accuracy {row.val_accuracy:.3f}")

        def on_resume(done: int) -> None:
            note(f"{name}: continues at epoch {done + 1} of {epochs}")

        return train(training, folder, on_epoch, on_resume=on_resume, restart=restart, tensorboard=tensorboard)


def accuracies(scores: Scores, split: str) -> str:
    """The accuracies of a model on each subset, and what the split means for them."""
    subsets = ", ".join(f"{name} {short(getattr(scores, name).accuracy)}" for name in ("train", "validation", "test"))
    return f"accuracy {subsets}, test by track {short(scores.test_tracks.accuracy)}{caveat(split)}"


def short(value: float | None) -> str:
    """A fraction with three digits; a dash for none."""
    return "-" if value is None else f"{value:.3f}"


@contextlib.contextmanager
def temporary_clips(
    segments: Segments, subsets: np.ndarray, split: str, trained: Iterable[ModelDescription]
) -> Iterator[Clips]:
    """The audio of the test subset, in a temporary folder while the block runs, for models that were so `trained`."""
    from ..exporting.bench_inputs import save_clips

    with tempfile.TemporaryDirectory(prefix="genrekit-bench-") as folder:
        yield save_clips(Path(folder), segments, subsets, split, trained)


def bench_plan(
    cases: Sequence[Case], clips: Clips, runs: dict[str, Path], effort: Effort, *, baseline: bool = False
) -> BenchPlan:
    """What to measure on `clips`, beside the Keras models in the folders of `runs`; `baseline`: librosa, too."""
    from ...bench import BenchPlan, run
    from ..experiments.paper.published import TRAINING
    from ..exporting.bench_inputs import training_rows

    references = {name: folder / MODEL for name, folder in runs.items()}
    return BenchPlan(
        tuple(cases),
        clips,
        run.keras_labels(references, clips),
        baselines=run.baseline_cases(references) if baseline else (),
        effort=effort,
        training=training_rows(runs),
        training_reference=TRAINING,
        cold_start=MODULE,
    )


def split_for(
    description: ModelDescription, segments: Segments, split: str | None, seed: int | None
) -> tuple[np.ndarray, str]:
    """The subset of each segment under `split` and `seed`, or under those the model was trained with.

    Raises CorpusError where the corpus has other genres than the model.
    """
    if description.labels != segments.corpus.labels:
        raise CorpusError(
            f"{segments.corpus.folder}: expected the model's genres {', '.join(description.labels)}, found "
            f"{', '.join(segments.corpus.labels)}; name the corpus that fits the model"
        )
    chosen = split or description.split or "track"
    return assign(segments, chosen, description.seed or 0 if seed is None else seed), chosen
