"""What commands say besides their results: progress on standard error, on a terminal only."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from ...bench.results.schema import Bench
    from ...runtime import ModelDescription
    from ...runtime.audio import AudioFaults


class Progress(Protocol):
    """Moves a progress bar."""

    def __call__(self, done: int, total: int, description: str = ...) -> None:
        """`done` of `total` are done; `description` stands beside the bar from now on."""


def note(text: str) -> None:
    """A line for the reader, on standard error."""
    typer.echo(text, err=True)


def note_origin(description: ModelDescription) -> None:
    """Say of a model trained on the demo corpus that its labels mean nothing."""
    if description.corpus.demo:
        note("trained on the demo corpus, which is synthetic: these labels say nothing about music")


def note_audio(faults: AudioFaults, file: str = "") -> None:
    """Say what was wrong with audio that was read all the same; `file` names it where there are several."""
    for text in faults.sentences():
        note(f"{file}: {text}" if file else text)


@contextlib.contextmanager
def resumable(restart: bool = False) -> Iterator[None]:
    """Where Ctrl-C ends the block, say that nothing is lost; `restart`: the command began with --restart."""
    try:
        yield
    except KeyboardInterrupt:
        note(f"interrupted; the same command{' without --restart' * restart} continues where it stopped")
        raise


def note_partial(out: Path | None = None) -> None:
    """Say that Ctrl-C ended a measurement early, and where its figures stand: not at `out` where others stood there."""
    from ...bench.results.store import partial_path

    kept = f"; they are in {partial_path(out)}, and {out} is as it was" if out and partial_path(out).exists() else ""
    note(f"interrupted; the figures are of what was measured until then{kept}")


def note_left_behind(out: Path | None) -> None:
    """Say that a bench which was killed has left what it measured beside `out`, before the next one replaces that."""
    from ...bench.results.store import partial_path

    if out and partial_path(out).exists():
        note(f"{partial_path(out)}: what a bench that did not come to its end has measured; this one replaces it")


def print_json(value: Any) -> None:
    """`value` as JSON on standard output."""
    typer.echo(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False))


@contextlib.contextmanager
def progress(what: str) -> Iterator[Progress]:
    """A progress bar for as long as the block runs; nothing where there is no terminal."""
    from rich import progress as bars
    from rich.console import Console

    console = Console(stderr=True)
    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task(what, total=None)

        def update(done: int, total: int, description: str = what) -> None:
            shown.update(task, completed=done, total=total, description=description)

        yield update


def print_table(table: Any) -> None:
    """A rich table on standard output; not squeezed to 80 columns where there is no terminal."""
    _console().print(table)


def _console() -> Any:
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=120)


def print_bench(result: Bench, not_kept: Sequence[str] = (), *, beside: bool = False) -> None:
    """The tables of a bench and its recommendations on standard output; notes on standard error.

    Args:
        result: what was measured.
        not_kept: names of files that were not measured because they do not agree with Keras.
        beside: also a table of every file beside the fastest.
    """
    from ...bench import report

    console = _console()
    tables = report.results_tables(result, console.width, not_kept)
    for table in tables + (report.beside_tables(result, console.width) if beside else []):
        console.print(table)
    for line in report.recommendation_lines(result):
        typer.echo(line)
    for text in report.notes(result):
        note(text)
