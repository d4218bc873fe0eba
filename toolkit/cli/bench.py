"""genrekit bench, genrekit compare."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...runtime.errors import ParameterError
from .options import CacheFolder, Data, Jobs, NoCache, Threads

if TYPE_CHECKING:
    from ...bench.cases import Clips
    from ...runtime import MfccConfig, ModelDescription
    from ..feature_cache import FeatureCache


def bench(
    models: Annotated[list[Path], typer.Argument(metavar="MODEL...", help="Model files.", show_default=False)],
    data: Data,
    split: Annotated[
        str | None,
        typer.Option(help="As for train; the one the models were trained with otherwise.", show_default=False),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Results as JSON.", show_default=False)] = None,
    html: Annotated[Path | None, typer.Option(help="Results as a page.", show_default=False)] = None,
    csv: Annotated[Path | None, typer.Option(help="Results as CSV.", show_default=False)] = None,
    runs: Annotated[int, typer.Option(help="Timed calls per file.")] = 100,
    threads: Threads = 1,
    baseline: Annotated[bool, typer.Option("--baseline", help="Also librosa with Keras predict.")] = False,
    features_only: Annotated[
        bool, typer.Option("--features-only", help="The front end alone, beside librosa.")
    ] = False,
    keras: Annotated[
        Path | None,
        typer.Option(
            metavar="RUNS",
            help="Folder of the runs, for agreement with Keras; ../runs of a model file otherwise.",
            show_default=False,
        ),
    ] = None,
    jobs: Jobs = -1,
    cache: CacheFolder = None,
    no_cache: NoCache = False,
) -> None:
    """Accuracy, latency, memory and size of model files, each measured in a process of its own.

    Example: genrekit bench models/*.tflite models/*.onnx --data gtzan/genres_original --out bench.json
    """
    from ...bench import measure, report, store
    from ...bench.cases import Case
    from .. import benching
    from ..splits import require_known
    from .terminal import note, print_bench, progress
    from .work import open_cache

    for path in filter(None, (out, html, csv)):
        store.check_writable(path)
    require_known(split)
    cases = [Case(model, threads=threads, runs=runs) for model in models]
    described = benching.descriptions(models)
    trained, kept = list(described.values()), open_cache(cache, no_cache)
    with _clips(trained, data, split, jobs, kept) as (clips, config), progress("measuring") as update:
        if features_only:
            result = measure.run_front_end(clips, config, threads=threads, runs=runs, save_to=out)
        else:
            found = benching.find_runs(described, keras)
            result = measure.run_bench(
                cases,
                clips,
                benching.references(found),
                baseline=baseline,
                training=benching.training_rows(found),
                progress=update,
                save_to=out,
            )
    print_bench(result)
    if csv:
        store.write_csv(result, csv)
    if html:
        report.write_html(result, html)
    for path in filter(None, (out, html, csv)):
        note(f"wrote {path}")
    if len(described) < len(models):
        raise typer.Exit(2)
    if any("error" in row for row in result["results"]):
        raise typer.Exit(1)


@contextlib.contextmanager
def _clips(
    trained: Sequence[ModelDescription], data: Path, split: str | None, jobs: int, cache: FeatureCache | None
) -> Iterator[tuple[Clips, MfccConfig]]:
    """The test part of the corpus in a temporary folder, and the models' front end."""
    from .. import benching
    from .work import read_segments, split_for

    segments = read_segments(data, jobs, trained[0].front_end, cache=cache)
    parts, chosen = split_for(trained[0], segments, split, None)
    with tempfile.TemporaryDirectory(prefix="genrekit-bench-") as folder:
        yield benching.save_clips(Path(folder), segments, parts, chosen, trained), segments.config


def figures(
    runs: Annotated[
        Path, typer.Argument(metavar="RUNS", help="Folder with the runs of mlp, cnn and lstm.", show_default=False)
    ],
    out: Annotated[Path | None, typer.Option(help="Figures as JSON.", show_default=False)] = None,
    calls: Annotated[int, typer.Option(min=10, help="Timed calls of each file.")] = 500,
) -> None:
    """What genrekit promises, as ratios measured in one run, each beside its target.

    Example: genrekit figures out/runs --out bench/results/figures.json
    """
    from ...bench import store
    from ..figures import measure_figures
    from .terminal import note, print_table, progress

    if out:
        store.check_writable(out)
    with progress("measuring") as update:
        found = measure_figures(runs, calls, update)
    print_table(_figures_table(found))
    if out:
        store.write_json(found, out)
        note(f"wrote {out}")


def _figures_table(found: dict[str, Any]) -> Any:
    from rich.table import Table

    table = Table("figure", "target", "found", "95 % interval", "")
    for row in (*found["figures"], *found["streaming"]):
        interval = f"{row['low']:.3g} to {row['high']:.3g}" if "low" in row else ""
        _add_figure(table, row["name"], row.get("value", row.get("ratio")), row, interval)
    for row in found["exports"]:
        _add_figure(table, f"export of {row['file']} with its comparison, s", row["seconds"], row)
    return table


def _add_figure(table: Any, name: str, value: float, target: dict[str, Any], interval: str = "") -> None:
    least = target.get("at_least")
    reached = value <= target["at_most"] if least is None else value >= least
    bound = f"at most {target['at_most']:g}" if least is None else f"at least {least:g}"
    table.add_row(name, bound, f"{value:.3g}", interval, "reached" if reached else "missed")


def compare(
    files: Annotated[
        list[Path], typer.Argument(metavar="A.json B.json", help="Two results of genrekit bench.", show_default=False)
    ],
) -> None:
    """How the second result differs from the first: ratios with their uncertainty.

    Example: genrekit compare before.json after.json
    """
    from ...bench import store
    from ...bench.columns import clips_line
    from ...bench.compare import compare as compare_results
    from ...bench.compare import comparison_table
    from .terminal import note, print_table

    if len(files) != 2:
        raise ParameterError(f"files={len(files)}: expected two results of genrekit bench --out; name both")
    first, second = map(store.read_json, files)
    if clips_line(first) != clips_line(second):
        note(f"the two measured different things: A {clips_line(first)}; B {clips_line(second)}")
    print_table(comparison_table(compare_results(first, second)))
