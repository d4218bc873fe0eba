"""genrekit bench, genrekit compare."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ....runtime.errors import ParameterError
from ..options import CacheFolder, Data, Jobs, NoCache, refuse_unused

if TYPE_CHECKING:
    from ....bench import Clips
    from ....bench.results.schema import Bench
    from ....runtime import MfccConfig, ModelDescription
    from ...corpus.feature_cache import FeatureCache


def bench(
    context: typer.Context,
    models: Annotated[list[Path], typer.Argument(metavar="MODEL...", help="Model files.", show_default=False)],
    data: Data,
    split: Annotated[
        str | None,
        typer.Option(help="As for train; the one the models were trained with otherwise.", show_default=False),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Results as JSON.", show_default=False)] = None,
    html: Annotated[Path | None, typer.Option(help="Results as a page.", show_default=False)] = None,
    csv: Annotated[Path | None, typer.Option(help="Results as CSV.", show_default=False)] = None,
    markdown: Annotated[Path | None, typer.Option(help="Results as Markdown.", show_default=False)] = None,
    engine: Annotated[
        list[str] | None,
        typer.Option(
            help="litert, tflite-runtime, onnx, micro or keras; may be given again. The usual one of each file "
            "otherwise.",
            show_default=False,
        ),
    ] = None,
    threads: Annotated[str, typer.Option(metavar="N[,N...]", help="Threads of the inference engine.")] = "1",
    runs: Annotated[int, typer.Option(help="Timed calls per case, at least.")] = 100,
    seconds: Annotated[float, typer.Option(help="That they last together, at least.")] = 1.0,
    rounds: Annotated[int, typer.Option(help="Fresh processes per case, among which the calls are divided.")] = 5,
    paced_runs: Annotated[int, typer.Option(help="Pushes into a stream half a second apart, per case.")] = 10,
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
    device: Annotated[
        str | None,
        typer.Option(
            metavar="USER@HOST",
            help="Measure on that machine, over ssh; ssh://USER@HOST:PORT names a port. genrekit and the engines are "
            "installed there, with --baseline TensorFlow as well.",
            show_default=False,
        ),
    ] = None,
    ssh_config: Annotated[
        Path | None, typer.Option(help="Configuration of ssh for --device.", show_default=False)
    ] = None,
    wheel: Annotated[
        Path | None, typer.Option(help="Wheel of genrekit for --device; made otherwise.", show_default=False)
    ] = None,
) -> None:
    """Accuracy, latency, memory and size of model files, each measured in processes of its own.

    Cases are measured in rounds and in random order, so that what changes on the machine falls on all alike. Ctrl-C
    keeps what was measured.

    Example: genrekit bench models/*.tflite models/*.onnx --data gtzan/genres_original --out bench.json
    """
    from ....bench import BenchPlan, Effort, run
    from ....bench.measure.plan import front_end_plan
    from ....bench.results import store
    from ...experiments.paper.published import TRAINING
    from ...exporting import bench_inputs
    from ...splits.assign import require_known
    from .. import MODULE
    from ..steps import open_cache
    from ..terminal import note_left_behind, progress

    counts = _threads(threads)
    if features_only:
        refuse_unused(context, ("engine", "baseline", "keras", "paced_runs"), "the front end alone (--features-only)")
        if len(counts) > 1:
            raise ParameterError(f"threads={threads}: expected one number beside --features-only; name one")
    if device is None:
        refuse_unused(
            context, ("ssh_config", "wheel"), "a bench on this machine", "name --device USER@HOST, or leave it out"
        )
    for path in filter(None, (out, html, csv, markdown)):
        store.check_writable(path)
    note_left_behind(out)
    require_known(split)
    cases = bench_inputs.cases(models, engine or [], counts)
    effort = Effort(runs, seconds, rounds, paced_runs)
    described = bench_inputs.descriptions(models)
    trained, kept = list(described.values()), open_cache(cache, no_cache)
    with (
        _machine(device, ssh_config, wheel) as machine,
        _clips(trained, data, split, jobs, kept) as (clips, config),
        progress("measuring") as update,
    ):
        if features_only:
            plan = front_end_plan(clips, config, threads=counts[0], effort=effort)
        else:
            runs_found = bench_inputs.find_runs(described, keras)
            references = bench_inputs.references(runs_found)
            plan = BenchPlan(
                tuple(cases),
                clips,
                run.keras_labels(references, clips),
                baselines=run.baseline_cases(references) if baseline else (),
                effort=effort,
                training=bench_inputs.training_rows(runs_found),
                training_reference=TRAINING,
                cold_start=MODULE,
            )
        result = machine.run_bench(plan, progress=update, save_to=out)
    _write(result, out, html, csv, markdown)
    if result.interrupted:
        raise typer.Exit(130)
    if len(described) < len(models):
        raise typer.Exit(2)
    if any(row.error for row in result.results):
        raise typer.Exit(1)


@contextlib.contextmanager
def _machine(device: str | None, ssh_config: Path | None, wheel: Path | None) -> Iterator[Any]:
    """What measures: the module `run` on this machine, or a `Device`, which has the same `run_bench`."""
    from ....bench import run
    from ....bench.remote.session import open_device
    from ..terminal import note

    if device is None:
        yield run
        return
    with open_device(device, ssh_config=ssh_config, wheel=wheel, say=note) as found:
        yield found


def _threads(text: str) -> list[int]:
    """ "1,2" as numbers, each once."""
    try:
        return list(dict.fromkeys(int(part) for part in text.split(",")))
    except ValueError as error:
        raise ParameterError(
            f"threads={text}: expected numbers with commas between them, as in --threads 1,2"
        ) from error


def _write(result: Bench, out: Path | None, html: Path | None, csv: Path | None, markdown: Path | None) -> None:
    """Show the results, and write them in each form that was asked for; `out` is written already."""
    from ..terminal import note, note_partial
    from .report import write_outputs

    if result.interrupted:
        note_partial()
    if out:
        note(f"wrote {out}")
    write_outputs(result, html=html, csv=csv, markdown=markdown)


@contextlib.contextmanager
def _clips(
    trained: Sequence[ModelDescription], data: Path, split: str | None, jobs: int, cache: FeatureCache | None
) -> Iterator[tuple[Clips, MfccConfig]]:
    """The test part of the corpus in a temporary folder, and the models' front end."""
    from ...exporting import bench_inputs
    from ..steps import read_segments, split_for

    segments = read_segments(data, jobs, trained[0].front_end, cache=cache)
    parts, chosen = split_for(trained[0], segments, split, None)
    with tempfile.TemporaryDirectory(prefix="genrekit-bench-") as folder:
        yield bench_inputs.save_clips(Path(folder), segments, parts, chosen, trained), segments.config
