"""genrekit ablation: what each option of the edge recipe is worth."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Annotated, Any

import typer

from ..options import CacheFolder, Dask, Data, Jobs, NoCache, Split, refuse_unused


def ablation(
    context: typer.Context,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="mlp, mlp-regularized, cnn or lstm.")],
    data: Data,
    out: Annotated[Path, typer.Option(help="Gets a folder per run and the table.", show_default=False)],
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each variant, with seeds from 0.")] = 3,
    split: Split = "track",
    epochs: Annotated[int | None, typer.Option(help="At most; the recipe's own otherwise.", show_default=False)] = None,
    only: Annotated[
        list[str], typer.Option(help="A variant by its title, such as edge; may be repeated.", show_default=False)
    ] = [],  # noqa: B006 (typer copies it)
    jobs: Jobs = -1,
    cache: CacheFolder = None,
    no_cache: NoCache = False,
    dask: Dask = None,
) -> None:
    """Train paper, edge, and edge without each of its options; compare them on the test part.

    Runs are kept: interrupted and called again, it goes on with what is missing.

    Example: genrekit ablation cnn --data gtzan/genres_original --out ablation --seeds 3
    """
    if dask is not None:
        refuse_unused(context, ("jobs",), "a Dask cluster")
    from ....runtime.util.atomic import require_writable, write_text
    from ...experiments import ablation as table
    from ...models import model_spec
    from ...splits.assign import require_known
    from ...training.recipes import shifts
    from ..steps import open_cache, read_segments
    from ..terminal import note, print_table

    variants = _chosen(table.variants(model_spec(model).name, epochs), only)
    require_known(split)
    require_writable(out)
    segments = read_segments(data, jobs, shifts=shifts(variants.values()), cache=open_cache(cache, no_cache), dask=dask)
    result = _measure(model, variants, segments, split, range(seeds), out)
    print_table(_rich(result))
    note(table.caption(result))
    write_text(out / f"{model}.md", table.markdown(result))
    _write_json(out / f"{model}.json", result)
    typer.echo(out / f"{model}.md")


def _chosen(variants: dict[str, Any], only: list[str]) -> dict[str, Any]:
    from ....runtime.errors import ParameterError

    for title in only:
        if title not in variants:
            raise ParameterError(f"only={title}: expected one of {', '.join(variants)}")
    # The others are compared with edge.
    return {title: variant for title, variant in variants.items() if not only or title in (*only, "edge")}


def _measure(
    model: str, variants: dict[str, Any], segments: Any, split: str, seeds: range, out: Path
) -> dict[str, Any]:
    from ...evaluation import corpus_facts, repeats_of
    from ...experiments import ablation
    from ...models import model_spec
    from ...splits import assign as splits
    from ...training.spec import Training
    from ..steps import note_split, train_model

    metrics: dict[str, list[dict[str, Any]]] = {title: [] for title in variants}
    for seed in seeds:
        parts = splits.assign(segments, split, seed)
        if seed == seeds[0]:
            note_split(segments, parts, split)
        for title, recipe in variants.items():
            training = Training(model_spec(model), recipe, segments, parts, split, seed)
            folder = out / model / ablation.folder_name(title, seed)
            metrics[title].append(train_model(training, folder, f"{model}, {title}, seed {seed}"))
    return {
        "schema": ablation.SCHEMA,
        "model": model,
        "split": split,
        "segments_leak": splits.leaks(split),
        "repeats_apart": repeats_of(itertools.chain(*metrics.values())),
        "seeds": list(seeds),
        "corpus": corpus_facts(segments),
        "rows": ablation.summarize(metrics),
    }


def _rich(result: dict[str, Any]) -> Any:
    from rich.table import Table

    from ...experiments.ablation import cells, headings

    table = Table(title=f"{result['model']}: accuracy")
    for place, heading in enumerate(headings()):
        table.add_column(heading, no_wrap=place == 0)
    for row in result["rows"]:
        table.add_row(*cells(row))
    return table


def _write_json(path: Path, result: dict[str, Any]) -> None:
    import json

    from ....runtime.util.atomic import write_text

    write_text(path, json.dumps(result, indent=1, ensure_ascii=False) + "\n")
