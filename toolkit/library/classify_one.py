"""One audio file -> what `genrekit classify --json` says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...runtime import Classifier, Prediction
from ...runtime.errors import AudioError, GenrekitError
from ...runtime.file_classifier import Recording, classify_file


def classify_one(classifier: Classifier, path: Path) -> tuple[dict[str, Any], list[str]]:
    """The result of a file, and what was wrong with audio that was read all the same.

    Returns:
        {"file", "seconds", "label", "score", "scores", "windows"}, or {"file", "error"} where it cannot be used.
    """
    try:
        if path.is_dir():
            raise AudioError(
                f"{path}: expected an audio file, received a folder; add --recursive to classify the files in it, and "
                "check that it may be read"
            )
        recording = classify_file(classifier, path)
    except GenrekitError as error:
        return {"file": str(path), "error": str(error)}, []
    return _result(path, recording, classifier.config.window_s), recording.faults.sentences()


def _result(path: Path, recording: Recording, window_s: float) -> dict[str, Any]:
    return {
        "file": str(path),
        "seconds": round(recording.seconds, 3),
        "label": recording.label,
        "score": recording.scores[recording.label],
        "scores": recording.scores,
        "windows": [_window(prediction, window_s) for prediction in recording.windows],
        **({"cut_short": True} if recording.faults.cut_short else {}),
    }


def _window(prediction: Prediction, window_s: float) -> dict[str, Any]:
    return {
        "start_s": round(max(0.0, prediction.time_s - window_s), 3),
        "end_s": round(prediction.time_s, 3),
        "label": prediction.label,
        "score": prediction.score,
        **({"padded": True} if prediction.padded else {}),
    }
