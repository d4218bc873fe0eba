"""The command `genrekit`: gathers the command groups and turns errors into one sentence and an exit code."""

from __future__ import annotations

import importlib.metadata
import logging
import os
import sys
import traceback
from typing import Annotated

import typer

from ...runtime.errors import GenrekitError, MissingPackageError
from . import ablation, bench, classify, compare, corpus, export, figures, paper, quickstart, report, stream, train

# TensorFlow's C++ side greets and warns on standard error otherwise; a user may set them differently.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it complains of each new model's first call

app = typer.Typer(
    help="Train, convert, stream and measure small music-genre classifiers for cheap devices.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(quickstart.quickstart)
app.add_typer(corpus.app, name="corpus")
app.command()(train.train)
app.command()(ablation.ablation)
app.command()(train.evaluate)
app.command()(export.export)
app.command()(export.inspect)
app.command()(classify.classify)
app.command()(stream.stream)
app.command()(bench.bench)
app.command()(compare.compare)
app.command()(figures.figures)
app.command()(paper.paper)
app.command()(report.report)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(importlib.metadata.version("genrekit"))
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks. May stand anywhere in the command.")] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; exits with 0, with 2 for the user's mistake, with 1 for any other failure."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    debug = len(arguments) < len(sys.argv) - 1
    for output in filter(None, (sys.stdout, sys.stderr)):
        output.reconfigure(errors="backslashreplace")  # a terminal without Unicode still shows what was meant
    try:
        app(args=arguments, prog_name="genrekit")
    except BrokenPipeError:
        # The reader has gone, as in `genrekit ... | head`; keep the interpreter from flushing into the void.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if debug:
            traceback.print_exc()
        sys.exit(_report(error))


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
}


def _report(error: Exception) -> int:
    """Say on standard error what happened; return the exit code."""
    if isinstance(error, ModuleNotFoundError) and error.name in EXTRAS:
        error = MissingPackageError(
            f'this needs {error.name}, which is not installed; run: pip install "genrekit[{EXTRAS[error.name]}]"'
        )
    if isinstance(error, GenrekitError):
        typer.echo(f"genrekit: {error}", err=True)
        return error.exit_code
    if isinstance(error, OSError):
        typer.echo(f"genrekit: {error}; check the disk and where the output goes", err=True)
        return 1
    typer.echo(
        f"genrekit: unexpected {type(error).__name__}: {error}; add --debug to see where, and please report it",
        err=True,
    )
    return 1


if __name__ == "__main__":
    main()
