"""genrekit export, genrekit inspect."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..options import Batch, CacheFolder, Format, Input, Json, ModelFile, NoCache, Precision, Target, refuse_unused

if TYPE_CHECKING:
    from rich.table import Table


def export(
    context: typer.Context,
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="A folder from genrekit train; or a .keras file or SavedModel.")
    ],
    out: Annotated[Path, typer.Option(help="Write the files into this folder.")],
    format: Annotated[list[Format], typer.Option(help="Make files of this format. Without it, of both.")] = [],  # noqa: B006 (typer copies it)
    precision: Annotated[list[Precision], typer.Option(help="Make files of this precision. Without it, of all.")] = [],  # noqa: B006 (typer copies it)
    target: Annotated[
        Target, typer.Option(help="Make TFLite files for this engine; c: folders of C; web: pages.")
    ] = Target.LITERT,
    input: Annotated[
        Input,
        typer.Option(
            help="Make files that take features, which genrekit computes; or audio, with the front end inside, for "
            "whatever runs TFLite or ONNX."
        ),
    ] = Input.FEATURES,
    float_io: Annotated[
        bool,
        typer.Option(
            "--float-io",
            help="Make an int8 file that takes and gives floats, as LiteRT.js needs it (tflite for litert).",
        ),
    ] = False,
    batch: Annotated[
        Batch, typer.Option(help="Take so many windows a call; dynamic is for servers (onnx).")
    ] = Batch.ONE,
    data: Annotated[
        Path | None,
        typer.Option(help="Quantise and check with this corpus. Without it, with segments that the run kept."),
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(help="Read the labels of a model of your own from this file, one label a line.")
    ] = None,
    front_end: Annotated[
        Path | None,
        typer.Option(help="Read the front end of a model of your own from this JSON: fields of MfccConfig."),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep a file that does not agree, under a name that says so.")
    ] = False,
    max_ram: Annotated[
        int | None,
        typer.Option(metavar="BYTES", min=1, help="Keep a folder of C only if it takes no more memory on a board."),
    ] = None,
    cache: CacheFolder = None,
    no_cache: NoCache = False,
    as_json: Json = False,
) -> None:
    """Convert a trained model, check each file against Keras, and remove those that do not agree.

    A model that genrekit did not train needs --labels, --front-end and --data.

    Example: genrekit export runs/cnn --out models --format tflite --precision int8

    Example: genrekit export runs/cnn --out models --format tflite --input audio
    """
    from ....runtime.util.atomic import require_writable
    from ...exporting.export_run import ExportPlan, export_run, features_of
    from ...exporting.external_run import external_run, is_external
    from ...training.run_folder import is_run, load_run
    from ..steps import open_cache
    from ..terminal import note, print_json, progress, say

    if is_run(run):
        refuse_unused(context, ("labels", "front_end"), f"{run}, which genrekit trained and which says them itself,")
    if data is None:
        refuse_unused(
            context, ("cache", "no_cache"), "an export with the run's own segments", "name --data, or leave it out"
        )
    if target is not Target.C:
        refuse_unused(context, ("max_ram",), f"target {target.value}", "export with --target c, or leave it out")
    if input is Input.AUDIO:
        refuse_unused(context, ("float_io",), "a file that takes audio, which takes and gives floats anyway,")
    if target is Target.WEB:
        refuse_unused(context, ("keep",), "a page", "leave it out; a page that does not agree is not made")
    formats, precisions = [chosen.value for chosen in format], [chosen.value for chosen in precision]
    plan = ExportPlan.of(
        formats, precisions, target.value, 1 if batch is Batch.ONE else None, keep, max_ram, input.value, float_io
    )
    require_writable(out)
    kept = open_cache(cache, no_cache)
    own = labels is not None or front_end is not None or is_external(run)
    loaded = external_run(run, labels, front_end) if own else load_run(run)
    features = features_of(loaded, data, kept) if data else None
    rows: list[dict[str, Any]] = []
    with progress("exporting") as update:

        def on_file(row: dict[str, Any]) -> None:
            rows.append(row)
            if not row["passed"]:
                note(f"genrekit: {row['error']}")
            elif not as_json:
                reasons = "".join(f" ({reason})" for reason in row["reasons"])
                if target is Target.C:
                    reasons = f"{_memory(row, loaded.description.front_end.top_db)}{reasons}"
                say(
                    f"{out / row['file']}  {row['bytes'] / 1024:.0f} KiB  largest error {row['max_abs_error']:.2g}  "
                    f"agreement {row['top1_agreement']:.1%}{reasons}"
                )
            update(len(rows), len(plan.variants))

        export_run(loaded, out, plan, features, on_file)
    if as_json:
        print_json(rows)
    if failed := [row["exit_code"] for row in rows if not row["passed"]]:
        raise typer.Exit(min(failed))  # 1, a failure of ours, before 2, a mistake of the user's


def _memory(row: dict[str, Any], top_db: float | None) -> str:
    """What a folder of C takes on a board, and would take with another front end."""
    without = "" if top_db is None else f", {row['board_state_bytes_without_top_db'] / 1024:.0f} without top_db"
    return f"  memory on a board {row['board_state_bytes'] / 1024:.0f} KiB{without}"


def inspect(model: ModelFile, as_json: Json = False) -> None:
    """Show what a model file or a folder of C is: labels, front end, tensors, operators, size and whole description.

    It also says which runtimes take it, or why not: LiteRT.js takes an int8 file only if exported with --float-io.

    Example: genrekit inspect cnn-int8.tflite
    """
    from ...exporting.inspect import inspect_model
    from ..terminal import print_json, print_table

    found = inspect_model(model)
    if as_json:
        print_json(found)
    else:
        print_table(_inspection_table(found))


def _inspection_table(found: dict[str, Any]) -> Table:
    from rich.table import Table

    from ....runtime.modelfile.checksum import NO_CHECKSUM
    from ...splits.leakage import caveat

    table = Table(title=found["file"], show_header=False, title_justify="left")
    for name in ("model", "format", "precision"):
        table.add_row(name, found[name])
    table.add_row("labels", ", ".join(found["labels"]))
    table.add_row("front end", _pairs(found["front_end"]))
    for end in ("input", "output"):
        table.add_row(end, _pairs(found[end]))
    if found["ops"]:
        table.add_row("operators", ", ".join(f"{count} {name}" for name, count in found["ops"].items()))
    for name in ("parameters", "macs", "bytes"):
        table.add_row(name, "-" if found[name] is None else f"{found[name]:,}")
    table.add_row("sha256", found["sha256"] or "-")
    if found["format"] != "keras":
        table.add_row("checksum", found["checksum"] or NO_CHECKSUM)
    table.add_row("runs in", "\n".join(f"{name}: {_verdict(verdict)}" for name, verdict in found["runs_in"].items()))
    shown = {"model", "labels", "front_end", "input", "format", "precision", "parameters", "macs"}
    for name, value in found["description"].items():
        if name not in shown and value not in (None, {}, ()):
            text = _pairs(value) if isinstance(value, dict) else str(value)
            flattered = caveat(found["description"]["split"]) if name == "accuracy" else ""
            table.add_row(name.replace("_", " "), text + flattered)
    return table


def _verdict(found: bool | str) -> str:
    return "yes" if found is True else f"no, {found}"


def _pairs(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} {_short(value)}" for name, value in values.items() if value != "")


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"[{', '.join(map(_short, value))}]" if isinstance(value, (list, tuple)) else str(value)
