"""genrekit train, genrekit evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..options import CacheFolder, Dask, Data, Jobs, Json, ModelFile, NoCache, Split, refuse_unused

# The names stand in recipes.OPTIONS, which needs numpy; a test compares them.
Without = Annotated[
    list[str],
    typer.Option(
        help="An option of edge to switch off: normalization, schedule, best-weights, label-smoothing, mixup, "
        "masking, timbre, offsets or balancing. May be repeated.",
        show_default=False,
    ),
]


def train(
    context: typer.Context,
    model: Annotated[
        str, typer.Argument(metavar="MODEL|all", help="mlp, mlp-regularized, cnn, lstm or all.", show_default=False)
    ],
    data: Data,
    out: Annotated[Path, typer.Option(help="Gets one folder per model.", show_default=False)],
    recipe: Annotated[
        str, typer.Option(help="paper, or edge: made for tracks never heard, in the same architectures.")
    ] = "edge",
    without: Without = [],  # noqa: B006 (typer copies it)
    split: Split = "track",
    epochs: Annotated[int | None, typer.Option(help="At most; the recipe's own otherwise.", show_default=False)] = None,
    seed: Annotated[int, typer.Option(help="Of the split, the weights, the order and the augmentation.")] = 0,
    jobs: Jobs = -1,
    cache: CacheFolder = None,
    no_cache: NoCache = False,
    dask: Dask = None,
    restart: Annotated[bool, typer.Option("--restart", help="Begin anew whatever run stands in its folder.")] = False,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Keep event files under RUNS/<model>/tensorboard.")
    ] = False,
) -> None:
    """Train a model, or all four. Interrupted and run again, it continues where it stopped.

    Example: genrekit train cnn --data gtzan/genres_original --out runs
    """
    if dask is not None:
        refuse_unused(context, ("jobs",), "a Dask cluster")
    from ....runtime.util.atomic import require_writable
    from ...corpus import scan as corpus
    from ...splits.assign import require_known, require_possible, require_seed
    from ...training.recipes import recipes, shifts
    from ..steps import open_cache, read_segments, train_models

    chosen = recipes(recipe, model, epochs, without)
    require_seed(seed)
    require_known(split)
    require_possible(corpus.scan(data), split, seed)
    require_writable(out)
    kept = open_cache(cache, no_cache)
    segments = read_segments(data, jobs, shifts=shifts(chosen.values()), cache=kept, dask=dask)
    for metrics in train_models(chosen, segments, out, split, seed, restart=restart, tensorboard=tensorboard):
        typer.echo(f"{metrics['model']}: {_summary(metrics)}  {out / metrics['model']}")


def _summary(metrics: dict[str, Any]) -> str:
    from ...splits.assign import caveat

    parts = ", ".join(f"{part} {_share(metrics[part]['accuracy'])}" for part in ("train", "validation", "test"))
    return f"accuracy {parts}, test by track {_share(metrics['test_tracks']['accuracy'])}{caveat(metrics['split'])}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def evaluate(
    context: typer.Context,
    model: ModelFile,
    data: Data,
    split: Annotated[
        str | None, typer.Option(help="As for train; the one the model was trained with otherwise.", show_default=False)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of the split; the training's otherwise.", show_default=False)
    ] = None,
    jobs: Jobs = -1,
    cache: CacheFolder = None,
    no_cache: NoCache = False,
    json: Json = False,
) -> None:
    """Accuracy of a model of any format on a corpus, by part, by track, with the confusion matrix.

    Example: genrekit evaluate models/cnn-int8.tflite --data gtzan/genres_original
    """
    from ....runtime import load
    from ...evaluation import evaluate as measure
    from ...splits.assign import RANDOM, require_known, require_seed
    from ..steps import note_split, open_cache, overlap, read_segments, split_for
    from ..terminal import note, note_origin, print_json

    require_known(split)
    require_seed(seed)
    classifier = load(model)
    used = split or classifier.description.split or "track"
    if used not in RANDOM:
        refuse_unused(context, ("seed",), f"the split {used}, which is a list of tracks,")
    segments = read_segments(data, jobs, classifier.config, cache=open_cache(cache, no_cache))
    parts, chosen = split_for(classifier.description, segments, split, seed)
    note_origin(classifier.description)
    if heard := overlap(classifier.description, segments, parts):
        note(heard)
    note_split(segments, parts, chosen)
    result = {"file": str(model), **measure(classifier, segments, parts, chosen)}
    if json:
        print_json(result)
        return
    if result["corpus"]["demo"]:
        typer.echo("measured on the demo corpus")
    typer.echo(f"{model}: {_summary(result)}")
    _print_confusion(result)


def _print_confusion(result: dict[str, Any]) -> None:
    from rich.table import Table

    from ...splits.assign import caveat
    from ..terminal import print_table

    table = Table("true", *result["labels"], title=f"chosen, of the test segments{caveat(result['split'])}")
    for label, counts in zip(result["labels"], result["confusion"], strict=True):
        table.add_row(label, *map(str, counts))
    print_table(table)
