"""genrekit ablation: what each option of the edge recipe is worth."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer

from ....runtime.errors import ParameterError
from ..front_end_options import FrontEnd, Hop, NFft, NMels, NMfcc, SampleRate, TopDb, Window, chosen_front_end
from ..options import CacheFolder, Dask, Data, Epochs, Jobs, Json, Model, NoCache, Split, refuse_unused


def ablation(
    context: typer.Context,
    model: Annotated[Model, typer.Argument(help="The architecture.")],
    data: Data,
    out: Annotated[Path, typer.Option(help="Write a folder per run and the table into this one.")],
    seeds: Annotated[int, typer.Option(min=1, help="Train each variant so many times, with seeds from 0.")] = 3,
    split: Split = "track",
    epochs: Epochs = None,
    only: Annotated[
        list[str], typer.Option(help="Train only the variant of this title, such as edge. May be repeated.")
    ] = [],  # noqa: B006 (typer copies it)
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
    """Train paper, edge, and edge without each of its options; compare them on the test part, as it is and in rooms.

    Runs are kept: interrupted and called again, it goes on with what is missing.

    Example: genrekit ablation cnn --data gtzan/genres_original --out ablation --seeds 3
    """
    if dask is not None:
        refuse_unused(context, ("jobs",), "a Dask cluster")
    from ....runtime.util.atomic import require_writable, write_text
    from ...experiments.ablation import caption, markdown, measure, table, variants
    from ...splits.assign import assign, require_known
    from ...splits.leakage import split_notes
    from ...training.recipes import windows_wanted
    from ..steps import open_cache, read_segments, train_model
    from ..terminal import note, print_json, print_table, say

    offered = variants(model.value, epochs)
    for title in only:
        if title not in offered:
            raise ParameterError(f"only={title}: expected one of {', '.join(offered)}")
    # The others are compared with edge.
    chosen = {title: variant for title, variant in offered.items() if not only or title in (*only, "edge")}
    config = chosen_front_end(context, [model.value])
    require_known(split)
    require_writable(out)
    kept = open_cache(cache, no_cache)
    segments = read_segments(data, jobs, config, **windows_wanted(chosen.values()), cache=kept, dask=dask)
    for sentence in split_notes(segments, assign(segments, split, seed=0), split):
        note(sentence)
    heard = read_segments(data, jobs, config, as_heard=True, cache=kept, dask=dask)
    result = measure(model.value, chosen, segments, heard, split, seeds, out / model.value, train_model)
    fields = dataclasses.asdict(result)
    note(caption(result))
    write_text(out / f"{model.value}.md", markdown(result))
    write_text(out / f"{model.value}.json", json.dumps(fields, indent=1, ensure_ascii=False) + "\n")
    if as_json:
        print_json(fields)
        return
    print_table(table(result).to_rich())
    say(out / f"{model.value}.md")
