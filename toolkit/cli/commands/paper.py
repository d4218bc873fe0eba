"""genrekit paper."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ....runtime.errors import ParameterError
from ..front_end_options import FrontEnd, Hop, NFft, NMels, NMfcc, SampleRate, TopDb, Window, chosen_front_end
from ..options import CacheFolder, Dask, Data, Jobs, Json, NoCache, refuse_unused

if TYPE_CHECKING:
    from ...training.spec import Epoch


def paper(
    context: typer.Context,
    data: Data,
    out: Annotated[Path, typer.Option(help="Write the runs and the report into this folder.")],
    seeds: Annotated[int, typer.Option(help="Train each model so many times, with seeds from 0.")] = 3,
    smoke: Annotated[bool, typer.Option("--smoke", help="Train two or three epochs, to see that it works.")] = False,
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
    as_json: Json = False,
) -> None:
    """Make the paper's tables and figures again, on your corpus, beside the printed ones.

    Interrupted and run again, it continues where it stopped. On the whole GTZAN it trains for hours.

    Example: genrekit paper --data gtzan/genres_original --out paper
    """
    if dask is not None:
        refuse_unused(context, ("jobs",), "a Dask cluster")
    from ....runtime.util.atomic import require_writable, write_text
    from ...experiments.paper import report
    from ...experiments.paper.reproduction import reproduce
    from ...models import MODELS
    from ..steps import open_cache, read_segments
    from ..terminal import print_json, progress, resumable, say, say_lines

    if seeds < 1:
        raise ParameterError(f"seeds={seeds}: expected at least 1; leave --seeds out for three")
    config = chosen_front_end(context, MODELS)
    require_writable(out)
    segments = read_segments(data, jobs, config, cache=open_cache(cache, no_cache), dask=dask)
    folder = out / "smoke" if smoke else out
    with progress("training") as update, resumable():

        def on_epoch(name: str, history: Sequence[Epoch], epochs: int) -> None:
            update(len(history), epochs, name)

        result = reproduce(segments, folder, seeds=seeds, smoke=smoke, on_epoch=on_epoch)
    fields, text = dataclasses.asdict(result), report.markdown(result)
    write_text(folder / "paper.json", json.dumps(fields, indent=1) + "\n")
    write_text(folder / "paper.md", text)
    write_text(folder / "paper.html", report.html(result))
    if as_json:
        print_json(fields)
        return
    say_lines(text)
    for name in ("runs", "paper.json", "paper.md", "paper.html"):
        say(folder / name)
