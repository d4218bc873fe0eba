"""The demo corpus as a folder of files that can be begun, interrupted, finished and recognised."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import soundfile

from ...runtime.errors import OutputError, ParameterError
from ...runtime.util.atomic import replacing, write_text
from ...runtime.util.lock import sole_writer
from ...runtime.util.regular import read_text
from ..compute import Processes
from ..corpus.scan import MARKER, is_demo_corpus
from .composer import GENRES, compose, require_possible
from .synthesis import SAMPLE_RATE

GENERATOR_VERSION = 1  # raised whenever the same settings compose other samples
ABOUT = (
    "Synthetic: composed by rule by genrekit, to learn the tool on and to test with. "
    "An accuracy measured on it says nothing about music."
)
MOST_TRACKS = 100_000  # five digits in a file's name

Task = tuple[Path, str, int, float, int]  # a track's path, genre, index, seconds and seed


def make_demo_corpus(
    folder: str | Path,
    tracks_per_genre: int = 20,
    seconds: float = 30.0,
    seed: int = 0,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Compose a corpus in GTZAN's layout, FOLDER/<genre>/<genre>.00000.wav, 16-bit mono at 22050 Hz; return its paths.

    Tracks depend on genre, number, `seconds` and `seed` alone. A second call with the same settings keeps what is
    finished and adds what is missing, also where it asks for more tracks than the first.

    Args:
        folder: where the corpus goes; new, empty, or begun by an earlier call.
        tracks_per_genre: at least 1.
        seconds: length of each track, 1 to 600.
        seed: 0 or more; another seed composes other tracks.
        jobs: as for `Processes`.
        progress: called with (finished tracks, all tracks).

    Raises:
        ParameterError: an argument outside its range.
        OutputError: the folder holds other files or a demo corpus of other settings, or cannot be written, or another
            process composes into it.
    """
    if not 1 <= tracks_per_genre <= MOST_TRACKS:
        raise ParameterError(f"tracks_per_genre={tracks_per_genre}: expected 1 to {MOST_TRACKS}")
    require_possible(seconds, 0, seed)
    processes, folder = Processes(jobs), Path(folder)
    tasks: list[Task] = [
        (folder / genre / f"{genre}.{index:05d}.wav", genre, index, seconds, seed)
        for genre in GENRES
        for index in range(tracks_per_genre)
    ]
    paths = [path for path, *_ in tasks]
    settings = {"generator": GENERATOR_VERSION, "seed": seed, "seconds": float(seconds)}
    _require_own(folder, settings, paths)  # before a lock is put into a folder of somebody else's
    with sole_writer(folder, folder=True):
        _claim(folder, settings, paths)
        missing = [task for task in tasks if not _finished(task[0], seconds)]
        for finished, _ in enumerate(processes.results(_write_track, missing), len(tasks) - len(missing) + 1):
            if progress:
                progress(finished, len(tasks))
    return paths


def _claim(folder: Path, settings: dict[str, Any], paths: list[Path]) -> None:
    """Refuse a folder that holds anything but tracks of these settings; then mark it."""
    _require_own(folder, settings, paths)
    marker = {"about": ABOUT, **settings, "tracks_per_genre": len(paths) // len(GENRES)}
    write_text(folder / MARKER, json.dumps(marker, indent=2) + "\n")


def _require_own(folder: Path, settings: dict[str, Any], paths: list[Path]) -> None:
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: expected a folder, found a file; choose another name")
    if is_demo_corpus(folder):
        try:
            marker = json.loads(read_text(folder / MARKER))
            found = {name: marker.get(name) for name in settings}
        except (OSError, ValueError, AttributeError, RecursionError) as error:
            raise OutputError(
                f"{folder / MARKER}: expected the settings of a demo corpus ({error}); choose another folder"
            ) from error
        if found != settings:
            received, expected = (", ".join(f"{key}={each[key]}" for key in settings) for each in (found, settings))
            raise OutputError(
                f"{folder}: holds a demo corpus of {received}, expected {expected}; delete it or choose another folder"
            )
        own = {folder / MARKER, *paths}
        others: Iterable[Path] = (path for path in sorted(folder.rglob("*")) if path.is_file() and path not in own)
    else:
        others = folder.glob("*")
    # Hidden files are the system's, or what a killed call left.
    if foreign := next((path for path in others if not path.name.startswith(".")), None):
        raise OutputError(
            f"{folder}: expected a new or empty folder, or the beginning of this demo corpus of {len(paths)} tracks; "
            f"it holds {foreign.relative_to(folder)}; choose another folder"
        )


def _finished(path: Path, seconds: float) -> bool:
    """Whether a complete track stands at `path`."""
    try:
        return path.is_file() and soundfile.info(path).frames == round(seconds * SAMPLE_RATE)
    except soundfile.SoundFileError:
        return False


def _write_track(task: Task) -> None:
    path, genre, index, seconds, seed = task
    samples = compose(genre, index, seconds, seed)
    with replacing(path) as temporary:
        soundfile.write(temporary, samples, SAMPLE_RATE, subtype="PCM_16")
