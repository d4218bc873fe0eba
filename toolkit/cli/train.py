"""genrekit train, genrekit evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .options import Data, Jobs, Json, ModelFile, Split

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
    restart: Annotated[bool, typer.Option("--restart", help="Begin anew whatever run stands in its folder.")] = False,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Keep event files under RUNS/<model>/tensorboard.")
    ] = False,
) -> None:
    """Train a model, or all four. Interrupted and run again, it continues where it stopped.

    Example: genrekit train cnn --data gtzan/genres_original --out runs
    """
    from ...runtime.atomic import require_writable
    from ..recipes import recipes, shifts
    from ..splits import require_known, require_seed
    from .work import read_segments, train_models

    chosen = recipes(recipe, model, epochs, without)
    require_seed(seed)
    require_known(split)
    require_writable(out)
    segments = read_segments(data, jobs, shifts=shifts(chosen.values()))
    for metrics in train_models(chosen, segments, out, split, seed, restart=restart, tensorboard=tensorboard):
        typer.echo(f"{metrics['model']}: {_summary(metrics)}  {out / metrics['model']}")


def _summary(metrics: dict[str, Any]) -> str:
    parts = ", ".join(f"{part} {_share(metrics[part]['accuracy'])}" for part in ("train", "validation", "test"))
    return f"accuracy {parts}, test by track {_share(metrics['test_tracks']['accuracy'])}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def evaluate(
    model: ModelFile,
    data: Data,
    split: Annotated[
        str | None, typer.Option(help="As for train; the one the model was trained with otherwise.", show_default=False)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of the split; the training's otherwise.", show_default=False)
    ] = None,
    jobs: Jobs = -1,
    json: Json = False,
) -> None:
    """Accuracy of a model of any format on a corpus, by part, by track, with the confusion matrix.

    Example: genrekit evaluate models/cnn-int8.tflite --data gtzan/genres_original
    """
    from ...runtime import load
    from ..evaluation import evaluate as measure
    from ..splits import require_known, require_seed
    from .terminal import note, note_origin, print_json
    from .work import overlap, read_segments, split_for

    require_known(split)
    require_seed(seed)
    classifier = load(model)
    segments = read_segments(data, jobs, classifier.config)
    parts, chosen = split_for(classifier.description, segments, split, seed)
    note_origin(classifier.description)
    if heard := overlap(classifier.description, segments, chosen, seed):
        note(heard)
    result = {"file": str(model), **measure(classifier, segments, parts, chosen)}
    if json:
        print_json(result)
        return
    if result["corpus"]["demo"]:
        typer.echo("measured on the demo corpus")
    if result["segments_leak"]:
        typer.echo("split by segment: segments of one track stand on both sides, which flatters the result")
    typer.echo(f"{model}: {_summary(result)}")
    _print_confusion(result["confusion"], result["labels"])


def _print_confusion(confusion: list[list[int]], labels: list[str]) -> None:
    from rich.table import Table

    from .terminal import print_table

    table = Table("true", *labels, title="chosen, of the test segments")
    for label, counts in zip(labels, confusion, strict=True):
        table.add_row(label, *map(str, counts))
    print_table(table)
