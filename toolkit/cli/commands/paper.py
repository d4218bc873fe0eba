"""genrekit paper."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from ....runtime.errors import ParameterError
from ..options import CacheFolder, Dask, Data, Jobs, NoCache, refuse_unused


def paper(
    context: typer.Context,
    data: Data,
    out: Annotated[Path, typer.Option(help="Gets the runs and the report.", show_default=False)],
    seeds: Annotated[int, typer.Option(help="Trainings of each model: seeds 0, 1, ...")] = 3,
    smoke: Annotated[bool, typer.Option("--smoke", help="Two or three epochs, to see that it works.")] = False,
    jobs: Jobs = -1,
    cache: CacheFolder = None,
    no_cache: NoCache = False,
    dask: Dask = None,
) -> None:
    """The paper's tables and figures again, on your corpus, beside the printed ones.

    Interrupted and run again, it continues where it stopped. On the whole GTZAN it trains for hours.

    Example: genrekit paper --data gtzan/genres_original --out paper
    """
    if dask is not None:
        refuse_unused(context, ("jobs",), "a Dask cluster")
    from ....runtime.util.atomic import require_writable, write_text
    from ...experiments.paper import report
    from ...experiments.paper.reproduction import reproduce
    from ..steps import open_cache, read_segments
    from ..terminal import progress, resumable

    if seeds < 1:
        raise ParameterError(f"seeds={seeds}: expected at least 1; leave --seeds out for three")
    require_writable(out)
    segments = read_segments(data, jobs, cache=open_cache(cache, no_cache), dask=dask)
    folder = out / "smoke" if smoke else out
    with progress("training") as update:

        def on_epoch(name: str, history: list[dict[str, Any]], epochs: int) -> None:
            update(len(history), epochs, name)

        with resumable():
            result = reproduce(segments, folder, seeds=seeds, smoke=smoke, on_epoch=on_epoch)
    text = report.markdown(result)
    write_text(folder / "paper.json", json.dumps(result, indent=1) + "\n")
    write_text(folder / "paper.md", text)
    write_text(folder / "paper.html", report.html(result))
    typer.echo(text)
    for name in ("runs", "paper.json", "paper.md", "paper.html"):
        typer.echo(folder / name)
