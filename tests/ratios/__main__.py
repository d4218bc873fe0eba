"""What genrekit promises, measured: python -m tests.ratios RUNS."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def figures(
    runs: Annotated[
        Path, typer.Argument(metavar="RUNS", help="Folder with the runs of the four models.", show_default=False)
    ],
    out: Annotated[Path | None, typer.Option(help="Figures as JSON.", show_default=False)] = None,
    calls: Annotated[int, typer.Option(min=10, help="Timed calls of each file.")] = 500,
    training: Annotated[bool, typer.Option(help="Measure training too, which takes a quarter of an hour.")] = True,
) -> None:
    """What genrekit promises, as ratios measured in one run, each beside its target.

    Example: python -m tests.ratios out/runs --out results/promises.json
    """
    from genrekit.toolkit.cli.terminal import note, note_left_behind, note_partial, print_table, progress

    from .promises import measure_figures

    note_left_behind(out)
    with progress("measuring") as update:
        found = measure_figures(runs, calls, training=training, progress=update, save_to=out)
    print_table(_figures_table(found))
    if out:
        note(f"wrote {out}")
    if found["interrupted"]:
        note_partial()
        raise typer.Exit(130)


def _figures_table(found: dict[str, Any]) -> Any:
    from rich.table import Table

    table = Table("figure", "target", "found", "95 % interval", "")
    for row in (*found["figures"], *found["streaming"], *found["audio"], *found["c"], *found["training"]):
        interval = f"{row['low']:.3g} to {row['high']:.3g}" if "low" in row else ""
        _add_figure(table, row["name"], row.get("value", row.get("ratio")), row, interval)
    for row in found["exports"]:
        _add_figure(table, f"export of {row['file']} with its comparison, s", row["seconds"], row)
    return table


def _add_figure(table: Any, name: str, value: float | None, target: dict[str, Any], interval: str = "") -> None:
    least, most = target.get("at_least"), target.get("at_most")
    bounds = [f"{word} {bound:g}" for word, bound in (("at least", least), ("at most", most)) if bound is not None]
    reached = value is not None and (least is None or value >= least) and (most is None or value <= most)
    verdict = ("reached" if reached else "missed") if bounds else "measured"
    table.add_row(name, *bounds or [""], "–" if value is None else f"{value:.3g}", interval, verdict)


if __name__ == "__main__":
    typer.run(figures)
