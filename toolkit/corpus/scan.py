"""A corpus is a folder per class with audio files inside; its segments are what models learn from."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from ...runtime.errors import CorpusError, MissingFileError
from ...runtime.util.regular import open_regular

MARKER = "DEMO-CORPUS.json"  # in the folder of a demo corpus
AUDIO_SUFFIXES = {".wav", ".flac", ".ogg", ".mp3", ".au", ".aiff", ".aif", ".opus", ".w64", ".caf"}


@dataclasses.dataclass(frozen=True)
class Track:
    """One audio file of a corpus and its class."""

    path: Path
    genre: str

    @property
    def name(self) -> str:
        """The file's stem, by which split files name it: ``blues.00012``."""
        return self.path.stem


@dataclasses.dataclass(frozen=True)
class Unusable:
    """A file that cannot serve, and why."""

    file: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Corpus:
    """The tracks of a folder, sorted by genre and name.

    Attributes:
        folder: where it lies.
        tracks: every audio file in a class folder.
        labels: the class folders' names, sorted.
        demo: whether genrekit composed it; such accuracies say nothing about music.
    """

    folder: Path
    tracks: tuple[Track, ...]
    labels: tuple[str, ...]
    demo: bool

    @functools.cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the tracks' names and contents, in hexadecimal: the same files give the same one anywhere."""
        digest = hashlib.sha256()
        for index, track in enumerate(self.tracks):
            digest.update(os.fsencode(f"{track.genre}/{track.path.name}\0"))
            digest.update(self.digest(index))
        return digest.hexdigest()

    def digest(self, index: int) -> bytes:
        """`digest_of` track `index`, read once."""
        if index not in self._digests:
            self._digests[index] = digest_of(self.tracks[index].path)
        return self._digests[index]

    @functools.cached_property
    def _digests(self) -> dict[int, bytes]:
        return {}

    def relative(self, path: Path) -> str:
        """`path` as it stands under the corpus folder."""
        return path.relative_to(self.folder).as_posix()


def digest_of(path: Path) -> bytes:
    """SHA-256 of a file's bytes; of no bytes where it cannot be read."""
    try:
        return content_hash(path)
    except OSError:  # whoever decodes it will say why
        return hashlib.sha256().digest()


def content_hash(path: Path) -> bytes:
    """SHA-256 of a file's bytes; raises OSError, also where it is no file but a pipe or the like."""
    with open_regular(path) as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
        return digest.digest()


def scan(folder: str | Path) -> Corpus:
    """List a corpus without opening its files.

    Raises:
        MissingFileError: there is no such folder.
        CorpusError: fewer than two class folders hold audio files, or the name of one is no text.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise MissingFileError(f"{folder}: expected a folder with one subfolder per genre, found none; check the path")
    tracks = tuple(
        Track(path, genre.name)
        for genre in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
        for path in sorted(genre.iterdir())
        if path.suffix.lower() in AUDIO_SUFFIXES and not path.name.startswith(".")
    )
    labels = tuple(sorted({track.genre for track in tracks}))
    if len(labels) < 2:
        found = f"only {labels[0]}" if labels else "none"
        raise CorpusError(
            f"{folder}: expected at least two subfolders with audio files ({folder}/<genre>/<track>.wav), found "
            f"{found}; name the folder that holds the genres"
        )
    for label in labels:
        if not label.isprintable():  # nor are bytes that are no UTF-8; models carry the labels as text
            raise CorpusError(f"{folder / label}: expected a folder whose name is printable text; rename it")
    return Corpus(folder, tracks, labels, is_demo_corpus(folder))


def is_demo_corpus(folder: str | Path) -> bool:
    """Whether `folder` holds a demo corpus, composed by genrekit, finished or not."""
    return (Path(folder) / MARKER).is_file()


def audio_files(folder: Path) -> Iterator[Path]:
    """Every audio file under `folder`, in the order of their paths as text; one folder at a time is in memory.

    Hidden files and links to folders are passed over. A folder that cannot be listed comes as if it were a file, so
    that whoever opens it says so.
    """
    try:
        entries = [entry for entry in os.scandir(folder) if not entry.name.startswith(".")]
    except OSError:
        yield folder
        return
    folders = {entry.name for entry in entries if entry.is_dir(follow_symlinks=False)}
    for entry in sorted(entries, key=lambda entry: f"{entry.name}/" if entry.name in folders else entry.name):
        if entry.name in folders:
            yield from audio_files(Path(entry.path))
        elif os.path.splitext(entry.name)[1].lower() in AUDIO_SUFFIXES:
            yield Path(entry.path)


def count_audio_files(folder: Path) -> int:
    """How many files `audio_files` finds; raises MissingFileError where there are none, or no such folder."""
    if not folder.is_dir():
        raise MissingFileError(f"{folder}: expected a folder with audio files, found none; check the path")
    count = sum(1 for _ in audio_files(folder))
    if not count:
        raise MissingFileError(
            f"{folder}: expected audio files in it, found none that end in {', '.join(sorted(AUDIO_SUFFIXES))}; check "
            "the path"
        )
    return count


def shown(path: Path, folder: Path) -> str:
    """`path` as it stands under `folder`; bytes that are no UTF-8 become escapes."""
    return os.fsencode(path.relative_to(folder).as_posix()).decode("utf-8", "backslashreplace")
