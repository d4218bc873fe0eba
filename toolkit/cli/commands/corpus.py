"""genrekit corpus: make the demo corpus, check a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..options import Jobs, Json

app = typer.Typer(help="Make the demo corpus, or check a corpus.", no_args_is_help=True)


@app.command()
def make(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to put it into.")],
    tracks_per_genre: Annotated[int, typer.Option(help="Compose so many tracks of each of the ten genres.")] = 20,
    seconds: Annotated[float, typer.Option(help="Make each track so many seconds long.")] = 30.0,
    seed: Annotated[int, typer.Option(help="Start from this seed; another one composes other tracks.")] = 0,
    as_json: Json = False,
) -> None:
    """Compose the demo corpus: ten genre-like styles, a stand-in to learn the tool on, not music to judge a model by.

    Example: genrekit corpus make demo --tracks-per-genre 20
    """
    from ...demo_corpus import make_demo_corpus
    from ..terminal import note, print_json, progress, say

    with progress("composing") as update:
        tracks = make_demo_corpus(folder, tracks_per_genre, seconds, seed, jobs=-1, progress=update)
    note(f"{len(tracks)} synthetic tracks; an accuracy on them says nothing about music")
    if as_json:
        print_json({"folder": str(folder), "tracks": len(tracks)})
    else:
        say(folder)


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder with one subfolder per genre.")],
    jobs: Jobs = -1,
    as_json: Json = False,
) -> None:
    """Find what cannot be read, duplicates and near duplicates, silence, clipping, odd formats and unbalanced genres.

    Example: genrekit corpus check gtzan/genres_original --json
    """
    from ...compute import Processes
    from ...corpus.scan import scan
    from ...corpus_audit import audit, report
    from ..terminal import print_json, progress, say

    executor = Processes(jobs)
    corpus = scan(folder)
    with progress("reading audio") as update:
        result = audit.check(corpus, executor, update)
    if as_json:
        print_json(result)
        return
    if result["demo"]:
        say("demo corpus: synthetic, composed by genrekit")
    for line in report.report(result):
        say(line)
