"""Options that several commands share, and what options let a user choose from."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from ...runtime.errors import ParameterError

# Choices. Their names stand in the modules that give them a meaning; a test compares.
Model = Enum("Model", {"MLP": "mlp", "MLP_REGULARIZED": "mlp-regularized", "CNN": "cnn", "LSTM": "lstm"})
Models = Enum(
    "Models", {"MLP": "mlp", "MLP_REGULARIZED": "mlp-regularized", "CNN": "cnn", "LSTM": "lstm", "ALL": "all"}
)
Recipe = Enum("Recipe", {"PAPER": "paper", "EDGE": "edge"})
EdgeOption = Enum(
    "EdgeOption",
    {
        "NORMALIZATION": "normalization",
        "SCHEDULE": "schedule",
        "BEST_WEIGHTS": "best-weights",
        "LABEL_SMOOTHING": "label-smoothing",
        "MIXUP": "mixup",
        "MASKING": "masking",
        "TIME_SHIFT": "time-shift",
        "TIMBRE": "timbre",
        "OFFSETS": "offsets",
        "ROOM": "room",
        "BALANCING": "balancing",
    },
)
AddableOption = Enum("AddableOption", {"ROOM": "room"})
Format = Enum("Format", {"TFLITE": "tflite", "ONNX": "onnx"})
Precision = Enum("Precision", {"FLOAT32": "float32", "FLOAT16": "float16", "DYNAMIC": "dynamic", "INT8": "int8"})
Target = Enum(
    "Target", {"LITERT": "litert", "TFLITE_RUNTIME": "tflite-runtime", "MICRO": "micro", "C": "c", "WEB": "web"}
)
Input = Enum("Input", {"FEATURES": "features", "AUDIO": "audio"})  # what a file takes
Batch = Enum("Batch", {"ONE": "1", "DYNAMIC": "dynamic"})  # windows a call
Engine = Enum(
    "Engine",
    {
        "LITERT": "litert",
        "TFLITE_RUNTIME": "tflite-runtime",
        "MICRO": "micro",
        "ONNX": "onnx",
        "KERAS": "keras",
        "C": "c",
    },
)
SampleFormat = Enum("SampleFormat", {"S16LE": "s16le", "S32LE": "s32le", "F32LE": "f32le"})

Data = Annotated[Path, typer.Option("--data", help="The corpus: a folder with one subfolder per genre.")]
DataOrStream = Annotated[
    Path | None,
    typer.Option("--data", help="The corpus: a folder with one subfolder per genre. Or name a recording, --stream."),
]
Split = Annotated[
    str,
    typer.Option(
        help="How tracks are divided: segment, track, artist, fault-filtered, or a CSV file with a header track,part."
    ),
]
SplitOfModel = Annotated[
    str | None,
    typer.Option("--split", help="How tracks are divided, as for train. Without it, as the model was trained."),
]
Epochs = Annotated[int | None, typer.Option(help="Train for at most so many epochs. Without it, the recipe decides.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on standard output, and nothing else.")]
Threads = Annotated[int, typer.Option(help="Let the inference engine use so many threads.")]
Jobs = Annotated[int, typer.Option(help="Read audio in so many processes; -1 means one per core.")]
CacheFolder = Annotated[
    Path | None,
    typer.Option(
        "--cache",
        metavar="DIR",
        help="Keep features in this folder. Without it, in $GENREKIT_CACHE or the user's cache folder.",
    ),
]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Compute all features again, and keep none.")]
Dask = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Let the Dask cluster with this scheduler read the audio instead of --jobs, e.g. tcp://10.0.0.5:8786. It "
        "and its workers need this version of genrekit, workers all files under the same paths as here.",
    ),
]
AnyAnswer = Annotated[
    bool,
    typer.Option("--any-answer", help="Answer with the most probable label always, never with silence or unknown."),
]
SilenceDbfs = Annotated[
    float, typer.Option(help="Take windows of a lower level for silent, in dB re full scale, from -200 to 0.")
]
Stride = Annotated[float, typer.Option(help="Decide every so many seconds.")]
Smooth = Annotated[float, typer.Option(help="Smooth scores over so many seconds.")]
MinScore = Annotated[float, typer.Option(help="Pass over decisions with a lower score.")]
OnChange = Annotated[
    bool, typer.Option("--on-change", help="Print a line only when the answer changes, by 0.1 at least.")
]
PcmRate = Annotated[int | None, typer.Option("--rate", help="Read raw PCM at this sample rate, Hz.")]
PcmChannels = Annotated[int | None, typer.Option("--channels", help="Read raw PCM of so many channels.")]
PcmFormat = Annotated[
    SampleFormat | None, typer.Option("--sample-format", help="Read raw PCM of this encoding. Without it, s16le.")
]
Realtime = Annotated[
    bool,
    typer.Option(
        "--realtime", help="Play a file at its own pace; drop audio of standard input rather than fall behind."
    ),
]
ModelFile = Annotated[Path, typer.Argument(metavar="MODEL", help="A .tflite, .onnx or .keras file.")]
HtmlFile = Annotated[Path | None, typer.Option("--html", help="Write the results as a page.")]
CsvFile = Annotated[Path | None, typer.Option("--csv", help="Write the results as CSV.")]
MarkdownFile = Annotated[Path | None, typer.Option("--markdown", help="Write the results as Markdown.")]


def refuse_unused(context: typer.Context, options: Iterable[str], mode: str, remedy: str = "leave it out") -> None:
    """Refuse options that were given although what was chosen beside them has no use for them; raises ParameterError.

    Args:
        context: of the command.
        options: names of the command's parameters.
        mode, remedy: what was chosen and what to do, in words.
    """
    for name in options:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            value, option = context.params[name], name.replace("_", "-")
            values = value if isinstance(value, (list, tuple)) else [value]
            shown = ",".join(str(one.value if isinstance(one, Enum) else one) for one in values)
            raise ParameterError(f"{option}={shown}: {mode} has no use for --{option}; {remedy}")
