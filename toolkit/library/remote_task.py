"""What other processes and machines do with each file: load the model once in each thread, classify."""

from __future__ import annotations

import dataclasses
import hashlib
import threading
from pathlib import Path
from typing import Any

from ...runtime import Classifier, Prediction, load
from ...runtime.engines import loadable_format
from ...runtime.errors import AudioError, GenrekitError, ModelFileError, first_words
from ...runtime.file_classifier import classify_file
from ...runtime.mfcc import FEATURES_VERSION
from ...runtime.modelfile.description import ModelDescription
from ...runtime.modelfile.reader import read_description
from ...runtime.prediction import SILENCE_DBFS
from ..corpus.scan import content_hash

LOST = "the processes that read it were killed each time; remove it, or give them more memory"

_loading = threading.Lock()
_loaded = threading.local()  # the model that this thread has loaded, and its classifier


@dataclasses.dataclass(frozen=True)
class ModelFile:
    """A model file as it is sent to other processes, which find it under the same path.

    Attributes:
        path: absolute where another machine is to find it.
        threads: of its engine.
        silence_dbfs, any_answer: of its `Answering`.
        identity: SHA-256 of the file and its description, in hexadecimal.
    """

    path: Path
    threads: int
    silence_dbfs: float
    any_answer: bool
    identity: str

    @classmethod
    def of(cls, path: Path, threads: int, silence_dbfs: float = SILENCE_DBFS, any_answer: bool = False) -> ModelFile:
        """The model at `path`; raises MissingFileError or ModelFileError."""
        return cls(path, threads, silence_dbfs, any_answer, _identity(path))

    @property
    def row_identity(self) -> str:
        """What a row follows from besides the audio: the model, when it answers, the maths."""
        return f"{self.identity} {self.silence_dbfs} {self.any_answer} {FEATURES_VERSION}"

    def description(self) -> ModelDescription:
        """What the file says of itself, without an engine."""
        return read_description(self.path)

    def load(self) -> Classifier:
        """The classifier, made once in each thread; raises ModelFileError where another file stands there."""
        if getattr(_loaded, "model", None) != self:
            with _loading:  # engines that greet are held back process-wide while they load
                if _identity(self.path) != self.identity:
                    raise ModelFileError(f"{self.path}: expected the same model on every machine; copy it there")
                _loaded.classifier = load(
                    self.path, self.threads, silence_dbfs=self.silence_dbfs, any_answer=self.any_answer
                )
                _loaded.model = self
        classifier: Classifier = _loaded.classifier
        return classifier


def _identity(path: Path) -> str:
    loadable_format(path)
    description = read_description(path).to_json()  # of a .keras it stands beside the file
    return hashlib.sha256(content_hash(path) + description.encode()).hexdigest()


def describe(path: Path, model: ModelFile) -> dict[str, Any]:
    """`classify_one` of `path`."""
    return classify_one(model.load(), path)


def classify_one(classifier: Classifier, path: Path) -> dict[str, Any]:
    """The result of a file, as `genrekit classify --json` prints it; {"file", "error"} where it cannot be used."""
    try:
        if path.is_dir():
            raise AudioError(
                f"{path}: expected an audio file, received a folder; add --recursive to classify the files in it, and "
                "check that it may be read"
            )
        recording = classify_file(classifier, path)
    except GenrekitError as error:
        return {"file": str(path), "error": str(error)}
    return {
        "file": str(path),
        "seconds": round(recording.seconds, 3),
        "label": recording.label,
        "score": recording.scores[recording.label],
        "scores": recording.scores,
        "answer": recording.answer,
        "warnings": [dataclasses.asdict(warning) for warning in recording.warnings],
        "windows": [_window(prediction, classifier.config.window_s) for prediction in recording.windows],
    }


def _window(prediction: Prediction, window_s: float) -> dict[str, Any]:
    return {
        "start_s": round(max(0.0, prediction.time_s - window_s), 3),
        "end_s": round(prediction.time_s, 3),
        "label": prediction.label,
        "score": prediction.score,
        "answer": prediction.answer,
        **({"padded": True} if prediction.padded else {}),
    }


@dataclasses.dataclass(frozen=True)
class Task:
    """A file of a library: where it lies, what its row calls it, and the key of the row at hand, or ""."""

    path: Path
    file: str
    key: str


def row_of(task: Task, model: ModelFile) -> tuple[str, dict[str, Any] | None]:
    """The file and its row; None instead where the row at hand still holds: the same content, the same model."""
    classifier = model.load()
    try:
        key = hashlib.sha256(content_hash(task.path) + model.row_identity.encode()).hexdigest()
    except OSError:
        key = ""
    if key and key == task.key:
        return task.file, None
    try:
        result = classify_one(classifier, task.path)
    except Exception as error:  # an engine or a decoder failed: one file must not stop a library
        return task.file, error_row(task, f"unexpected {type(error).__name__}: {first_words(error)}")
    if "error" in result:
        return task.file, error_row(task, result["error"])
    scores = {f"score_{label}": score for label, score in result["scores"].items()}
    found = {name: result[name] for name in ("seconds", "label", "score", "answer")}
    texts = [warning["text"] for warning in result["warnings"]]
    counts = {"windows": len(result["windows"]), "error": "", "note": "; ".join(texts), "key": key}
    return task.file, {"file": task.file, **found, **counts, **scores}


def error_row(task: Task, error: str) -> dict[str, Any]:
    """The row of a file that cannot be used; it has no key, so that a later run tries it again."""
    return {"file": task.file, "windows": 0, "error": error, "note": "", "key": ""}


def lost_row(task: Task) -> tuple[str, dict[str, Any] | None]:
    """The row of a file that killed whoever read it."""
    return task.file, error_row(task, f"{task.path}: {LOST}")
