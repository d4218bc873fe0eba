"""What other processes and machines do with each file: load the model once in each thread, classify."""

from __future__ import annotations

import dataclasses
import hashlib
import threading
from pathlib import Path
from typing import Any

from ...runtime import Classifier, load
from ...runtime.errors import ModelFileError, first_words
from ...runtime.mfcc import FEATURES_VERSION
from ...runtime.modelfile.description import ModelDescription
from ...runtime.modelfile.reader import read_description
from ..corpus.scan import content_hash
from .classify_one import classify_one

LOST = "the processes that read it were killed each time; remove it, or give them more memory"


_loading = threading.Lock()


class _Loaded(threading.local):
    """What this thread has loaded."""

    model: ModelFile | None = None
    classifier: Classifier | None = None


_loaded = _Loaded()


@dataclasses.dataclass(frozen=True)
class ModelFile:
    """A model file as it is sent to other processes, which find it under the same path.

    Attributes:
        path: absolute.
        threads: of its engine.
        identity: SHA-256 of the file and its description, in hexadecimal.
    """

    path: Path
    threads: int
    identity: str

    @classmethod
    def of(cls, path: Path, threads: int) -> ModelFile:
        """The model at `path`; raises MissingFileError or ModelFileError."""
        return cls(path.absolute(), threads, _identity(path))

    def description(self) -> ModelDescription:
        """What the file says of itself, without an engine."""
        return read_description(self.path)

    def load(self) -> Classifier:
        """The classifier, made once in each thread; raises ModelFileError where another file stands there."""
        if _loaded.classifier is None or _loaded.model != self:
            with _loading:  # engines that greet are held back process-wide while they load
                if _identity(self.path) != self.identity:
                    raise ModelFileError(f"{self.path}: expected the same model on every machine; copy it there")
                _loaded.model, _loaded.classifier = self, load(self.path, self.threads)
        return _loaded.classifier


def _identity(path: Path) -> str:
    description = read_description(path).to_json()  # of a .keras it stands beside the file
    return hashlib.sha256(content_hash(path) + description.encode()).hexdigest()


def describe(path: Path, model: ModelFile) -> tuple[dict[str, Any], list[str]]:
    """`classify_one` of `path`."""
    return classify_one(model.load(), path)


@dataclasses.dataclass(frozen=True)
class Task:
    """A file of a library.

    Attributes:
        path: where it lies.
        file: as its row names it.
        key: of the row that is at hand, or "".
    """

    path: Path
    file: str
    key: str


def row_of(task: Task, model: ModelFile) -> tuple[str, dict[str, Any] | None]:
    """The file and its row; None instead where the row at hand still holds: the same content, the same model."""
    classifier = model.load()
    key = _key(task.path, model)
    if key and key == task.key:
        return task.file, None
    try:
        result, flaws = classify_one(classifier, task.path)
    except Exception as error:  # an engine or a decoder failed: one file must not stop a library
        return task.file, error_row(task, f"unexpected {type(error).__name__}: {first_words(error)}")
    if "error" in result:
        return task.file, error_row(task, result["error"])
    scores = {f"score_{label}": score for label, score in result["scores"].items()}
    found = {name: result[name] for name in ("seconds", "label", "score")}
    counts = {"windows": len(result["windows"]), "error": "", "note": "; ".join(flaws), "key": key}
    return task.file, {"file": task.file, **found, **counts, **scores}


def error_row(task: Task, error: str) -> dict[str, Any]:
    """The row of a file that cannot be used; it has no key, so that a later run tries it again."""
    return {"file": task.file, "windows": 0, "error": error, "note": "", "key": ""}


def lost_row(task: Task) -> tuple[str, dict[str, Any] | None]:
    """The row of a file that killed whoever read it."""
    return task.file, error_row(task, f"{task.path}: {LOST}")


def _key(path: Path, model: ModelFile) -> str:
    """What a row follows from: the file's content, the model and the maths; "" where the file cannot be read."""
    try:
        content = content_hash(path)
    except OSError:
        return ""
    return hashlib.sha256(content + f"{model.identity} {FEATURES_VERSION}".encode()).hexdigest()
