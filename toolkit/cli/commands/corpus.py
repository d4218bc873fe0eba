"""genrekit corpus: make the demo corpus, check a corpus, tell of the features that are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..options import CacheFolder, Jobs, Json

app = typer.Typer(help="Make the demo corpus, check a corpus, or clear kept features.", no_args_is_help=True)


@app.command()
def make(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to put it.", show_default=False)],
    tracks_per_genre: Annotated[int, typer.Option(help="Tracks of each of the ten genres.")] = 20,
    seconds: Annotated[float, typer.Option(help="Length of a track.")] = 30.0,
    seed: Annotated[int, typer.Option(help="Another seed composes other tracks.")] = 0,
) -> None:
    """Compose the demo corpus: ten genre-like styles, a stand-in to learn the tool on, not music to judge a model by.

    Example: genrekit corpus make demo --tracks-per-genre 20
    """
    from ...demo_corpus import make_demo_corpus
    from ..terminal import note, progress

    with progress("composing") as update:
        tracks = make_demo_corpus(folder, tracks_per_genre, seconds, seed, jobs=-1, progress=update)
    note(f"{len(tracks)} synthetic tracks; an accuracy on them says nothing about music")
    typer.echo(folder)


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="One subfolder per genre.", show_default=False)],
    jobs: Jobs = -1,
    json: Json = False,
) -> None:
    """Find what cannot be read, repeats and near repeats, silence, clipping, odd formats and unbalanced genres.

    Example: genrekit corpus check gtzan/genres_original --json
    """
    from ...compute import Processes
    from ...corpus import scan as corpus
    from ...corpus_audit import audit, report
    from ..terminal import print_json, progress

    executor = Processes(jobs)
    found = corpus.scan(folder)
    with progress("reading audio") as update:
        result = audit.check(found, executor, update)
    if json:
        print_json(result)
        return
    if result["demo"]:
        typer.echo("demo corpus: synthetic, composed by genrekit")
    for line in report.report(result):
        typer.echo(line)


@app.command()
def cache(
    folder: CacheFolder = None,
    clear: Annotated[bool, typer.Option("--clear", help="Remove what is kept there.")] = False,
    json: Json = False,
) -> None:
    """Where the features of corpora are kept, and how much room they take.

    Example: genrekit corpus cache --clear
    """
    from ...corpus.feature_cache import FeatureCache, default_folder
    from ..terminal import note, print_json

    kept = FeatureCache(folder or default_folder())
    entries, size = kept.size()
    if clear:
        kept.clear()
        note(f"removed the features of {entries} tracks, {size / 1e6:.1f} MB")
        entries, size = kept.size()
    if json:
        print_json({"folder": str(kept.folder), "entries": entries, "bytes": size})
    else:
        typer.echo(f"{kept.folder}: the features of {entries} tracks, {size / 1e6:.1f} MB")
