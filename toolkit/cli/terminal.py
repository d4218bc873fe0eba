"""All that commands write: results on standard output; notes and, on a terminal, progress on standard error.

Labels, names and messages come from files and machines of strangers: whatever a terminal would obey is escaped here.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import typer

from ...runtime.util.foreign_text import printable, printable_json

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console
    from rich.text import Text

    from ...bench.results.schema import Bench
    from ...runtime import ModelDescription, Prediction
    from ...runtime.postprocess import AnswerDurations

BAR_WIDTH = 40
REFRESHES = 8  # a second


class Progress(Protocol):
    """Moves a progress bar."""

    def __call__(self, done: int, total: int, description: str = ...) -> None:
        """`done` of `total` are done; `description` stands beside the bar from now on."""


def say(result: object) -> None:
    """A line on standard output."""
    typer.echo(printable(str(result)))


def say_lines(text: str) -> None:
    """A text of several lines on standard output."""
    typer.echo(printable(text.removesuffix("\n"), keep="\n"))


def note(text: str) -> None:
    """A line for the reader, on standard error."""
    typer.echo(printable(text), err=True)


def note_origin(description: ModelDescription) -> None:
    """Say of a model trained on the demo corpus that its labels mean nothing, and of a file that has no checksum so."""
    if description.corpus.demo:
        note("trained on the demo corpus, which is synthetic: these labels say nothing about music")
    if description.checksum is None and description.format != "keras":
        from ...runtime.modelfile.checksum import NO_CHECKSUM

        note(NO_CHECKSUM)


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """While the block runs, SIGTERM and SIGHUP end it as Ctrl-C does, unless they are ignored, as under nohup."""
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    numbers = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    for number in numbers:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


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


def print_json(value: Any, indent: int | None = 1) -> None:
    """`value` as JSON on standard output; without `indent` on one line."""
    typer.echo(printable_json(value, indent))


@contextlib.contextmanager
def progress(what: str) -> Iterator[Progress]:
    """A progress bar for as long as the block runs; nothing where there is no terminal."""
    from rich import progress as bars

    console = _console(stderr=True)
    columns = (
        bars.TextColumn("{task.description}", markup=False),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task(what, total=None)

        def update(done: int, total: int, description: str = what) -> None:
            shown.update(task, completed=done, total=total, description=printable(description))

        yield update


@contextlib.contextmanager
def live_view(totals: AnswerDurations, as_json: bool) -> Iterator[Callable[[Prediction], None]]:
    """What shows a prediction while the block runs: a bar per label, the time and the load; printed lines scroll above.

    It does nothing where standard output is no terminal, nor beside JSON.
    """
    if as_json or not (sys.stdout and sys.stdout.isatty()):
        yield lambda prediction: None
        return
    from rich.live import Live

    started, busy_before = time.monotonic(), time.process_time()
    with Live(console=_console(), refresh_per_second=REFRESHES, transient=True) as live:

        def show(prediction: Prediction) -> None:
            elapsed, busy = time.monotonic() - started, time.process_time() - busy_before
            live.update(_moment(prediction, totals, elapsed, busy))

        yield show


def _moment(prediction: Prediction, totals: AnswerDurations, elapsed_s: float, busy_s: float) -> Any:
    """Its picture: since the view was opened, `elapsed_s` passed and `busy_s` of a core were used."""
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    load = busy_s / max(elapsed_s, 1e-9)
    fractions = {answer: fraction for answer, _, fraction in totals.fractions()}
    table = Table(
        "label",
        "now",
        "",
        "so far",
        title=f"{prediction.answer}, {prediction.time_s:.1f} s of audio, {elapsed_s:.1f} s elapsed, load {load:.0%}",
    )
    for label, score in prediction.scores.items():
        style = "bold" if label == prediction.answer else ""
        bar = ProgressBar(total=1.0, completed=score, width=BAR_WIDTH)
        table.add_row(label, f"{score:.2f}", bar, f"{fractions.pop(label, 0.0):.0%}", style=style)
    for answer, fraction in fractions.items():
        table.add_row(answer, "", "", f"{fraction:.0%}")
    return table


def print_table(table: Any) -> None:
    """A rich table on standard output; not squeezed to 80 columns where there is no terminal."""
    _wide_console().print(table)


def _wide_console() -> Console:
    console = _console()
    return console if console.is_terminal else _console(width=120)


def _console(**options: Any) -> Console:
    """A console of rich that shows texts as they are: no markup, no emoji, nothing that a terminal would obey."""
    from rich.console import Console

    class PlainConsole(Console):
        def render_str(self, text: str, **options: Any) -> Text:
            return super().render_str(printable(text, keep="\n"), **options)

    return PlainConsole(markup=False, emoji=False, **options)


def print_bench(result: Bench, not_kept: Sequence[str] = (), *, beside: bool = False) -> None:
    """The tables of a bench and its recommendations on standard output; notes on standard error.

    Args:
        result: what was measured.
        not_kept: names of files that were not measured because they do not agree with Keras.
        beside: also a table of every file beside the fastest.
    """
    from ...bench import report

    console = _wide_console()
    tables = report.results_tables(result, console.width, not_kept)
    for table in tables + (report.beside_tables(result, console.width) if beside else []):
        console.print(table)
    for line in report.recommendation_lines(result):
        say(line)
    for text in report.notes(result):
        note(text)
