"""genrekit corpus: make the demo corpus, check a corpus, tell of the features that are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import CacheFolder, Json

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
    from ..demo_corpus import make_demo_corpus
    from .terminal import note, progress

    with progress("composing") as update:
        tracks = make_demo_corpus(folder, tracks_per_genre, seconds, seed, jobs=-1, progress=update)
    note(f"{len(tracks)} synthetic tracks; an accuracy on them says nothing about music")
    typer.echo(folder)


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="One subfolder per genre.", show_default=False)],
    json: Json = False,
) -> None:
    """Count tracks, and find files that cannot be read and exact duplicates.

    Example: genrekit corpus check gtzan/genres_original --json
    """
    from .. import corpus
    from .terminal import print_json, progress

    found = corpus.scan(folder)
    with progress("reading") as update:
        result = corpus.check(found, update)
    if json:
        print_json(result)
        return
    if result["demo"]:
        typer.echo("demo corpus: synthetic, composed by genrekit")
    typer.echo(f"{result['tracks']} tracks, {result['seconds'] / 60:.1f} minutes")
    for genre, count in result["genres"].items():
        typer.echo(f"  {genre}: {count}")
    for item in result["unusable"]:
        typer.echo(f"unusable: {item['file']}: {item['reason']}")
    for files in result["duplicates"]:
        typer.echo(f"the same content: {', '.join(files)}")


@app.command()
def cache(
    folder: CacheFolder = None,
    clear: Annotated[bool, typer.Option("--clear", help="Remove what is kept there.")] = False,
    json: Json = False,
) -> None:
    """Where the features of corpora are kept, and how much room they take.

    Example: genrekit corpus cache --clear
    """
    from ..feature_cache import FeatureCache, default_folder
    from .terminal import note, print_json

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
