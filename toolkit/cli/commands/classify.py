"""genrekit classify."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ....runtime.errors import ParameterError
from ....runtime.prediction import SILENCE, SILENCE_DBFS
from ..options import AnyAnswer, Dask, Jobs, Json, ModelFile, SilenceDbfs, Threads, refuse_unused
from ..terminal import note, note_origin, print_json, say

if TYPE_CHECKING:
    from ...compute.executor import Executor
    from ...library.remote_task import ModelFile as SharedModel

Results = Iterator[dict[str, Any]]  # of `classify_one`


def classify(
    context: typer.Context,
    model: ModelFile,
    audio: Annotated[list[Path], typer.Argument(metavar="AUDIO...", help="Audio files, or folders.")],
    as_json: Json = False,
    top_k: Annotated[int, typer.Option(help="Print so many labels per file.")] = 3,
    any_answer: AnyAnswer = False,
    silence_dbfs: SilenceDbfs = SILENCE_DBFS,
    threads: Threads = 1,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Classify all audio files in a folder and its subfolders.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="With --recursive, write a row for each file into a .parquet, .csv or .jsonl instead of printing. Run "
            "again, it classifies only what is new or changed, and drops rows of files that are gone."
        ),
    ] = None,
    jobs: Jobs = -1,
    dask: Dask = None,
) -> None:
    """Classify audio files by the mean over their windows; --json shows each window.

    The answer is a label, silence, or unknown where the model does not know. Warnings about the audio go to standard
    error.

    Example: genrekit classify cnn-int8.tflite song.ogg

    Example: genrekit classify cnn-int8.tflite music --recursive --out genres.parquet
    """
    if top_k < 1:
        raise ParameterError(f"top_k={top_k}: expected at least 1; leave --top-k out for three")
    if dask is not None:
        refuse_unused(context, ("jobs",), "a Dask cluster")
    if out is not None:
        refuse_unused(context, ("top_k",), "a table (--out), which holds all scores,")
    if not recursive:
        refuse_unused(
            context, ("out", "dask", "jobs"), "one file after the other", "name a folder, and add --recursive"
        )

    from ...library.remote_task import ModelFile as SharedModel

    shared = SharedModel.of(model.absolute() if dask else model, threads, silence_dbfs, any_answer)
    if not recursive:
        results = _each_file(shared, audio)
    elif out is None:
        results = _each_in_folders(shared, audio, jobs, dask)
    else:
        _classify_into(out, shared, audio, jobs, dask, as_json)
        return
    _print_all(results, as_json, top_k)


def _each_file(model: SharedModel, audio: Sequence[Path]) -> Results:
    from ...library.remote_task import describe

    note_origin(model.load().description)
    return (describe(file, model) for file in audio)


def _each_in_folders(model: SharedModel, audio: Sequence[Path], jobs: int, dask: str | None) -> Results:
    from ...compute import open_executor
    from ...corpus.scan import audio_files, count_audio_files
    from ...library.classify_library import classify_each

    with open_executor(jobs, dask) as executor:
        paths = [path.absolute() for path in audio] if executor.remote else audio
        for folder in filter(Path.is_dir, paths):
            count_audio_files(folder)  # or refuse it
        files = itertools.chain.from_iterable(audio_files(path) if path.is_dir() else [path] for path in paths)
        _note_origin(model, executor)
        yield from classify_each(files, model, executor)


def _note_origin(model: SharedModel, executor: Executor) -> None:
    """Loads the model here first where the others are on this machine, so that it fails at once."""
    note_origin(model.description() if executor.remote else model.load().description)


def _classify_into(
    out: Path, model: SharedModel, audio: Sequence[Path], jobs: int, dask: str | None, as_json: bool
) -> None:
    """The table of one folder, with a summary."""
    from ...compute import open_executor
    from ...library.classify_library import classify_library, require_output
    from ..terminal import progress, resumable

    if len(audio) != 1:
        raise ParameterError(f"audio={len(audio)}: expected one folder beside --out; name the folder that holds them")
    require_output(out)
    with open_executor(jobs, dask) as executor, resumable():
        folder = audio[0].absolute() if executor.remote else audio[0]
        _note_origin(model, executor)
        with progress("classifying") as update:
            summary = classify_library(folder, out, model, executor, update)
    kept = f", {summary.kept} of them as they were" if summary.kept else ""
    gone = f", without the rows of {summary.gone} that are gone" if summary.gone else ""
    note(f"{summary.files} files{kept}, {summary.unusable} unusable; wrote {out}{gone}")
    if as_json:
        print_json({"out": str(out), **vars(summary)})
    if summary.unusable:
        raise typer.Exit(2)


def _print_all(results: Results, as_json: bool, top_k: int) -> None:
    failed = False
    for result in results:
        for warning in result.get("warnings", ()):
            note(f"{result['file']}: {warning['kind']}: {warning['text']}")
        failed = failed or "error" in result
        if as_json:
            print_json(result, indent=None)
        elif "error" in result:
            note(f"genrekit: {result['error']}")
        else:
            say(f"{result['file']}  {result['seconds']:.1f} s  {_answer(result, top_k)}")
    if failed:
        raise typer.Exit(2)


def _answer(result: dict[str, Any], top_k: int) -> str:
    """What is shown of a file: its scores, behind an answer that is none of them."""
    answer = result["answer"]
    if answer == SILENCE and answer not in result["scores"]:
        return SILENCE
    best = sorted(result["scores"].items(), key=lambda item: -item[1])[:top_k]
    scores = "  ".join(f"{name} {p:.2f}" for name, p in best)
    return scores if answer in result["scores"] else f"{answer} (most probable: {scores})"
