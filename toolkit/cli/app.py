"""The command `genrekit`: gathers the command groups and turns errors into one sentence and an exit code."""

from __future__ import annotations

import importlib.metadata
import logging
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.core import TyperGroup

from ...runtime import front_end
from ...runtime.errors import FrontEndWarning, GenrekitError, MissingPackageError, first_words
from ...runtime.util.native_output import discard_native_output
from ...runtime.util.scratch import own_temporary_folder
from .commands import (
    ablation,
    bench,
    cache,
    classify,
    compare,
    corpus,
    evaluate,
    export,
    paper,
    quickstart,
    report,
    serve,
    stream,
    train,
)
from .terminal import note

# Models this small are slower on a graphics card; a user may set it differently.
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

DEBUG = "--debug"
# Which extra of genrekit brings a package that commands import when they need it.
EXTRAS = {
    "joblib": "convert",
    "platformdirs": "bench",
    "distributed": "dask",
    "pyarrow": "library",
    "jinja2": "bench",
    "matplotlib": "bench",
    "keras": "convert",
    "tensorflow": "convert",
    "onnx": "convert",
    "onnxruntime": "onnx",
    "librosa": "dev",
    "msgspec": "bench",
    "uvicorn": "live",
}

PANELS = ("Start", "Prepare", "Train", "Deploy", "Run", "Measure", "Reproduce")  # of the help, in this order


class _ByPanel(TyperGroup):
    def list_commands(self, context: object) -> list[str]:
        """The commands in the order of `PANELS`, and within a panel as they were added; groups come last."""
        return sorted(self.commands, key=lambda name: PANELS.index(getattr(self.commands[name], "rich_help_panel", "")))


app = typer.Typer(
    cls=_ByPanel,
    help="Train, convert, stream and measure small music-genre classifiers for cheap devices.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(rich_help_panel="Start")(quickstart.quickstart)
app.add_typer(corpus.app, name="corpus", rich_help_panel="Prepare")
app.add_typer(cache.app, name="cache", rich_help_panel="Prepare")
app.command(rich_help_panel="Train")(train.train)
app.command(rich_help_panel="Train")(evaluate.evaluate)
app.command(rich_help_panel="Deploy")(export.export)
app.command(rich_help_panel="Deploy")(export.inspect)
app.command(rich_help_panel="Run")(classify.classify)
app.command(rich_help_panel="Run")(stream.stream)
app.command(rich_help_panel="Run")(serve.serve)
app.command(rich_help_panel="Measure")(bench.bench)
app.command(rich_help_panel="Measure")(compare.compare)
app.command(rich_help_panel="Measure")(report.report)
app.command(rich_help_panel="Reproduce")(ablation.ablation)
app.command(rich_help_panel="Reproduce")(paper.paper)


def _print_version(requested: bool) -> None:
    if requested:
        typer.echo(importlib.metadata.version("genrekit"))
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    debug: Annotated[
        bool, typer.Option(DEBUG, help="Show tracebacks, and what libraries say. May stand anywhere in the command.")
    ] = False,
) -> None:
    front_end()  # what is wrong with it is said once, and not of every file or by processes that nobody hears


def main() -> None:
    """The command line as a process of its own, in which libraries say nothing, unless --debug is given."""
    if DEBUG not in sys.argv:
        discard_native_output()
        logging.disable()
        _show_own_warnings_alone()
    for output in filter(None, (sys.stdout, sys.stderr)):
        output.reconfigure(errors="backslashreplace")  # a terminal without Unicode still shows what was meant
    with own_temporary_folder():
        code = run(sys.argv[1:])
    sys.exit(code)


def _show_own_warnings_alone() -> None:
    """Those of the front end, each once; processes that are started from here have nowhere to show theirs."""
    warnings.simplefilter("ignore")
    warnings.simplefilter("once", FrontEndWarning)
    warnings.showwarning = lambda message, *_: note(f"genrekit: {message}")


def run(arguments: Sequence[str]) -> int:
    """Run the command line on `arguments`; returns 0, 2 for the user's mistake, 1 for any other failure."""
    debug = DEBUG in arguments
    try:
        app(args=[argument for argument in arguments if argument != DEBUG], prog_name="genrekit")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BrokenPipeError:
        # The reader has gone, as in `genrekit ... | head`; keep the interpreter from flushing into the void.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if debug:
            traceback.print_exc()
        return _report(error)
    return 0


def _report(error: Exception) -> int:
    """Say on standard error what happened; return the exit code."""
    if isinstance(error, ModuleNotFoundError) and error.name in EXTRAS:
        error = MissingPackageError(
            f'this needs {error.name}, which is not installed; run: pip install "genrekit[{EXTRAS[error.name]}]"'
        )
    if isinstance(error, GenrekitError):
        note(f"genrekit: {error}")
        return error.exit_code
    if isinstance(error, OSError):
        note(f"genrekit: {error}; check the disk and where the output goes")
        return 1
    note(
        f"genrekit: unexpected {type(error).__name__}: {first_words(error)}; add --debug to see where, and please "
        "report it"
    )
    return 1


if __name__ == "__main__":
    main()
