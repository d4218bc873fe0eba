"""genrekit ablation: what each option of the edge recipe is worth."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ....runtime.errors import ParameterError
from ..front_end_options import FrontEnd, Hop, NFft, NMels, NMfcc, SampleRate, TopDb, Window, chosen_front_end
from ..options import CacheFolder, Dask, Data, Epochs, Jobs, Json, Model, NoCache, Split, refuse_unused

if TYPE_CHECKING:
    from ....runtime import MfccConfig
    from ...corpus.segments import Segments


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
    """Train paper, edge, and edge without each of its options and without top_db; compare them on the test part.

    The test part is taken as it is and as heard in rooms.

    Runs are kept: interrupted and called again, it goes on with what is missing.

    Example: genrekit ablation cnn --data gtzan/genres_original --out ablation --seeds 3
    """
    if dask is not None:
        refuse_unused(context, ("jobs",), "a Dask cluster")
    from ....runtime.util.atomic import require_writable, write_text
    from ...experiments.ablation import WITHOUT_TOP_DB, Variant, caption, markdown, measure, table, variants
    from ...splits.assign import assign, require_known
    from ...splits.leakage import split_notes
    from ...training.recipes import windows_wanted
    from ..steps import open_cache, read_segments, train_model
    from ..terminal import note, print_json, print_table, say

    config = chosen_front_end(context, [model.value])
    offered = variants(model.value, epochs)
    if config.top_db is not None:
        offered[WITHOUT_TOP_DB] = offered["edge"]
    for title in only:
        if title not in offered:
            raise ParameterError(f"only={title}: expected one of {', '.join(offered)}")
    # The others are compared with edge.
    chosen = {title: recipe for title, recipe in offered.items() if not only or title in (*only, "edge")}
    require_known(split)
    require_writable(out)
    kept = open_cache(cache, no_cache)

    def read(config: MfccConfig) -> tuple[Segments, Segments]:
        wanted = windows_wanted(chosen.values())
        segments = read_segments(data, jobs, config, **wanted, cache=kept, dask=dask)
        return segments, read_segments(data, jobs, config, as_heard=True, cache=kept, dask=dask)

    segments, heard = read(config)
    for sentence in split_notes(segments, assign(segments, split, seed=0), split):
        note(sentence)
    compared = {title: Variant(recipe, segments, heard) for title, recipe in chosen.items()}
    if WITHOUT_TOP_DB in chosen:
        compared[WITHOUT_TOP_DB] = Variant(chosen[WITHOUT_TOP_DB], *read(dataclasses.replace(config, top_db=None)))
    result = measure(model.value, compared, split, seeds, out / model.value, train_model)
    fields = dataclasses.asdict(result)
    note(caption(result))
    write_text(out / f"{model.value}.md", markdown(result))
    write_text(out / f"{model.value}.json", json.dumps(fields, indent=1, ensure_ascii=False) + "\n")
    if as_json:
        print_json(fields)
        return
    print_table(table(result).to_rich())
    say(out / f"{model.value}.md")
