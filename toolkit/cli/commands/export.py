"""genrekit export, genrekit inspect."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..options import CacheFolder, Json, ModelFile, NoCache, refuse_unused


def export(
    context: typer.Context,
    run: Annotated[
        Path,
        typer.Argument(
            metavar="RUN", help="A folder from genrekit train; or a .keras file or SavedModel.", show_default=False
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the files.", show_default=False)],
    format: Annotated[
        list[str] | None, typer.Option(help="tflite or onnx; both otherwise.", show_default=False)
    ] = None,
    precision: Annotated[
        list[str] | None, typer.Option(help="float32, float16, dynamic or int8; all otherwise.", show_default=False)
    ] = None,
    target: Annotated[str, typer.Option(help="litert, tflite-runtime or micro.")] = "litert",
    batch: Annotated[str, typer.Option(help="Windows a call: 1, or dynamic for servers (onnx).")] = "1",
    data: Annotated[
        Path | None,
        typer.Option(help="Corpus to quantise and check with; the run's own segments otherwise.", show_default=False),
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(help="Of a model of your own: a file, one label a line.", show_default=False)
    ] = None,
    front_end: Annotated[
        Path | None, typer.Option(help="Of a model of your own: JSON, fields of MfccConfig.", show_default=False)
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep a file that does not agree, under a name that says so.")
    ] = False,
    cache: CacheFolder = None,
    no_cache: NoCache = False,
) -> None:
    """Convert a trained model, check each file against Keras, and remove those that do not agree.

    A model that genrekit did not train needs --labels, --front-end and --data.

    Example: genrekit export runs/cnn --out models --format tflite --precision int8
    """
    from ....runtime.util.atomic import require_writable
    from ...exporting.export_run import export_run, parse_batch, variants
    from ...exporting.external_run import foreign_run, is_foreign
    from ...training.run_folder import is_run, load_run
    from ..steps import open_cache
    from ..terminal import progress

    if is_run(run):
        refuse_unused(context, ("labels", "front_end"), f"{run}, which genrekit trained and which says them itself,")
    if data is None:
        refuse_unused(
            context, ("cache", "no_cache"), "an export with the run's own segments", "name --data, or leave it out"
        )
    size = parse_batch(batch)
    wanted = variants(format or (), precision or (), target, size)
    require_writable(out)
    kept = open_cache(cache, no_cache)
    own = labels is not None or front_end is not None or is_foreign(run)
    loaded = foreign_run(run, labels, front_end) if own else load_run(run)
    done = 0

    def tell(row: dict[str, Any]) -> None:
        nonlocal done
        done += 1
        _print_row(out, row)
        update(done, len(wanted))

    with progress("exporting") as update:
        rows = export_run(loaded, out, wanted, target, data, keep, size, tell, kept)
    if failed := [row["exit_code"] for row in rows if not row["passed"]]:
        raise typer.Exit(min(failed))


def _print_row(out: Path, row: dict[str, Any]) -> None:
    if row["passed"]:
        typer.echo(
            f"{out / row['file']}  {row['bytes'] / 1024:.0f} KiB  largest error {row['max_abs_error']:.2g}  "
            f"agreement {row['top1_agreement']:.1%}{''.join(f' ({reason})' for reason in row['reasons'])}"
        )
    else:
        typer.echo(f"genrekit: {row['error']}", err=True)


def inspect(model: ModelFile, json: Json = False) -> None:
    """What a model file is: labels, front end, tensors, operators, size and its whole description.

    Example: genrekit inspect cnn-int8.tflite
    """
    from ...exporting.inspect import inspect_model
    from ..terminal import print_json, print_table

    found = inspect_model(model)
    if json:
        print_json(found)
    else:
        print_table(_inspection_table(found))


def _inspection_table(found: dict[str, Any]) -> Any:
    from rich.table import Table

    from ...splits.assign import caveat

    table = Table(title=found["file"], show_header=False, title_justify="left")
    for name in ("model", "format", "precision"):
        table.add_row(name, found[name])
    table.add_row("labels", ", ".join(found["labels"]))
    table.add_row("front end", _pairs(found["front_end"]))
    for end in ("input", "output"):
        table.add_row(end, _pairs(found[end]))
    table.add_row("operators", ", ".join(f"{count} {name}" for name, count in found["ops"].items()))
    for name in ("parameters", "macs", "bytes"):
        table.add_row(name, "-" if found[name] is None else f"{found[name]:,}")
    table.add_row("sha256", found["sha256"])
    shown = {"model", "labels", "front_end", "format", "precision", "parameters", "macs"}
    for name, value in found["description"].items():
        if name not in shown and value not in (None, {}, ()):
            text = _pairs(value) if isinstance(value, dict) else str(value)
            flattered = caveat(found["description"]["split"]) if name == "accuracy" else ""
            table.add_row(name.replace("_", " "), text + flattered)
    return table


def _pairs(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} {_short(value)}" for name, value in values.items())


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"[{', '.join(map(_short, value))}]" if isinstance(value, (list, tuple)) else str(value)
