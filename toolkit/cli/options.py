"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[Path, typer.Option("--data", help="Corpus: one subfolder per genre.", show_default=False)]
Split = Annotated[
    str, typer.Option(help="segment, track, artist, fault-filtered, or a CSV file with a header track,part.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Threads = Annotated[int, typer.Option(help="Threads of the inference engine.")]
Jobs = Annotated[int, typer.Option(help="Processes that read audio; -1: one per core.")]
ModelFile = Annotated[
    Path, typer.Argument(metavar="MODEL", help="A .tflite, .onnx or .keras file.", show_default=False)
]
