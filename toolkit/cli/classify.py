"""genrekit classify."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...runtime.errors import GenrekitError, ParameterError
from .options import Json, ModelFile, Threads
from .terminal import note, note_audio, note_origin

if TYPE_CHECKING:
    from ...runtime import Classifier, Prediction


def classify(
    model: ModelFile,
    audio: Annotated[list[Path], typer.Argument(metavar="AUDIO...", help="Audio files.", show_default=False)],
    json: Json = False,
    top_k: Annotated[int, typer.Option(help="Labels to print per file.")] = 3,
    threads: Threads = 1,
) -> None:
    """Classify audio files: the mean over their windows, and each window with --json.

    Example: genrekit classify cnn-int8.tflite song.ogg
    """
    from ...runtime import load

    if top_k < 1:
        raise ParameterError(f"top_k={top_k}: expected at least 1; leave --top-k out for three")
    classifier = load(model, threads)
    note_origin(classifier.description)
    failed = False
    for path in audio:
        result = _classify_one(classifier, path)
        failed = failed or "error" in result
        _print_result(result, json, top_k)
    if failed:
        raise typer.Exit(2)


def _classify_one(classifier: Classifier, path: Path) -> dict[str, Any]:
    from ...runtime.recording import classify_file

    try:
        recording = classify_file(classifier, path)
    except GenrekitError as error:
        return {"file": str(path), "error": str(error)}
    note_audio(recording, str(path))
    return {
        "file": str(path),
        "seconds": round(recording.seconds, 3),
        "label": recording.label,
        "score": recording.scores[recording.label],
        "scores": recording.scores,
        "windows": _windows(recording.windows, classifier.config.window_s),
        **({"cut_short": True} if recording.cut_short else {}),
    }


def _windows(predictions: tuple[Prediction, ...], window_s: float) -> list[dict[str, Any]]:
    return [
        {
            "start_s": round(max(0.0, prediction.time_s - window_s), 3),
            "end_s": round(prediction.time_s, 3),
            "label": prediction.label,
            "score": prediction.score,
            **({"padded": True} if prediction.padded else {}),
        }
        for prediction in predictions
    ]


def _print_result(result: dict[str, Any], json: bool, top_k: int) -> None:
    if json:
        from json import dumps

        typer.echo(dumps(result, ensure_ascii=False))
    elif "error" in result:
        note(f"genrekit: {result['error']}")
    else:
        best = sorted(result["scores"].items(), key=lambda item: -item[1])[:top_k]
        padded = " (padded)" if any("padded" in window for window in result["windows"]) else ""
        scores = "  ".join(f"{name} {p:.2f}" for name, p in best)
        typer.echo(f"{result['file']}  {result['seconds']:.1f} s{padded}  {scores}")
