"""genrekit bench."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated, Any

import typer

from ..options import (
    CacheFolder,
    CsvFile,
    Data,
    Engine,
    HtmlFile,
    Jobs,
    Json,
    MarkdownFile,
    NoCache,
    SplitOfModel,
    Threads,
    refuse_unused,
)


def bench(
    context: typer.Context,
    models: Annotated[list[Path], typer.Argument(metavar="MODEL...", help="The model files, and folders of C.")],
    data: Data,
    split: SplitOfModel = None,
    out: Annotated[Path | None, typer.Option(help="Write the results as JSON.")] = None,
    html: HtmlFile = None,
    csv: CsvFile = None,
    markdown: MarkdownFile = None,
    engine: Annotated[
        list[Engine],
        typer.Option(help="Measure on this engine. May be repeated. Without it, on the usual one of each file."),
    ] = [],  # noqa: B006 (typer copies it)
    threads: Threads = 1,
    calls: Annotated[int, typer.Option(help="Time at least so many calls of each case.")] = 100,
    seconds: Annotated[float, typer.Option(help="Go on until the calls last so long together.")] = 1.0,
    rounds: Annotated[int, typer.Option(help="Divide the calls of a case among so many fresh processes.")] = 5,
    paced_calls: Annotated[
        int, typer.Option(help="Push so many blocks into a stream, half a second apart, for each case.")
    ] = 10,
    baseline: Annotated[bool, typer.Option("--baseline", help="Measure librosa with Keras predict, too.")] = False,
    features_only: Annotated[
        bool, typer.Option("--features-only", help="Measure the front end alone, beside librosa.")
    ] = False,
    keras: Annotated[
        Path | None,
        typer.Option(
            metavar="RUNS",
            help="Find the runs in this folder, for agreement with Keras. Without it, in ../runs of a model file.",
        ),
    ] = None,
    jobs: Jobs = -1,
    cache: CacheFolder = None,
    no_cache: NoCache = False,
    device: Annotated[
        str | None,
        typer.Option(
            metavar="USER@HOST",
            help="Measure on that machine, over ssh; ssh://USER@HOST:PORT names a port. genrekit and the engines are "
            "installed there, with --baseline TensorFlow as well.",
        ),
    ] = None,
    ssh_config: Annotated[Path | None, typer.Option(help="Configure the ssh of --device by this file.")] = None,
    wheel: Annotated[
        Path | None, typer.Option(help="Install this wheel of genrekit with --device. Without it, one is made.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure accuracy, latency, memory and size of model files, each in processes of its own.

    Cases are measured in rounds and in random order, so that what changes on the machine falls on all alike. Ctrl-C
    keeps what was measured. A folder of C is compiled where it is measured.

    Example: genrekit bench models/*.tflite models/*.onnx --data gtzan/genres_original --out bench.json
    """
    from ....bench import Effort, run
    from ....bench.measure.plan import front_end_plan
    from ....bench.remote.session import open_device
    from ....bench.results import store
    from ...exporting import bench_inputs
    from ...splits.assign import require_known
    from ..steps import bench_plan, open_cache, read_segments, split_for, temporary_clips
    from ..terminal import note, note_left_behind, note_partial, progress
    from .report import write_outputs

    if features_only:
        refuse_unused(context, ("engine", "baseline", "keras", "paced_calls"), "the front end alone (--features-only)")
    if device is None:
        refuse_unused(
            context, ("ssh_config", "wheel"), "a bench on this machine", "name --device USER@HOST, or leave it out"
        )
    for path in filter(None, (out, html, csv, markdown)):
        store.check_writable(path)
    with store.sole_bench(out):  # or be refused before the corpus is read; the bench itself locks it for good
        note_left_behind(out)
    require_known(split)
    cases = bench_inputs.cases(models, [chosen.value for chosen in engine], threads)
    effort = Effort(calls, seconds, rounds, paced_calls)
    described = bench_inputs.descriptions(models)
    trained, kept = list(described.values()), open_cache(cache, no_cache)
    with contextlib.ExitStack() as opened:
        machine: Any = run  # or a `Device`, which has the same `run_bench`
        if device is not None:
            machine = opened.enter_context(open_device(device, ssh_config=ssh_config, wheel=wheel, say=note))
        segments = read_segments(data, jobs, trained[0].front_end, cache=kept)
        subsets, chosen = split_for(trained[0], segments, split, None)
        clips = opened.enter_context(temporary_clips(segments, subsets, chosen, trained))
        if features_only:
            plan = front_end_plan(clips, segments.config, threads=threads, effort=effort)
        else:
            plan = bench_plan(cases, clips, bench_inputs.find_runs(described, keras), effort, baseline=baseline)
        update = opened.enter_context(progress("measuring"))
        result = machine.run_bench(plan, progress=update, save_to=out)
    if result.interrupted:
        note_partial(out)
    elif out:
        note(f"wrote {out}")
    write_outputs(result, html=html, csv=csv, markdown=markdown, as_json=as_json)
    if result.interrupted:
        raise typer.Exit(130)
    if len(described) < len(models):
        raise typer.Exit(2)
    if any(row.error for row in result.results):
        raise typer.Exit(1)
