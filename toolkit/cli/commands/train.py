"""genrekit train."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from ..front_end_options import FrontEnd, Hop, NFft, NMels, NMfcc, SampleRate, TopDb, Window, chosen_front_end
from ..options import (
    AddableOption,
    CacheFolder,
    Dask,
    Data,
    EdgeOption,
    Epochs,
    Jobs,
    Json,
    Models,
    NoCache,
    Recipe,
    Split,
    refuse_unused,
)


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
    adding: Annotated[
        list[AddableOption],
        typer.Option(
            "--with",
            metavar="OPTION",
            help="Switch an option of edge on that the architecture has off: room, every other window heard in a room.",
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
    from ..steps import accuracies, open_cache, read_segments, train_models
    from ..terminal import print_json, say

    off, on = ([option.value for option in options] for options in (without, adding))
    chosen = recipes(recipe.value, model.value, epochs, off, on)
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
            say(f"{metrics.model}: {accuracies(metrics, split)}  {out / metrics.model}")
    if as_json:
        print_json(trained)
