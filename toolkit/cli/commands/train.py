"""genrekit train, genrekit evaluate."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..front_end_options import FrontEnd, Hop, NFft, NMels, NMfcc, SampleRate, TopDb, Window, chosen_front_end
from ..options import (
    CacheFolder,
    Dask,
    Data,
    EdgeOption,
    Epochs,
    Jobs,
    Json,
    ModelFile,
    Models,
    NoCache,
    Recipe,
    Split,
    SplitOfModel,
    refuse_unused,
)

if TYPE_CHECKING:
    from ...evaluation import Evaluation, Scores


def train(
    context: typer.Context,
    model: Annotated[Models, typer.Argument(help="The architecture, or all of them.")],
    data: Data,
    out: Annotated[Path, typer.Option(help="Write one folder per model into this one.")],
    recipe: Annotated[
        Recipe, typer.Option(help="Train as the paper did, or for tracks the model does not know (edge).")
    ] = Recipe.EDGE,
    without: Annotated[
        list[EdgeOption],
        typer.Option(
            metavar="OPTION",
            help=f"Switch an option of edge off: {', '.join(option.value for option in EdgeOption)}. May be repeated.",
        ),
    ] = [],  # noqa: B006 (typer copies it)
    split: Split = "track",
    epochs: Epochs = None,
    seed: Annotated[int, typer.Option(help="Set the split, the weights, the order and the augmentation.")] = 0,
    front_end: FrontEnd = "music",
    sample_rate: SampleRate = None,
    window: Window = None,
    n_fft: NFft = None,
    hop: Hop = None,
    n_mels: NMels = None,
    n_mfcc: NMfcc = None,
    top_db: TopDb = None,
    jobs: Jobs = -1,
    cache: CacheFolder = None,
    no_cache: NoCache = False,
    dask: Dask = None,
    restart: Annotated[bool, typer.Option("--restart", help="Begin anew whatever run stands in its folder.")] = False,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Keep event files under RUNS/<model>/tensorboard.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Train a model, or all four. Interrupted and run again, it continues where it stopped.

    Example: genrekit train cnn --data gtzan/genres_original --out runs
    """
    if dask is not None:
        refuse_unused(context, ("jobs",), "a Dask cluster")
    from ....runtime.util.atomic import require_writable
    from ...corpus.scan import scan
    from ...splits.assign import require_known, require_possible, require_seed
    from ...training.recipes import recipes, windows_wanted
    from ..steps import open_cache, read_segments, train_models
    from ..terminal import print_json, say

    chosen = recipes(recipe.value, model.value, epochs, [option.value for option in without])
    config = chosen_front_end(context, chosen)
    require_seed(seed)
    require_known(split)
    require_possible(scan(data), split, seed)
    require_writable(out)
    kept = open_cache(cache, no_cache)
    segments = read_segments(data, jobs, config, **windows_wanted(chosen.values()), cache=kept, dask=dask)
    trained = []
    for metrics in train_models(chosen, segments, out, split, seed, restart=restart, tensorboard=tensorboard):
        trained.append(dataclasses.asdict(metrics))
        if not as_json:
            say(f"{metrics.model}: {_summary(metrics, split)}  {out / metrics.model}")
    if as_json:
        print_json(trained)


def _summary(scores: Scores, split: str) -> str:
    from ...splits.leakage import caveat

    subsets = ", ".join(f"{name} {_short(getattr(scores, name).accuracy)}" for name in ("train", "validation", "test"))
    return f"accuracy {subsets}, test by track {_short(scores.test_tracks.accuracy)}{caveat(split)}"


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def evaluate(
    context: typer.Context,
    model: ModelFile,
    data: Data,
    split: SplitOfModel = None,
    seed: Annotated[int | None, typer.Option(help="Set the split. Without it, the seed of the training.")] = None,
    jobs: Jobs = -1,
    cache: CacheFolder = None,
    no_cache: NoCache = False,
    as_json: Json = False,
) -> None:
    """Measure a model of any format on a corpus: accuracy by part and by track, with the confusion matrix.

    Example: genrekit evaluate models/cnn-int8.tflite --data gtzan/genres_original
    """
    from ....runtime import load
    from ...evaluation import evaluate as measure
    from ...splits.assign import RANDOM, require_known, require_seed
    from ...splits.leakage import overlap_note, split_notes
    from ..steps import open_cache, read_segments, split_for
    from ..terminal import note, note_origin, print_json, say

    require_known(split)
    require_seed(seed)
    classifier = load(model)
    used = split or classifier.description.split or "track"
    if used not in RANDOM:
        refuse_unused(context, ("seed",), f"the split {used}, which is a list of tracks,")
    segments = read_segments(data, jobs, classifier.config, cache=open_cache(cache, no_cache))
    subsets, chosen = split_for(classifier.description, segments, split, seed)
    note_origin(classifier.description)
    if sentence := overlap_note(classifier.description, segments, subsets):
        note(sentence)
    for sentence in split_notes(segments, subsets, chosen):
        note(sentence)
    result = measure(classifier, segments, subsets, chosen)
    if as_json:
        print_json({"file": str(model), **dataclasses.asdict(result)})
        return
    if result.corpus.demo:
        say("measured on the demo corpus")
    say(f"{model}: {_summary(result, chosen)}")
    if result.unknown is not None:
        say(
            f"of the test windows {result.unknown:.1%} are answered with unknown; accuracy of the others "
            f"{_short(result.answered_accuracy)}"
        )
    _print_confusion(result)


def _print_confusion(result: Evaluation) -> None:
    from rich.table import Table

    from ...splits.leakage import caveat
    from ..terminal import print_table

    table = Table("true", *result.labels, title=f"chosen, of the test segments{caveat(result.split)}")
    for label, counts in zip(result.labels, result.confusion, strict=True):
        table.add_row(label, *map(str, counts))
    print_table(table)
