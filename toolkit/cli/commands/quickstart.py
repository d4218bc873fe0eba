"""genrekit quickstart: the path from audio to a benchmark table."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..front_end_options import FrontEnd, Hop, NFft, NMels, NMfcc, SampleRate, TopDb, Window, chosen_front_end
from ..options import CacheFolder, Json, NoCache
from ..terminal import note, note_left_behind, print_bench, print_json, progress, say

if TYPE_CHECKING:
    import numpy as np

    from ....bench.measure.plan import Effort
    from ....bench.results.schema import Bench
    from ...corpus.segments import Segments
    from ...training.recipes import Recipe
    from ...training.spec import Metrics

DEMO_TRACKS_PER_GENRE = 12
DEMO_EPOCHS = 30
SEED = 0
SPLIT = "track"
BENCH_ROUNDS = 3  # the fewest that give ratios an interval of use


def quickstart(
    context: typer.Context,
    data: Annotated[
        Path | None, typer.Option(help="The corpus: a folder with one subfolder per genre. Without it, a demo corpus.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Write runs, models and results into this folder.")] = Path("out"),
    epochs: Annotated[
        int | None,
        typer.Option(help="Train for at most so many epochs. Without it, 30 on the demo corpus, 50 on others."),
    ] = None,
    calls: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Time so many calls of each file, in one round; fewer are quicker and less sure. Without it, at least "
            "100.",
        ),
    ] = None,
    front_end: FrontEnd = "music",
    sample_rate: SampleRate = None,
    window: Window = None,
    n_fft: NFft = None,
    hop: Hop = None,
    n_mels: NMels = None,
    n_mfcc: NMfcc = None,
    top_db: TopDb = None,
    cache: CacheFolder = None,
    no_cache: NoCache = False,
    as_json: Json = False,
) -> None:
    """Train the four models, export all formats, bench every file, write a report.

    Example: genrekit quickstart --data gtzan/genres_original --out out
    """
    from ....bench.measure.plan import Effort
    from ....runtime.util.atomic import require_writable
    from ....runtime.util.lock import sole_writer
    from ...corpus.scan import scan
    from ...splits.assign import assign, require_possible
    from ...training.recipes import recipes, windows_wanted
    from ..steps import open_cache, read_segments

    begin = time.monotonic()
    chosen = recipes("edge", "all", DEMO_EPOCHS if epochs is None and data is None else epochs)
    config = chosen_front_end(context, chosen)
    require_writable(out)
    note_left_behind(out / "bench.json")
    kept = open_cache(cache, no_cache)
    effort = Effort(calls, seconds=0, rounds=1, paced_calls=0) if calls else Effort(rounds=BENCH_ROUNDS, paced_calls=0)
    with sole_writer(out, folder=True):
        corpus_folder = data or _demo_corpus(out / "corpus")
        require_possible(scan(corpus_folder), SPLIT, SEED)
        segments = read_segments(corpus_folder, -1, config, **windows_wanted(chosen.values()), cache=kept)
        subsets = assign(segments, SPLIT, SEED)
        trained = _train(segments, out / "runs", chosen)
        rows = _export(out)
        result = _bench(out, segments, subsets, trained, rows, effort)
    failed = [row for row in rows if not row["passed"]]
    for row in failed:
        note(f"genrekit: {row['error']}")
    if as_json:
        print_json(result.to_json())
    else:
        print_bench(result, [row["file"] for row in failed])
        written = ["runs", "models", "models/parity.json", "bench.json", "report.html"]
        for path in written if data else ["corpus", *written]:
            say(out / path)
    note(f"done in {time.monotonic() - begin:.0f} s")
    if failed:
        raise typer.Exit(1)


def _demo_corpus(folder: Path) -> Path:
    from ...demo_corpus import make_demo_corpus

    note(f"composing a demo corpus in {folder} (name your own with --data)")
    with progress("composing") as update:
        make_demo_corpus(folder, DEMO_TRACKS_PER_GENRE, seed=SEED, jobs=-1, progress=update)
    return folder


def _train(segments: Segments, runs: Path, chosen: dict[str, Recipe]) -> list[Metrics]:
    from ..steps import train_models

    trained = []
    for metrics in train_models(chosen, segments, runs, SPLIT, SEED):
        note(f"trained {metrics.model}: {metrics.epochs} epochs, test accuracy {metrics.test.accuracy:.3f}")
        trained.append(metrics)
    return trained


def _export(out: Path) -> list[dict[str, Any]]:
    from ...exporting.export_run import ExportPlan, export_run
    from ...models import MODELS
    from ...training.run_folder import load_run

    tflite, onnx = ExportPlan.of(["tflite"]), ExportPlan.of(["onnx"], ["float32", "int8"])
    plan = ExportPlan((*tflite.variants, *onnx.variants))
    rows: list[dict[str, Any]] = []
    with progress("exporting") as update:
        for name in MODELS:
            run = load_run(out / "runs" / name)
            for row in export_run(run, out / "models", plan):
                rows.append(row)
                update(len(rows), len(MODELS) * len(plan.variants), row["file"])
    note(f"exported {sum(row['passed'] for row in rows)} of {len(rows)} files, each compared with Keras")
    return rows


def _bench(
    out: Path,
    segments: Segments,
    subsets: np.ndarray,
    trained: list[Metrics],
    rows: list[dict[str, Any]],
    effort: Effort,
) -> Bench:
    from ....bench import Case, report, run
    from ...exporting import bench_inputs
    from ..steps import bench_plan, temporary_clips

    files = [out / "models" / row["file"] for row in rows if row["passed"]]
    runs = {metrics.model: out / "runs" / metrics.model for metrics in trained}
    described = bench_inputs.descriptions(files).values()
    with temporary_clips(segments, subsets, SPLIT, described) as clips, progress("measuring") as update:
        plan = bench_plan([Case(file) for file in files], clips, runs, effort)
        result = run.run_bench(plan, progress=update, save_to=out / "bench.json")
    report.write_html(
        result, out / "report.html", training=[dataclasses.asdict(metrics) for metrics in trained], parity=rows
    )
    return result
