"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from ...runtime.errors import ParameterError

Data = Annotated[Path, typer.Option("--data", help="Corpus: one subfolder per genre.", show_default=False)]
Split = Annotated[
    str, typer.Option(help="segment, track, artist, fault-filtered, or a CSV file with a header track,part.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Threads = Annotated[int, typer.Option(help="Threads of the inference engine.")]
Jobs = Annotated[int, typer.Option(help="Processes that read audio; -1: one per core.")]
CacheFolder = Annotated[
    Path | None,
    typer.Option(
        "--cache",
        metavar="DIR",
        help="Where features are kept; $GENREKIT_CACHE or the user's cache folder otherwise.",
        show_default=False,
    ),
]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Compute all features again, and keep none.")]
Dask = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Scheduler of a Dask cluster that reads the audio instead of --jobs, e.g. tcp://10.0.0.5:8786. It "
        "and its workers need this version of genrekit, workers all files under the same paths as here.",
        show_default=False,
    ),
]
ModelFile = Annotated[
    Path, typer.Argument(metavar="MODEL", help="A .tflite, .onnx or .keras file.", show_default=False)
]


def refuse_unused(context: typer.Context, options: Iterable[str], mode: str, remedy: str = "leave it out") -> None:
    """Refuse options that were given although what was chosen beside them has no use for them.

    Args:
        context: of the command.
        options: names of the command's parameters.
        mode: what was chosen, in words.
        remedy: what to do.

    Raises:
        ParameterError: the first of them that stands on the command line.
    """
    for name in options:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            value, option = context.params[name], name.replace("_", "-")
            shown = ",".join(map(str, value)) if isinstance(value, (list, tuple)) else value
            raise ParameterError(f"{option}={shown}: {mode} has no use for --{option}; {remedy}")
